"""The newest events of a project, page by page, and when its first one was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from apps.catalog.filters.binding import Bindings
from apps.clickhouse.properties import properties_json
from apps.clickhouse.statement import Statement
from apps.query.kinds.source import UNMERGED, People, from_stored, in_project, of_person

LOOK_BACKS: Final = (
    timedelta(minutes=10),
    timedelta(hours=6),
    timedelta(days=3),
    timedelta(days=45),
    timedelta(days=400),
    None,
)
"""How far back to look, step by step, until a page is full: a busy project's page costs a few minutes of data."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the list: the moment of an event and, among events of one moment, its id."""

    moment: datetime
    uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class EventsInput:
    """Which events to list, newest first: later than `after`, earlier than `before`."""

    project_id: int
    limit: int
    before: Mark
    after: datetime | None = None
    event: str | None = None
    distinct_id: str | None = None
    person_id: UUID | None = None
    people: People = UNMERGED


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """One event as it was sent, with the person it belongs to."""

    uuid: UUID
    event: str
    distinct_id: str
    person_id: UUID
    timestamp: datetime
    received_at: datetime
    properties: dict[str, Any]


def build(question: EventsInput, look_back: timedelta | None) -> Statement:
    """Ask what happened last."""
    bindings = Bindings(question.project_id)
    where = [in_project(), _before(question.before, bindings)]
    oldest = [question.after] if question.after else []
    if look_back is not None:
        oldest.append(question.before.moment - look_back)
    if oldest:
        where.append(f"timestamp > {bindings.bind(max(oldest))}")
    if question.event is not None:
        where.append(f"event = {bindings.bind(question.event)}")
    if question.distinct_id is not None:
        where.append(f"distinct_id = {bindings.bind(question.distinct_id)}")
    if question.person_id is not None:
        where.append(of_person(bindings.bind(question.person_id)))
    condition = " AND ".join(where)
    page = f"ORDER BY timestamp DESC, uuid DESC\nLIMIT 1 BY uuid\nLIMIT {bindings.bind(question.limit)}"
    # Which events it is costs two narrow columns; properties are read of those alone.
    chosen = f"(timestamp, uuid) IN (SELECT timestamp, uuid\n{from_stored()}\nWHERE {condition}\n{page})"
    rows = f"{question.people.from_stored()}\nWHERE {condition} AND {chosen}"
    return Statement(f"SELECT {_columns(question.people)}\n{rows}\n{page}", bindings.values)


def build_one(project_id: int, uuid: UUID, moment: datetime, people: People) -> Statement:
    """Ask for one event; its moment narrows the search to one part of the table."""
    return Statement(
        f"SELECT {_columns(people)}\n{people.from_stored()}\n"
        f"WHERE {in_project()} AND timestamp = %(moment)s AND uuid = %(uuid)s\nLIMIT 1",
        {"project_id": project_id, "uuid": uuid, "moment": moment},
    )


def decode(rows: Sequence[Mapping[str, Any]]) -> list[ListedEvent]:
    """Read the events by column name, moments in UTC."""
    return [
        ListedEvent(
            uuid=row["uuid"],
            event=row["event"],
            distinct_id=row["distinct_id"],
            person_id=row["person"],
            timestamp=_utc(row["timestamp"]),
            received_at=_utc(row["received_at"]),
            properties=msgspec.json.decode(row["properties_json"]),
        )
        for row in rows
    ]


def build_earliest(project_id: int) -> Statement:
    """Ask when the first event was."""
    return Statement(
        f"SELECT count() AS events, min(timestamp) AS earliest {from_stored()} WHERE {in_project()}",
        {"project_id": project_id},
    )


def decode_earliest(rows: Sequence[Mapping[str, Any]]) -> datetime | None:
    """Read when the first event was; None for a project without events."""
    return _utc(rows[0]["earliest"]) if rows and rows[0]["events"] else None


def _columns(people: People) -> str:
    return (
        f"uuid, event, distinct_id, {people.actor} AS person, timestamp, received_at,"
        f" {properties_json()} AS properties_json"
    )


def _before(mark: Mark, bindings: Bindings) -> str:
    moment = bindings.bind(mark.moment)
    if mark.uuid is None:
        return f"timestamp < {moment}"
    return f"timestamp <= {moment} AND (timestamp < {moment} OR uuid < {bindings.bind(mark.uuid)})"


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
