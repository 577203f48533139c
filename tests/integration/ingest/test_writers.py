"""Writers share the work, and finish what one of them left that died or hung."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from apps.accounts.models import Project
from apps.ingest import log, selectors
from apps.ingest.consumer import Consumer
from apps.ingest.valkey import connect
from tests.integration.ingest.conftest import stored, wait_for_rows
from tests.plant import Plant
from tests.processes import wait_until

pytestmark = pytest.mark.timeout(240)

DEAD_AFTER = 1
PAST_IT = 1.2


@pytest.fixture
def entries(valkey: str) -> Iterator[list[str]]:
    """Give the ids of four entries, none of them handed out."""
    with redis.Redis.from_url(valkey) as client:
        client.delete(log.STREAM)
        Consumer("nobody", dead_after=DEAD_AFTER).join()
        events = log.EventLog()
        for _ in range(4):
            events.append(b"x")
        yield [entry.decode() for entry, _ in client.xrange(log.STREAM)]
        client.delete(log.STREAM)


def take(name: str, count: int) -> Consumer:
    consumer = Consumer(name, dead_after=DEAD_AFTER)
    assert len(consumer.read(count, 100)) == count
    return consumer


def test_note__entries_taken_over_while_it_hung__tells(entries: list[str]) -> None:
    # Given a writer that read, hung, and was given up
    hung, other = take("hung", 4), Consumer("other", dead_after=DEAD_AFTER)
    time.sleep(PAST_IT)
    assert other.find_abandoned() == "hung"
    assert other.take_over("hung") == 4

    # When both are about to insert
    may_hung, may_other = hung.note(entries), other.note(entries)

    # Then only one of them may
    assert (may_hung, may_other) == (False, True)
    assert hung.pending() == []
    assert [entry for entry, _ in other.pending()] == entries


def test_take_over__noted_batch_of_the_dead__comes_along(entries: list[str]) -> None:
    # Given a writer that died between its note and its insert
    take("dead", 3).note(entries[:2])
    heir = Consumer("heir", dead_after=DEAD_AFTER)
    time.sleep(PAST_IT)

    # When
    heir.take_over("dead")

    # Then the same batch can be made again
    assert heir.manifest() == entries[:2]


def test_take_over__part_of_it_is_fresh__waits_for_the_whole(entries: list[str]) -> None:
    # Given a dead writer that was handed one more entry just before
    take("dead", 2)
    time.sleep(PAST_IT)
    take("dead", 1)
    heir = Consumer("heir", dead_after=DEAD_AFTER)

    # When
    early = heir.take_over("dead")
    time.sleep(PAST_IT)

    # Then
    assert early == 0
    assert heir.take_over("dead") == 3


def test_take_over__two_writers_try__one_gets_everything(entries: list[str]) -> None:
    # Given
    take("dead", 4)
    time.sleep(PAST_IT)
    heirs = [Consumer(f"heir-{number}", dead_after=DEAD_AFTER) for number in range(2)]
    taken: list[int] = []
    gate = threading.Barrier(2)

    def try_it(heir: Consumer) -> None:
        gate.wait()
        taken.append(heir.take_over("dead"))

    # When
    threads = [threading.Thread(target=try_it, args=(heir,)) for heir in heirs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Then
    assert sorted(taken) == [0, 4]


def test_find_abandoned__writer_gives_signs__is_left_alone(entries: list[str]) -> None:
    # Given
    busy = take("busy", 4)
    time.sleep(PAST_IT)
    busy.beat("ClickHouse is slow")

    # When / Then
    assert Consumer("other", dead_after=DEAD_AFTER).find_abandoned() is None
    (writer,) = (writer for writer in selectors.list_writers() if writer.name == "busy")
    assert (writer.pending, writer.trouble) == (4, "ClickHouse is slow")
    busy.rest()


def test_three_writers__one_killed_with_work_in_hand__busy_others_finish_it(
    plant: Plant, project: Project, send: Callable[[int], list[str]]
) -> None:
    # Given three writers that all hold entries, since ClickHouse hangs
    for name in ("writer-a", "writer-b", "writer-c"):
        plant.start(name)
    wait_until(lambda: len(selectors.writer_names()) == 3, seconds=90, what="three writers")
    sent = len(send(20))
    wait_for_rows(project, sent)
    plant.pause("clickhouse")
    sent += _send_until(
        lambda: [writer.pending > 0 for writer in selectors.list_writers()] == [True] * 3, send, "work for each"
    )

    # When one is killed for good, and the others never come to rest
    plant.kill("writer-a")
    dead = _silent()
    plant.resume("clickhouse")

    # Then its entries are finished while the load goes on
    sent += _send_until(lambda: _pending(dead()) == 0, send, "the dead writer's work")
    wait_for_rows(project, sent)
    wait_until(lambda: selectors.backlog() == 0)
    assert stored(project) == (sent, sent)


def _send_until(ready: Callable[[], bool], send: Callable[[int], list[str]], what: str) -> int:
    """Send without a pause until something is true, and count what was sent."""
    sent = 0

    def is_ready() -> bool:
        nonlocal sent
        sent += len(send(20))
        return ready()

    wait_until(is_ready, seconds=60, what=what)
    return sent


def _silent() -> Callable[[], set[str]]:
    """Name the writers that are known and give no sign of life any more."""
    known = {writer.name for writer in selectors.list_writers()}
    return lambda: known - set(selectors.writer_names())


def _pending(names: set[str]) -> int:
    """Count what writers of these names hold; some, as long as none has been found dead yet."""
    with connect() as valkey:
        held = {row["name"].decode(): row["pending"] for row in valkey.xinfo_consumers(log.STREAM, log.GROUP)}
    return sum(held.get(name, 0) for name in names) if names else 1


@pytest.mark.parametrize("seconds", [4, pytest.param(300, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_clickhouse__hung_then_gone_while_events_come__nothing_refused_and_all_written(
    plant: Plant, project: Project, send: Callable[[int], list[str]], seconds: float
) -> None:
    # Given two writers at work
    for name in ("writer-a", "writer-b"):
        plant.start(name)
    sent = len(send(100))
    wait_for_rows(project, sent)

    # When ClickHouse hangs for a while, and then is gone for as long, while events keep coming
    plant.pause("clickhouse")
    sent += _send_for(seconds, send)
    plant.kill("clickhouse")
    sent += _send_for(seconds, send)
    waiting, troubles = selectors.backlog(), [writer.trouble for writer in selectors.list_writers()]
    plant.start("clickhouse")

    # Then everything was taken in, and is written once
    assert waiting > 0
    assert any(troubles)
    wait_for_rows(project, sent, seconds=60 + seconds)
    wait_until(lambda: selectors.backlog() == 0)
    assert stored(project) == (sent, sent)


def _send_for(seconds: float, send: Callable[[int], list[str]]) -> int:
    """Send steadily; a batch that is refused raises."""
    end, sent = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        sent += len(send(100))
        time.sleep(0.1)
    return sent
