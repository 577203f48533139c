"""Stored calls in the order of the table, page by page, to price them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from apps.clickhouse.properties import properties_json
from apps.clickhouse.statement import Statement
from apps.clickhouse.tables import EVENTS
from apps.llm.queries.calls import EVENT_NAMES, FROM, MODEL, RUN, STATUS

_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the table a run is: after which row of which event's day."""

    event: str
    day: datetime
    hash: int = 0
    uuid: UUID = _FIRST


@dataclass(frozen=True, slots=True)
class Row:
    """One stored call, with all that writing it anew needs."""

    uuid: UUID
    event: str
    distinct_id: str
    person_id: UUID
    timestamp_us: int
    received_us: int
    properties: str
    entry: str
    hash: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Which calls: of a time, of a model (empty: any), only those without a price."""

    project_id: int
    start: datetime
    end: datetime
    model: str = ""
    only_unpriced: bool = False
    run: int = 0
    """The run that asks; what it has priced already still belongs to it."""

    def conditions(self) -> str:
        """Give what the choice adds to the range."""
        conditions = ["unreadable_properties = ''"]
        if self.model.endswith("*"):
            conditions.append(f"startsWith(lower({MODEL}), %(model)s)")
        elif self.model:
            conditions.append(f"lower({MODEL}) = %(model)s")
        if self.only_unpriced:
            conditions.append(f"({STATUS} = 'unpriced' OR {RUN} = %(run)s)")
        return "".join(f" AND {condition}" for condition in conditions)

    def params(self) -> dict[str, object]:
        """Give the values of the conditions."""
        return {"project_id": self.project_id, "model": self.model.removesuffix("*"), "run": self.run}


def build_count(choice: Choice) -> Statement:
    """Ask how many there are."""
    return Statement(
        f"SELECT count() AS calls {FROM}{choice.conditions()}",
        {**choice.params(), "events": EVENT_NAMES, "start": choice.start, "end": choice.end},
    )


def build_days(choice: Choice) -> Statement:
    """Ask on which days there are any, and of which event."""
    return Statement(
        f"SELECT event, toStartOfDay(timestamp, 'UTC') AS day {FROM}{choice.conditions()} "
        "GROUP BY event, day ORDER BY day, event",
        {**choice.params(), "events": EVENT_NAMES, "start": choice.start, "end": choice.end},
    )


def build_page(choice: Choice, place: Place, limit: int) -> Statement:
    """Ask for the rows after a place; reads on in the order of the table, so a page costs what it holds."""
    day_end = place.day + timedelta(days=1)
    return Statement(
        f"SELECT uuid, event, distinct_id, person_id, toUnixTimestamp64Micro(timestamp) AS timestamp_us, "  # noqa: S608 - words of ours
        f"toUnixTimestamp64Micro(received_at) AS received_us, {properties_json()} AS properties_text, entry, "
        f"cityHash64(distinct_id) AS hash FROM {EVENTS} FINAL "
        "WHERE project_id = %(project_id)s AND event = %(event)s AND toDate(timestamp) = toDate(%(day)s, 'UTC') "
        "AND timestamp >= %(start)s AND timestamp < %(end)s AND cityHash64(distinct_id) >= %(hash)s "
        f"AND (cityHash64(distinct_id) > %(hash)s OR uuid > %(uuid)s){choice.conditions()} "
        "ORDER BY hash, uuid LIMIT %(limit)s",
        {
            **choice.params(),
            "event": place.event,
            "day": place.day,
            "start": max(choice.start, place.day),
            "end": min(choice.end, day_end),
            "hash": place.hash,
            "uuid": place.uuid,
            "limit": limit,
        },
    )


def decode_page(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Read a page."""
    return [
        Row(properties=row["properties_text"], **{k: v for k, v in row.items() if k != "properties_text"})
        for row in rows
    ]
