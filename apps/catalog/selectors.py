"""What a project sends: definitions of events and properties, names for pickers, values; kept for a few seconds."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from django.core.cache import cache
from redis.exceptions import RedisError

from apps.catalog import queries, seen
from apps.catalog.contracts import (
    Carrier,
    EventDefinition,
    PropertyDefinition,
    Remarks,
    Scope,
    SeenEvent,
    SeenValue,
)
from apps.catalog.errors import CatalogBusyError, DefinitionNotFoundError
from apps.catalog.models import EventNote, Note, PropertyNote
from apps.catalog.sightings import Known
from apps.clickhouse import client
from apps.clickhouse import errors as clickhouse
from apps.clickhouse.statement import Statement
from apps.common import clock

LOOK_BACK: Final = timedelta(days=30)
TIMEOUT_SECONDS: Final = 20
NAMES_SECONDS: Final = 3
"""A first event shall show up in a picker at once."""

VALUES_SECONDS: Final = 20
COST_FACTOR: Final = 30
"""An answer that took long is kept so many times as long, so that a large project is not counted all the time."""

_LONGEST_KEPT: Final = 600


# --- definitions --------------------------------------------------------------
def list_events(project_id: int) -> list[EventDefinition]:
    """List the events a project ever sent, the most frequent of the last 30 days first."""
    counted = {row["event"]: row for row in _volumes(project_id)}
    found = _kept(project_id, "events", lambda: _ask(seen.build_events(project_id), f"catalog.events {project_id}"))
    spans: dict[str, tuple[datetime | None, datetime]] = {
        row["event"]: (seen.as_utc(row["first_seen"]), seen.as_utc(row["last_seen"])) for row in found
    }
    # No writer has passed any event of this project: it was filled some other way.
    spans = spans or {name: (None, seen.as_utc(row["last_seen"])) for name, row in counted.items()}
    remarks = {
        note.name: _remarks(note)
        for note in EventNote.objects.filter(project_id=project_id).select_related("updated_by")
    }
    events = [
        EventDefinition(
            id=seen.event_id(project_id, name),
            name=name,
            first_seen=first,
            last_seen=_later(last, counted.get(name)),
            volume=counted[name]["events"] if name in counted else 0,
            remarks=remarks.get(name, Remarks()),
        )
        for name, (first, last) in spans.items()
    ]
    return sorted(events, key=lambda event: (-event.volume, event.name))


def get_event(project_id: int, definition_id: str) -> EventDefinition:
    """Find an event by its definition's id; raises DefinitionNotFoundError."""
    for event in list_events(project_id):
        if event.id == definition_id:
            return event
    raise DefinitionNotFoundError("This project has no such event.")


def list_properties(
    project_id: int, *, scope: Scope | None = None, events: Sequence[str] = ()
) -> list[PropertyDefinition]:
    """List the properties a project ever sent, by name; with events, of events only those that these carry."""
    statement = seen.build_properties(project_id, scope=scope, events=sorted(events))
    rows = _kept(
        project_id,
        f"properties {scope} {sorted(events)!r}",
        lambda: _ask(statement, f"catalog.properties {project_id}"),
    )
    found = seen.decode_properties(project_id, rows)
    if not found and scope in (None, Scope.EVENT):
        found = _sampled_properties(project_id, events)
    notes = PropertyNote.objects.filter(project_id=project_id).select_related("updated_by")
    remarks = {(note.scope, note.group_type, note.name): _remarks(note) for note in notes}
    listed = [replace(one, remarks=remarks.get((one.scope, one.group_type, one.name), one.remarks)) for one in found]
    return sorted(listed, key=lambda one: (one.name.lower(), one.name, one.scope, one.group_type))


def get_property(project_id: int, definition_id: str) -> PropertyDefinition:
    """Find a property by its definition's id; raises DefinitionNotFoundError."""
    for one in list_properties(project_id):
        if one.id == definition_id:
            return one
    raise DefinitionNotFoundError("This project has no such property.")


def list_carriers(project_id: int, name: str) -> list[Carrier]:
    """List the events that carry a property, the one that did last first."""
    return seen.decode_carriers(_ask(seen.build_carriers(project_id, name), f"catalog.carriers {project_id}"))


def count_refused(project_id: int) -> int:
    """Count how often a name was not noted since the project has too many."""
    try:
        return int(cache.get(refused_key(project_id)) or 0)
    except RedisError:
        return 0


# --- for pickers ----------------------------------------------------------------
def list_event_names(project_id: int) -> list[SeenEvent]:
    """List the events of the last 30 days that are not hidden, most frequent first."""
    since = _since()
    return [
        SeenEvent(event.name, event.volume, event.last_seen)
        for event in list_events(project_id)
        if not event.remarks.is_hidden and event.last_seen >= since
    ]


def list_property_names(project_id: int, event: str | None = None) -> list[str]:
    """List the properties of events that are not hidden, of one event or of all, by name."""
    found = list_properties(project_id, scope=Scope.EVENT, events=[event] if event else [])
    return [one.name for one in found if not one.remarks.is_hidden]


def list_property_values(
    project_id: int, key: str, *, event: str | None = None, search: str | None = None
) -> list[SeenValue]:
    """List the commonest values of a property, as text, most frequent first."""
    statement = queries.build_property_values(project_id, key, event=event, search=search, since=_since())
    rows = _kept(
        project_id,
        repr(("values", key, event or "", search or "")),
        lambda: _ask(statement, f"catalog.values {project_id}"),
        VALUES_SECONDS,
    )
    return queries.decode_property_values(rows)


# --- for the writer -------------------------------------------------------------
def load_names(project_id: int) -> Known:
    """Give all names a project has; raises CatalogBusyError."""
    return seen.decode_known(_ask(seen.build_known(project_id), f"catalog.known {project_id}"))


def refused_key(project_id: int) -> str:
    """Name the counter of names that were not noted."""
    return f"catalog:refused:{project_id}"


def forget(project_id: int) -> None:
    """Have what is kept of a project's definitions asked for again."""
    try:
        cache.delete_many(
            [_key(project_id, "events"), *(_key(project_id, f"properties {scope} []") for scope in _SCOPES)]
        )
    except RedisError:
        return


_SCOPES: Final = (None, *Scope)


def _volumes(project_id: int) -> list[dict[str, Any]]:
    """Count a project's events; a project too large to be counted in time has names all the same."""
    statement = seen.build_volumes(project_id, _since())
    try:
        return _kept(project_id, "volumes", lambda: _ask(statement, f"catalog.volumes {project_id}"))
    except CatalogBusyError as exc:
        if isinstance(exc.__cause__, clickhouse.ClickHouseUnavailableError):
            raise
    return _kept(project_id, "volumes", list, _LONGEST_KEPT)


def _sampled_properties(project_id: int, events: Sequence[str]) -> list[PropertyDefinition]:
    """Look at the events themselves, of a project that no writer has passed."""
    names = list(events) or [event.name for event in list_events(project_id)[: queries.SAMPLED_EVENTS]]
    if not names:
        return []
    statement = queries.build_sampled_properties(project_id, names, _since())
    rows = _kept(
        project_id, f"sampled {names!r}", lambda: _ask(statement, f"catalog.sampled {project_id}"), VALUES_SECONDS
    )
    return queries.decode_sampled_properties(project_id, rows)


def _later(last: datetime, counted: dict[str, Any] | None) -> datetime:
    """Take the events' own word over what was noted of them, which may lag a minute behind."""
    return max(last, seen.as_utc(counted["last_seen"])) if counted else last


def _remarks(note: Note) -> Remarks:
    return Remarks(
        description=note.description,
        is_verified=note.is_verified,
        is_hidden=note.is_hidden,
        tags=tuple(note.tags),
        updated_at=note.updated_at,
        updated_by=note.updated_by.email if note.updated_by else None,
    )


def _since() -> datetime:
    return clock.now() - LOOK_BACK


def _ask(statement: Statement, tag: str) -> list[dict[str, Any]]:
    try:
        return client.run(statement, timeout=TIMEOUT_SECONDS, tag=tag).dicts()
    except (clickhouse.ClickHouseUnavailableError, clickhouse.QueryTimeoutError, clickhouse.QueryMemoryError) as exc:
        raise CatalogBusyError("The analytics engine is away or too busy for now.") from exc


def _kept(
    project_id: int, what: str, ask: Callable[[], list[dict[str, Any]]], seconds: int = NAMES_SECONDS
) -> list[dict[str, Any]]:
    """Give what was asked moments ago, under its project's own key; ask again without a cache."""
    key = _key(project_id, what)
    try:
        found: list[dict[str, Any]] | None = cache.get(key)
        if found is None:
            started = time.monotonic()
            found = ask()
            took = time.monotonic() - started
            cache.set(key, found, timeout=min(_LONGEST_KEPT, max(seconds, int(took * COST_FACTOR))))
    except RedisError:
        return ask()
    return found


def _key(project_id: int, what: str) -> str:
    return f"catalog:{project_id}:{sha256(what.encode('utf-8', 'replace')).hexdigest()}"
