"""Inserting exactly once, against the real engine."""

import itertools
from uuid import uuid4

import pytest

from apps.clickhouse import client, tables
from apps.clickhouse.statement import Statement
from apps.ingest import insertion, timestamps
from apps.ingest.batch import EventBatch
from apps.ingest.contracts import DeadLetter, Rejection
from apps.ingest.dead_letters import selectors
from apps.ingest.dead_letters.contracts import Search
from apps.people.identity import person_text_for

NOON = timestamps.parse("2026-11-22T12:00:00Z") or 0
MONTH = 31 * 86_400_000_000
_numbers = itertools.count(1)

# Whose an event is, the step asks the database.
pytestmark = pytest.mark.django_db


def batch(project_id: int, count: int, *, months: int = 1) -> EventBatch:
    entry = f"{uuid4().int % 10**12}-{next(_numbers)}"
    events = EventBatch(
        project_ids=[project_id] * count,
        uuids=[str(uuid4()) for _ in range(count)],
        events=["a"] * count,
        distinct_ids=[f"person {number}" for number in range(count)],
        timestamps_us=[NOON - number % months * MONTH for number in range(count)],
        received_us=[NOON] * count,
        properties=[b'{"plan": "pro"}'] * count,
        entries=[entry] * count,
    )
    events.person_ids = [person_text_for(project_id, who) for who in events.distinct_ids]
    return events


def rows(project_id: int) -> int:
    statement = Statement("SELECT count() FROM events WHERE project_id = %(project_id)s", {"project_id": project_id})
    return int(client.run(statement).rows[0][0])


@pytest.mark.usefixtures("stack")
def test_store_events__again_in_doubt__writes_nothing_twice(project_id: int) -> None:
    # Given a batch that was written, though nobody heard so
    events, token = batch(project_id, 100), uuid4().hex
    insertion.store_events(events, token, is_suspect=False)

    # When it is written again
    outcome = insertion.store_events(events, token, is_suspect=True)

    # Then it is known to be there
    assert rows(project_id) == 100
    assert outcome.found_written == 100


@pytest.mark.usefixtures("stack")
def test_store_events__part_is_there_already__writes_the_rest(project_id: int) -> None:
    # Given a batch of which a part was written under another token
    events, token = batch(project_id, 100), uuid4().hex
    insertion.store_events(events.take(range(40)), uuid4().hex, is_suspect=False)

    # When it is written in doubt
    insertion.store_events(events, token, is_suspect=True)

    # Then all of it is there once
    assert rows(project_id) == 100


@pytest.mark.usefixtures("stack")
def test_store_events__token_known_but_rows_lost__writes_them_under_the_next(project_id: int) -> None:
    # Given a server that remembers the token of an insert whose rows it lost
    events, token = batch(project_id, 50), uuid4().hex
    insertion.store_events(events, token, is_suspect=False)
    client.command(f"ALTER TABLE events DELETE WHERE project_id = {project_id} SETTINGS mutations_sync = 1")
    assert rows(project_id) == 0

    # When the batch is written in doubt
    insertion.store_events(events, token, is_suspect=True)

    # Then it is there
    assert rows(project_id) == 50


@pytest.mark.usefixtures("stack")
def test_store_events__one_the_engine_refuses__writes_its_neighbours(project_id: int) -> None:
    # Given an event with an id no column takes, among a hundred
    events = batch(project_id, 101)
    events.person_ids[37] = "nobody"

    # When they are written
    outcome = insertion.store_events(events, uuid4().hex, is_suspect=False)

    # Then only that one is a dead letter, with the engine's words
    assert rows(project_id) == 100
    (letter,) = outcome.refused
    assert letter.rejection.code == "insert_refused"
    assert letter.rejection.distinct_id == "person 37"
    assert "nobody" in letter.rejection.reason


@pytest.mark.usefixtures("stack")
def test_store_events__of_twenty_years__are_written_in_one_go(project_id: int) -> None:
    # Given more months in one batch than ClickHouse takes by default
    events = batch(project_id, 500, months=230)

    # When they are written, twice
    token = uuid4().hex
    insertion.store_events(events, token, is_suspect=False)
    insertion.store_events(events, token, is_suspect=False)

    # Then each is there once
    assert rows(project_id) == 500


@pytest.mark.usefixtures("stack")
def test_store_dead_letters__twice__are_listed_once(project_id: int) -> None:
    # Given dead letters, one of them no text at all
    letters = [
        DeadLetter(
            project_id, NOON + number, "1-0", "/e/", Rejection(number, "event_missing", "No.", payload=b"\xff\0")
        )
        for number in range(3)
    ]
    token = uuid4().hex

    # When they are stored twice
    for _ in range(2):
        insertion.store_dead_letters(letters, token)

    # Then each is listed once, newest first, and pages are cut by time
    listed = selectors.search(project_id, Search())
    assert [letter.index for letter in listed] == [2, 1, 0]
    older = selectors.search(project_id, Search(before=listed[0].received_at), limit=1)
    assert [letter.index for letter in older] == [1]


def test_columns__of_a_batch__are_those_of_the_landing_table() -> None:
    assert set(insertion.landing(EventBatch())) == set(tables.EVENTS_LANDING_COLUMNS)
