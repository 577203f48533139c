"""An event sent again around midnight UTC keeps its first time, so that its copies have one key."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from apps.ingest import midnight, timestamps
from apps.ingest.batch import EventBatch
from apps.ingest.midnight import FirstTimes
from apps.ingest.valkey import connect

if TYPE_CHECKING:
    import redis

MIDNIGHT = timestamps.parse("2026-11-01T00:00:00Z") or 0
SECOND = 1_000_000


@pytest.fixture
def memory() -> Iterator["redis.Redis[bytes]"]:
    """Give the Valkey, without first times of other tests."""
    with connect() as valkey:
        for key in valkey.scan_iter(f"{midnight.KEY}*"):
            valkey.delete(key)
        yield valkey


def batch(uuid: str, moment: int, *, received: int = MIDNIGHT + 5 * SECOND, event: str = "asked") -> EventBatch:
    """Make a batch of one event."""
    return EventBatch(
        project_ids=[7],
        uuids=[uuid],
        events=[event],
        distinct_ids=["ada"],
        timestamps_us=[moment],
        received_us=[received],
    )


def adopted(events: EventBatch) -> int:
    """Give the time of the one event after a writer looked; each look is one of another process."""
    FirstTimes(connect).adopt(events)
    return events.timestamps_us[0]


@pytest.mark.usefixtures("memory", "valkey")
@pytest.mark.parametrize(("first", "second"), [(-2_000, 3_000), (3_000, -2_000), (-20 * SECOND, 9 * SECOND)])
def test_adopt__second_try_on_the_other_side_of_midnight__keeps_the_first_time(first: int, second: int) -> None:
    # Given
    uuid = str(uuid4())
    assert adopted(batch(uuid, MIDNIGHT + first)) == MIDNIGHT + first

    # When / Then
    assert adopted(batch(uuid, MIDNIGHT + second)) == MIDNIGHT + first
    assert adopted(batch(uuid, MIDNIGHT + second + 1)) == MIDNIGHT + first


@pytest.mark.usefixtures("memory", "valkey")
def test_adopt__event_without_a_time_of_its_own__is_the_same_minutes_later() -> None:
    uuid, first, second = str(uuid4()), MIDNIGHT - 90 * SECOND, MIDNIGHT + 200 * SECOND
    adopted(batch(uuid, first, received=first))

    assert adopted(batch(uuid, second, received=second)) == first


@pytest.mark.usefixtures("memory", "valkey")
def test_adopt__slot_of_memory_changes_between_tries__still_knows() -> None:
    # Given the first try in the last second of a slot
    uuid = str(uuid4())
    end = (MIDNIGHT // midnight.SLOT_US) * midnight.SLOT_US
    adopted(batch(uuid, MIDNIGHT - 1, received=end - 1))

    # When / Then
    assert adopted(batch(uuid, MIDNIGHT + 1, received=end + 1)) == MIDNIGHT - 1


@pytest.mark.usefixtures("memory", "valkey")
def test_adopt__same_id_under_another_name__is_another_event() -> None:
    uuid = str(uuid4())
    adopted(batch(uuid, MIDNIGHT - 1))

    assert adopted(batch(uuid, MIDNIGHT + 1, event="answered")) == MIDNIGHT + 1


@pytest.mark.usefixtures("valkey")
def test_adopt__far_from_midnight__asks_nobody(memory: "redis.Redis[bytes]") -> None:
    assert adopted(batch(str(uuid4()), MIDNIGHT + 3_600 * SECOND)) == MIDNIGHT + 3_600 * SECOND

    assert list(memory.scan_iter(f"{midnight.KEY}*")) == []


@pytest.mark.usefixtures("valkey")
def test_adopt__memory_is_full__leaves_the_time_and_stays_bounded(
    memory: "redis.Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(midnight, "MOST", 1)
    adopted(batch(str(uuid4()), MIDNIGHT))
    uuid = str(uuid4())

    # When / Then
    assert adopted(batch(uuid, MIDNIGHT - 1)) == MIDNIGHT - 1
    assert adopted(batch(uuid, MIDNIGHT + 1)) == MIDNIGHT + 1
    (slot,) = memory.scan_iter(f"{midnight.KEY}*")
    assert memory.hlen(slot) == 1
    assert 0 < memory.ttl(slot) <= 2 * midnight.SLOT_US // SECOND
