"""The events of a project, each once, oldest first, in slices that fit into memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Raw

from apps.accounts.contracts import ProjectContext
from apps.clickhouse import client, texts
from apps.clickhouse.properties import properties_json
from apps.clickhouse.statement import Statement
from apps.query.exports.files import Row
from apps.query.kinds.source import MERGED, from_events, in_project

COLUMNS: Final = {
    "uuid": "VARCHAR",
    "event": "VARCHAR",
    "distinct_id": "VARCHAR",
    "person_id": "VARCHAR",
    "timestamp": "VARCHAR",
    "properties": "VARCHAR",
}
"""What is written of an event, with the types of Parquet; properties are JSON text there."""

PAGE: Final = 20_000
"""Rows asked for at once; an event is a megabyte at most and a kilobyte as a rule."""

_WITH_TEXTS: Final = 500
"""Rows whose long texts are in memory at once."""

_SECONDS: Final = 600.0
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: from a moment, up to but not including another, of some names (none: all)."""

    project: ProjectContext
    since: datetime | None = None
    until: datetime | None = None
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """An hour in which something happened, and how much."""

    start: datetime
    events: int


def slices(wanted: Wanted) -> list[Slice]:
    """Count the events by hour, so that reading can go hour by hour and progress be told."""
    conditions, params = _conditions(wanted)
    statement = Statement(
        f"SELECT toStartOfHour(timestamp) AS hour, count() AS events {from_events()} "
        f"WHERE {conditions} GROUP BY hour ORDER BY hour",
        params,
    )
    rows = client.run(statement, timeout=_SECONDS, tag="export").dicts()
    return [Slice(row["hour"].replace(tzinfo=UTC), row["events"]) for row in rows]


def read(wanted: Wanted, part: Slice) -> Iterator[list[Row]]:
    """Give the events of an hour in order of time, page by page."""
    mark: tuple[datetime, UUID] | None = None
    while page := _page(wanted, part, mark):
        yield from _rows(wanted.project.id, page)
        if len(page) < PAGE:
            return
        mark = page[-1]["timestamp"].replace(tzinfo=UTC), page[-1]["uuid"]


def _page(wanted: Wanted, part: Slice, mark: tuple[datetime, UUID] | None) -> list[dict[str, Any]]:
    conditions, params = _conditions(wanted)
    params |= {"start": part.start, "end": part.start + _HOUR, "most": PAGE}
    after = ""
    if mark is not None:
        after = " AND (timestamp, uuid) > (%(moment)s, %(uuid)s)"
        params |= {"moment": mark[0], "uuid": mark[1]}
    statement = Statement(
        f"SELECT uuid, event, distinct_id, {MERGED.actor} AS person, timestamp, {properties_json()} AS properties_json "
        f"{MERGED.from_events()} WHERE {conditions} AND timestamp >= %(start)s AND timestamp < %(end)s{after} "
        "ORDER BY timestamp, uuid LIMIT %(most)s",
        params,
    )
    return client.run(statement, timeout=_SECONDS, tag="export").dicts()


def _rows(project_id: int, page: Sequence[dict[str, Any]]) -> Iterator[list[Row]]:
    """Make the rows of a page, some at a time: the long texts of generations come back in here."""
    for start in range(0, len(page), _WITH_TEXTS):
        some = page[start : start + _WITH_TEXTS]
        apart = {row["uuid"]: row["properties_json"] for row in some if texts.APART in row["properties_json"]}
        whole = _with_texts(project_id, apart) if apart else {}
        yield [
            {
                "uuid": str(row["uuid"]),
                "event": row["event"],
                "distinct_id": row["distinct_id"],
                "person_id": str(row["person"]),
                "timestamp": row["timestamp"].replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
                "properties": Raw(whole.get(row["uuid"]) or row["properties_json"].encode()),
            }
            for row in some
        ]


def _with_texts(project_id: int, apart: dict[UUID, str]) -> dict[UUID, bytes]:
    properties = {uuid: msgspec.json.decode(text) for uuid, text in apart.items()}
    traces = {uuid: texts.trace_id_of(members.get(texts.TRACE_ID), str(uuid)) for uuid, members in properties.items()}
    found = texts.list_texts(project_id, set(traces.values()), list(traces))
    whole: dict[UUID, bytes] = {}
    for uuid, members in properties.items():
        put_back = found.get(uuid, {})
        # What has expired stays named, so that an import elsewhere does not look complete.
        missing = {name: size for name, size in dict(members.pop(texts.APART)).items() if name not in put_back}
        rest = {texts.APART: missing} if missing else {}
        whole[uuid] = msgspec.json.encode(members | put_back | rest)
    return whole


def _conditions(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    parts = [in_project()]
    params: dict[str, Any] = {"project_id": wanted.project.id}
    for name, condition in (("since", "timestamp >= %(since)s"), ("until", "timestamp < %(until)s")):
        if (value := getattr(wanted, name)) is not None:
            parts.append(condition)
            params[name] = value
    if wanted.names:
        parts.append("event IN %(names)s")
        params["names"] = tuple(wanted.names)
    return " AND ".join(parts), params
