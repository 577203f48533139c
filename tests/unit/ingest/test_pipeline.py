import pytest

from apps.common.errors import UnavailableError
from apps.ingest import log
from apps.ingest.batch import EventBatch
from apps.ingest.contracts import LogEntry, Rejection
from apps.ingest.pipeline import Batch, run_steps

# The steps of the settings look persons up.
pytestmark = pytest.mark.django_db


def entry(*uuids: str, project_id: int = 1, rejections: tuple[Rejection, ...] = ()) -> bytes:
    count = len(uuids)
    return log.pack(
        LogEntry(
            project_id,
            1_000,
            "/batch/",
            [f"018f0000-0000-7000-8000-0000000000{uid}" for uid in uuids],
            ["a"] * count,
            [f"person {uid}" for uid in uuids],
            [NOON] * count,
            [b"{}"] * count,
            list(rejections),
        )
    )


NOON = 1_750_000_000_000_000
"""Far from midnight, where first times are asked for."""


def batch_of(*blobs: bytes) -> Batch:
    batch = Batch()
    for number, blob in enumerate(blobs):
        batch.add((f"{number}-0", blob))
    return batch


def test_log_entry__packed_and_unpacked__is_the_same() -> None:
    refused = Rejection(3, "event_missing", "No name.", payload=b"\xff")
    assert log.pack(log.unpack(entry("01", "02", rejections=(refused,)))) == entry("01", "02", rejections=(refused,))


def test_batch__entries_of_two_projects__become_columns_of_one_length() -> None:
    # When entries are joined and prepared
    batch = batch_of(entry("01", "02"), entry("03", project_id=2))
    batch.prepare()

    # Then every event has its project, entry and person
    assert batch.events.project_ids == [1, 1, 2]
    assert batch.events.entries == ["0-0", "0-0", "1-0"]
    assert len(set(batch.events.person_ids)) == 3
    assert {len(column) for column in batch.events.columns() if column} == {3}


def test_batch__same_event_id_again__is_kept_once_a_project() -> None:
    # Given a sender that sent again, and another project with the same id
    batch = batch_of(entry("01", "02"), entry("01"), entry("01", project_id=2), entry("02", "03"))

    # When the batch is prepared
    batch.prepare()

    # Then each id is there once for each project
    keys = list(zip(batch.events.project_ids, batch.events.uuids, strict=True))
    assert len(keys) == len(set(keys)) == 4


def test_batch__same_event_id_of_another_sender__is_another_event() -> None:
    # Given an id that two people use
    mine, yours = log.unpack(entry("01")), log.unpack(entry("01"))
    yours.distinct_ids = ["somebody else"]
    batch = batch_of(log.pack(mine), log.pack(yours))

    # When the batch is prepared
    batch.prepare()

    # Then
    assert batch.events.distinct_ids == ["person 01", "somebody else"]


def test_batch__entry_nobody_can_read__becomes_a_dead_letter() -> None:
    batch = batch_of(b"no zstd", entry("01"))
    batch.prepare()
    assert len(batch.events) == 1
    assert [letter.rejection.code for letter in batch.dead] == ["entry_unreadable"]


def test_token__same_entries__same_token() -> None:
    assert batch_of(entry("01"), entry("02")).token == batch_of(entry("01"), entry("02")).token
    assert batch_of(entry("01")).token != batch_of(entry("01"), entry("02")).token


def test_run_steps__step_fails_on_some_events__sets_only_those_aside() -> None:
    # Given a step that cannot stand person 03
    def picky(events: EventBatch) -> None:
        if "person 03" in events.distinct_ids:
            raise KeyError("03")
        events.person_ids = ["somebody"] * len(events)

    events = batch_of(entry("01", "02", "03"), entry("04", "05")).events
    events.person_ids = [""] * len(events)

    # When it runs
    kept, dead = run_steps(events, [picky])

    # Then all others have been through it
    assert kept.distinct_ids == ["person 01", "person 02", "person 04", "person 05"]
    assert kept.person_ids == ["somebody"] * 4
    assert [(letter.rejection.code, letter.rejection.distinct_id) for letter in dead] == [("step_failed", "person 03")]


def test_run_steps__step_needs_something_that_is_away__waits() -> None:
    # Given a step whose database is away
    def needy(_: EventBatch) -> None:
        raise UnavailableError("The database is away.")

    events = batch_of(entry("01")).events
    events.person_ids = [""]

    # Then nothing is set aside
    with pytest.raises(UnavailableError):
        run_steps(events, [needy])
