"""Events for tests of questions, put into the landing table as the writer puts them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from apps.clickhouse import client
from apps.clickhouse.tables import EVENTS_LANDING

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """One event as a test means it; persons are named by their distinct id unless it says otherwise."""

    event: str
    distinct_id: str
    timestamp: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)
    person: str = ""
    uuid: UUID = field(default_factory=uuid4)


def at(text: str) -> datetime:
    """Read a moment, UTC unless it has an offset."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def person_id(project_id: int, name: str) -> UUID:
    """Give the id of a person that a test calls by a name."""
    return uuid5(NAMESPACE_URL, f"{project_id}/{name}")


def insert(project_id: int, events: Iterable[Sent]) -> None:
    """Put a project's events where questions find them."""
    insert_all((project_id, event) for event in events)


def insert_all(events: Iterable[tuple[int, Sent]]) -> None:
    """Put events of several projects where questions find them, in one block."""
    rows = list(events)
    client.insert(
        EVENTS_LANDING,
        {
            "project_id": [project for project, _ in rows],
            "uuid": [str(event.uuid) for _, event in rows],
            "event": [event.event for _, event in rows],
            "distinct_id": [event.distinct_id for _, event in rows],
            "person_id": [str(person_id(project, event.person or event.distinct_id)) for project, event in rows],
            "timestamp_us": [(event.timestamp - _EPOCH) // timedelta(microseconds=1) for _, event in rows],
            "received_us": [(event.timestamp - _EPOCH) // timedelta(microseconds=1) for _, event in rows],
            "properties": [json.dumps(dict(event.properties)) for _, event in rows],
            "entry": ["" for _ in rows],
        },
    )
