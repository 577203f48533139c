"""Events as the writer gets them, for tests of who is who: built in one line, resolved and stored as a writer does."""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.ingest.batch import EventBatch
from apps.ingest.insertion import Inserter
from apps.ingest.pipeline import Batch
from apps.people.ingest import resolve

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """One event as it leaves the log: who, what, how many seconds after noon."""

    distinct_id: str
    event: str = "seen"
    seconds: float = 0
    properties: dict[str, Any] = field(default_factory=dict)
    uuid: str = field(default_factory=lambda: str(uuid4()))


def identify(
    distinct_id: str, anonymous: str, seconds: float = 0, *, told: Mapping[str, object] | None = None
) -> Heard:
    """Make the event by which a browser says who its visitor is, and what it says of them (`$set`)."""
    properties: dict[str, Any] = {"$anon_distinct_id": anonymous}
    return Heard(distinct_id, "$identify", seconds, properties | ({"$set": dict(told)} if told else {}))


def alias(distinct_id: str, other: str, seconds: float = 0) -> Heard:
    """Make the event by which a server says that another id is the same person."""
    return Heard(distinct_id, "$create_alias", seconds, {"alias": other})


def merge(distinct_id: str, other: str, seconds: float = 0) -> Heard:
    """Make the event that merges whoever it is."""
    return Heard(distinct_id, "$merge_dangerously", seconds, {"alias": other})


def change(distinct_id: str, seconds: float = 0, **operations: object) -> Heard:
    """Make a `$set` event; operations are `set`, `set_once` and `unset`."""
    return Heard(distinct_id, "$set", seconds, {f"${name}": value for name, value in operations.items()})


def batch(project_id: int, heard: Iterable[Heard], *, entry: str = "") -> EventBatch:
    """Put events into a batch, ready for the steps."""
    events = list(heard)
    moments = [(NOON + timedelta(seconds=each.seconds) - _EPOCH) // timedelta(microseconds=1) for each in events]
    made = EventBatch(
        project_ids=[project_id] * len(events),
        uuids=[each.uuid for each in events],
        events=[each.event for each in events],
        distinct_ids=[each.distinct_id for each in events],
        timestamps_us=moments,
        received_us=moments,
        properties=[json.dumps(each.properties).encode() for each in events],
        entries=[entry or f"{uuid4().int % 10**12}-1"] * len(events),
    )
    made.look()
    return made


def resolved(project_id: int, *heard: Heard) -> EventBatch:
    """Run the step over events; nothing goes to ClickHouse."""
    made = batch(project_id, heard)
    resolve(made)
    return made


def store(project_id: int, *heard: Heard) -> EventBatch:
    """Run the step over events and put them, and what it puts beside them, into ClickHouse."""
    made = resolved(project_id, *heard)
    made.change_properties()
    prepared = Batch(entries=made.entries[:1], events=made, beside=made.beside)
    Inserter(threading.Event()).store(prepared)
    return made


def actors(project_id: int) -> int:
    """Count the people behind all stored events, as questions count them."""
    from apps.query.kinds.source import MERGED

    sql = f"SELECT uniqExact({MERGED.actor}) {MERGED.from_events()} WHERE project_id = %(project_id)s"
    return int(client.run(Statement(sql, {"project_id": project_id})).rows[0][0])
