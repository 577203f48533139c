"""What is acknowledged is stored, each event once, whatever is killed."""

import random
import threading
import time
from collections.abc import Callable

import pytest
import redis

from apps.accounts.models import Project
from apps.ingest import log
from apps.ingest.errors import LogUnavailableError
from tests.integration.ingest.conftest import stored, wait_for_rows
from tests.plant import Plant
from tests.processes import wait_until

pytestmark = pytest.mark.timeout(60)

Send = Callable[[int], list[str]]


def log_is_empty(plant: Plant) -> bool:
    with redis.Redis.from_url(plant.redis_url) as valkey:
        return bool(valkey.xlen(log.STREAM) == 0)


def test_writer_and_clickhouse__killed_while_100_000_events_flow__stores_each_once(
    plant: Plant, project: Project, send: Send
) -> None:
    # Given a writer at work, and a sender in the background
    plant.start("writer")
    chance, is_over = random.Random(7), threading.Event()  # noqa: S311 - when to kill is no secret
    killed: list[str] = []

    def kill_and_restart() -> None:
        victims = ["writer", "clickhouse"]
        while not is_over.wait(chance.uniform(0.3, 2.0)):
            victim = chance.choice(victims)
            plant.kill(victim)
            killed.append(victim)
            plant.start(victim)

    killer = threading.Thread(target=kill_and_restart)

    # When both are killed with -9 again and again
    killer.start()
    try:
        for _ in range(200):
            send(500)
            time.sleep(0.08)
    finally:
        is_over.set()
        killer.join()

    # Then every event is there, none twice
    assert {"writer", "clickhouse"} <= set(killed)
    wait_for_rows(project, 100_000)
    wait_until(lambda: log_is_empty(plant))
    assert stored(project) == (100_000, 100_000)


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
