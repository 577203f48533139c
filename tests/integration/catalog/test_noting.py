"""From events that pass the writer to definitions, in the real engine."""

import json
import threading
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache

from apps.catalog import selectors
from apps.catalog.contracts import PropertyType, Scope
from apps.catalog.sightings import Limits, Sightings
from apps.common import clock
from apps.ingest import definitions, pipeline, timestamps
from apps.ingest.contracts import LogEntry
from apps.ingest.enrichment import enrich
from apps.ingest.insertion import Inserter
from apps.ingest.log import pack
from apps.ingest.pipeline import Batch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stack", "_own_memory")]


@pytest.fixture
def _own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a writer that remembers nothing, and whose one step is the enrichment."""
    definitions.memory.cache_clear()
    monkeypatch.setattr(pipeline, "steps", lambda: (enrich,))


def delivery(
    project_id: int, *contents: dict[str, Any], event: str = "asked", seconds_ago: int = 60
) -> tuple[str, bytes]:
    """Make an entry of the event log, as a writer is handed it."""
    now_us = timestamps.to_us(clock.now())
    count = len(contents)
    entry = LogEntry(
        project_id,
        now_us,
        "/batch",
        [str(uuid4()) for _ in contents],
        [event] * count,
        ["ada"] * count,
        [now_us - seconds_ago * 1_000_000] * count,
        [json.dumps(content).encode() for content in contents],
    )
    return f"{uuid4().int % 10**12}-0", pack(entry)


def write(*deliveries: tuple[str, bytes], is_suspect: bool = False) -> Batch:
    """Do what the writer does with what it is handed."""
    batch = Batch(is_suspect=is_suspect)
    for one in deliveries:
        batch.add(one)
    batch.prepare()
    batch.events.person_ids = [str(uuid4())] * len(batch.events)
    Inserter(threading.Event()).store(batch)
    return batch


def test_write__events__become_definitions(project_id: int) -> None:
    # When
    write(
        delivery(project_id, {"plan": "pro", "seats": 5, "ok": True, "tags": ["a"], "o": {"x": 1}, "a.b": 1}),
        delivery(project_id, {"due": "2026-11-22", "$set": {"email": "ada@example.com"}}, event="paid"),
    )

    # Then
    events = {event.name: event for event in selectors.list_events(project_id)}
    assert set(events) == {"asked", "paid"}
    assert events["asked"].volume == 1
    assert events["asked"].first_seen == events["asked"].last_seen
    found = selectors.list_properties(project_id)
    assert {(one.scope, one.name, one.type) for one in found} == {
        (Scope.EVENT, "plan", PropertyType.STRING),
        (Scope.EVENT, "seats", PropertyType.NUMERIC),
        (Scope.EVENT, "ok", PropertyType.BOOLEAN),
        (Scope.EVENT, "tags", PropertyType.ARRAY),
        (Scope.EVENT, "o", PropertyType.OBJECT),
        (Scope.EVENT, "a.b", PropertyType.NUMERIC),
        (Scope.EVENT, "due", PropertyType.DATETIME),
        (Scope.PERSON, "email", PropertyType.STRING),
    }
    assert [one.event for one in selectors.list_carriers(project_id, "due")] == ["paid"]


def test_write__what_a_step_added__is_listed(project_id: int) -> None:
    write(delivery(project_id, {"$current_url": "https://otter.example/chat"}))
    names = selectors.list_property_names(project_id)
    assert {"$current_url", "$host", "$pathname"} <= set(names)


def test_write__same_entry_again__changes_nothing(project_id: int) -> None:
    # Given
    handed = delivery(project_id, {"a": 1}, {"a": 2})
    write(handed)
    before = (selectors.list_events(project_id), selectors.list_properties(project_id))

    # When another writer, that remembers nothing, is handed it once more
    definitions.memory.cache_clear()
    write(handed, is_suspect=True)
    _ask_anew()

    # Then
    assert (selectors.list_events(project_id), selectors.list_properties(project_id)) == before
    assert before[0][0].volume == 2


def test_write__two_writers__add_up(project_id: int) -> None:
    # Given one that saw the earlier event, and one that saw the later
    write(delivery(project_id, {"a": 1, "b": 1}, seconds_ago=600))
    definitions.memory.cache_clear()
    write(delivery(project_id, {"a": "x", "c": 1}, seconds_ago=60))

    # Then
    _ask_anew()
    (event,) = selectors.list_events(project_id)
    assert event.first_seen is not None
    assert round((event.last_seen - event.first_seen).total_seconds()) == 540
    found = {one.name: one for one in selectors.list_properties(project_id)}
    assert set(found) == {"a", "b", "c"}
    assert found["a"].types == (PropertyType.NUMERIC, PropertyType.STRING)
    assert found["a"].type is PropertyType.STRING


def test_write__ten_thousand_names__are_bounded(project_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a project that may have 300 names, and a sender that makes one up for each event
    limited = Sightings(Limits(10, 300), selectors.load_names)
    monkeypatch.setattr(definitions, "memory", lambda: limited)

    # When
    batch = write(delivery(project_id, *({f"p{number}": number} for number in range(10_000))))

    # Then all events are stored, and what was not noted is counted
    assert len(batch.events) == 10_000
    assert len(selectors.list_properties(project_id)) == 300
    assert selectors.count_refused(project_id) == 9_700
    assert selectors.list_events(project_id)[0].volume == 10_000


def test_write__writer_after_the_limit__knows_it(project_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a project whose names were all noted by another writer
    write(delivery(project_id, {"a": 1, "b": 1}))
    limited = Sightings(Limits(10, 2), selectors.load_names)
    monkeypatch.setattr(definitions, "memory", lambda: limited)

    # When
    write(delivery(project_id, {"a": 1, "c": 1}))

    # Then
    _ask_anew()
    assert [one.name for one in selectors.list_properties(project_id)] == ["a", "b"]


def test_note__memory_fails__events_are_written_all_the_same(project_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a memory that has a fault, as it may have one some day
    class Broken:
        cache_clear = staticmethod(lambda: None)

        def __call__(self) -> Sightings:
            raise RuntimeError

    monkeypatch.setattr(definitions, "memory", Broken())

    # When
    batch = write(delivery(project_id, {"a": 1}))

    # Then
    assert (len(batch.events), batch.dead) == (1, [])
    assert selectors.list_events(project_id)[0].volume == 1


def _ask_anew() -> None:
    """Drop what is kept for a few seconds."""
    cache.clear()
