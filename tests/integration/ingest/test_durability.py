"""What is acknowledged is stored, each event once, whatever is killed."""

import random
import threading
import time
from collections.abc import Callable

import pytest
import redis

from apps.accounts.models import Project
from apps.clickhouse.errors import ClickHouseError
from apps.ingest import log, selectors
from apps.ingest.errors import LogUnavailableError
from tests.integration.ingest.conftest import stored, wait_for_rows
from tests.plant import Plant
from tests.processes import wait_until

pytestmark = pytest.mark.timeout(60)

Send = Callable[[int], list[str]]


def rows_or_none(project: Project) -> int | None:
    """Count stored rows; None while ClickHouse is away."""
    try:
        return stored(project)[0]
    except ClickHouseError:
        return None


def grown(project: Project) -> Callable[[], bool]:
    """Give the question whether more is stored than now."""
    before = rows_or_none(project) or 0
    return lambda: (rows_or_none(project) or 0) > before


def until(ready: Callable[[], bool], over: threading.Event | None = None, *, seconds: float = 30) -> bool:
    """Say whether something became true before it was over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (over and over.is_set()):
        if ready():
            return True
        time.sleep(0.02)
    return False


def log_is_empty(plant: Plant) -> bool:
    with redis.Redis.from_url(plant.redis_url) as valkey:
        return bool(valkey.xlen(log.STREAM) == 0)


def test_writer_and_clickhouse__killed_while_100_000_events_flow__stores_each_once(
    plant: Plant, project: Project, send: Send
) -> None:
    # Given a writer at work, and a killer that strikes whenever work is being done
    plant.start("writer")
    chance, is_over = random.Random(7), threading.Event()  # noqa: S311 - when to kill is no secret
    killed: list[str] = []

    def kill_and_restart() -> None:
        while not is_over.is_set():
            if not until(grown(project), is_over):
                return
            time.sleep(chance.uniform(0, 0.3))
            victim = ("writer", "clickhouse")[len(killed) % 2]
            plant.kill(victim)
            killed.append(victim)
            plant.start(victim)

    killer = threading.Thread(target=kill_and_restart)

    # When both are killed with -9 again and again
    killer.start()
    try:
        for _ in range(200):
            send(500)
            time.sleep(0.1)
    finally:
        is_over.set()
        killer.join()

    # Then every event is there, none twice
    assert len(killed) >= 3
    wait_for_rows(project, 100_000)
    wait_until(lambda: log_is_empty(plant))
    assert stored(project) == (100_000, 100_000)


def test_writer__killed_between_insert_and_acknowledge__stores_each_once(
    plant: Plant, project: Project, send: Send
) -> None:
    # Given a writer whose insert is done, while the log hangs before it can be told so
    plant.start("writer")
    send(10)
    wait_for_rows(project, 10)
    with redis.Redis.from_url(plant.redis_url) as valkey:
        (manifest,) = valkey.keys("baleen:manifest:*")
        earlier = valkey.get(manifest)
        send(5_000)
        wait_until(lambda: valkey.get(manifest) != earlier)
        plant.pause("valkey")
        wait_for_rows(project, 5_010)
        plant.kill("writer")
        plant.resume("valkey")

        # When it is killed there and starts again
        is_unacknowledged = bool(valkey.xlen(log.STREAM))
        plant.start("writer")

        # Then the entries it is handed again are written no second time
        wait_until(lambda: log_is_empty(plant))
    assert is_unacknowledged
    assert stored(project) == (5_010, 5_010)
    assert selectors.counters()["redelivered"] > 0


def test_two_writers__one_killed_for_good__other_takes_over_and_stores_each_once(
    plant: Plant, project: Project, send: Send
) -> None:
    # Given two writers that share the work
    plant.start("writer-a")
    plant.start("writer-b")
    for _ in range(20):
        send(200)
    wait_for_rows(project, 4_000)

    # When one dies in the middle of its work and does not come back
    for number in range(40):
        send(200)
        if number == 20:
            plant.kill("writer-a")

    # Then the other writes what the dead one was handed
    wait_for_rows(project, 12_000)
    wait_until(lambda: log_is_empty(plant), seconds=60)
    assert stored(project) == (12_000, 12_000)


def test_valkey__killed_and_restarted_while_events_flow__keeps_every_acknowledged_event(
    plant: Plant, project: Project, send: Send
) -> None:
    # Given a writer, and a sender that sends again what was not acknowledged
    plant.start("writer")
    acknowledged, refused = 0, 0

    def kill_and_restart() -> None:
        plant.kill("valkey")
        time.sleep(0.5)
        plant.start("valkey")

    restart = threading.Timer(0.5, kill_and_restart)
    restart.start()

    # When Valkey is killed with -9 in between
    while acknowledged < 10_000 or not refused:
        try:
            acknowledged += len(send(100))
        except LogUnavailableError:
            refused += 1
            time.sleep(0.1)
        time.sleep(0.01)
    restart.join()

    # Then whatever was acknowledged is there once
    wait_for_rows(project, acknowledged)
    wait_until(lambda: log_is_empty(plant))
    rows, ids = stored(project)
    assert rows == ids >= acknowledged


def test_writer__clickhouse_away__keeps_events_and_ends_in_time(plant: Plant, project: Project, send: Send) -> None:
    # Given ClickHouse gone, and a writer that holds events
    plant.start("writer")
    send(10)
    wait_for_rows(project, 10)
    plant.kill("clickhouse")
    for _ in range(5):
        send(100)

    # When the writer is told to stop
    time.sleep(1)
    code = plant.end("writer")

    # Then it ends well, nothing has left the log, and all is written once both are back
    assert code == 0
    assert not log_is_empty(plant)
    plant.start("clickhouse")
    plant.start("writer")
    wait_for_rows(project, 510)
    wait_until(lambda: log_is_empty(plant))
    assert stored(project) == (510, 510)


def test_writer__paused_until_another_took_over__writes_nothing_twice(
    plant: Plant, project: Project, send: Send
) -> None:
    # Given a writer that hangs with entries in its hands
    plant.start("writer-a")
    send(100)
    wait_for_rows(project, 100)
    for _ in range(10):
        send(100)
    plant.pause("writer-a")

    # When another finishes its work, and then it comes to again
    plant.start("writer-b")
    for _ in range(10):
        send(100)
    wait_for_rows(project, 2_100)
    plant.resume("writer-a")
    send(100)

    # Then no event is there twice
    wait_for_rows(project, 2_200)
    wait_until(lambda: log_is_empty(plant))
    assert stored(project) == (2_200, 2_200)
