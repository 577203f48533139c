"""AI events that went through the steps of llm into ClickHouse, without the processes around them."""

import itertools
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.ingest import log
from apps.ingest.contracts import LogEntry
from apps.ingest.insertion import Inserter
from apps.ingest.pipeline import Batch
from apps.llm.ingest import price, set_texts_apart
from apps.people.identity import person_text_for

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Event:
    """One event as the door hands it on."""

    event: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    timestamp: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)
    distinct_id: str = "ada"
    uuid: UUID = field(default_factory=uuid4)


def write(project_id: int, events: Iterable[Event], *, received: datetime | None = None) -> Batch:
    """Write events of one request as a writer does, with the steps of llm alone."""
    sent = list(events)
    moment = received or datetime.now(tz=UTC)
    entry = LogEntry(
        project_id=project_id,
        received_us=_us(moment),
        path="/batch/",
        uuids=[str(one.uuid) for one in sent],
        events=[one.event for one in sent],
        distinct_ids=[one.distinct_id for one in sent],
        timestamps_us=[_us(one.timestamp) for one in sent],
        properties=[json.dumps(dict(one.properties)).encode() for one in sent],
    )
    batch = Batch()
    batch.add((f"{_us(moment) // 1000}-{next(_numbers)}", log.pack(entry)))
    rows = batch.events
    rows.person_ids = [person_text_for(project_id, one) for one in rows.distinct_ids]
    rows.look()
    price(rows)
    set_texts_apart(rows)
    rows.change_properties()
    batch.beside = rows.beside
    Inserter(threading.Event()).store(batch)
    return batch


def stored(project_id: int, event: Event) -> dict[str, Any]:
    """Read what `events` itself holds of an event."""
    statement = Statement(
        "SELECT toJSONString(properties) FROM events FINAL WHERE project_id = %(project_id)s AND uuid = %(uuid)s",
        {"project_id": project_id, "uuid": event.uuid},
    )
    ((text,),) = client.run(statement).rows
    found: dict[str, Any] = json.loads(text)
    return found


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
