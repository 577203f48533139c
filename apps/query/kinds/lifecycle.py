"""Who is new, comes again, comes back or stays away: each actor's active periods as one set, each held beside the next.

The set begins a period before the range, since who was active then returns or is dormant in the first one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import FilterGroup
from apps.clickhouse.statement import Statement
from apps.query.dates import Period
from apps.query.kinds import buckets
from apps.query.kinds.source import UNMERGED, Actors, both, from_stored, in_project, in_range, is_event

STATUSES: Final = ("new", "returning", "resurrecting", "dormant")
"""What an actor is in a period, in the order of answers."""

_BEFORE_ALL: Final = -2_208_988_800_000_000
"""The beginning of 1900, in microseconds since 1970: no event is earlier."""


@dataclass(frozen=True, slots=True)
class LifecycleInput:
    """A lifecycle question with nothing left open; `looked_at` is the period with one bucket more at its start."""

    project_id: int
    timezone: str
    period: Period
    looked_at: Period
    event: str | None
    filters: FilterGroup
    actors: Actors = UNMERGED


def build(question: LifecycleInput) -> Statement:
    """Ask how many actors are what in each period; place 1 is the first of the range."""
    bindings = Bindings(question.project_id, reach=(question.looked_at.start_us, question.looked_at.end_us))
    places = bindings.bind(len(question.looked_at.buckets))
    status = "multiIf(at = born, 'new', has(active, at - 1), 'returning', 'resurrecting')"
    here = f"arrayMap(at -> (at, {status}), arrayFilter(at -> at > 0, active))"
    away = f"arrayFilter(at -> at + 1 < {places} AND NOT has(active, at + 1), active)"
    gone = f"arrayMap(at -> (toInt32(at + 1), 'dormant'), {away})"
    births = f"LEFT ANY JOIN ({_born(question, bindings)}) AS births ON actor = who"
    told = (
        f"SELECT arrayJoin(arrayConcat({here}, {gone})) AS told\n"
        f"FROM ({_active(question, bindings)}) AS actors\n{births}"
    )
    return Statement(
        f"SELECT tupleElement(told, 1) AS place, tupleElement(told, 2) AS status, count() AS actors\nFROM ({told})\n"
        "GROUP BY place, status",
        bindings.values,
    )


def decode(rows: Sequence[Mapping[str, object]], question: LifecycleInput) -> dict[str, list[int]]:
    """Give the numbers of each status, period by period; dormant ones are negative."""
    buckets.demand_room(len(STATUSES), question.period)
    found = {status: [0] * len(question.period.buckets) for status in STATUSES}
    for row in rows:
        status, actors = str(row["status"]), int(str(row["actors"]))
        found[status][int(str(row["place"])) - 1] = -actors if status == "dormant" else actors
    return found


def _active(question: LifecycleInput, bindings: Bindings) -> str:
    """Select each actor and the set of their active places, 0 for the period before the range."""
    actors, looked_at = question.actors, question.looked_at
    place = buckets.place(looked_at, question.timezone, bindings)
    where = both(_matching(question, bindings), in_range(looked_at.start_us, looked_at.end_us, bindings))
    return (
        f"SELECT {actors.actor} AS actor, groupUniqArray({place}) AS active\n{actors.from_events()}\n"
        f"WHERE {where}\nGROUP BY actor"
    )


def _matching(question: LifecycleInput, bindings: Bindings) -> str:
    return both(in_project(), is_event(question.event, question.filters, bindings), question.actors.is_known)


def _born(question: LifecycleInput, bindings: Bindings) -> str:
    """Select the place where each actor was made who was made in the range; who has no record, by their first event."""
    actors, looked_at = question.actors, question.looked_at
    born = buckets.place(looked_at, question.timezone, bindings, "created_at")
    told = f"SELECT known AS who, created_at\nFROM ({actors.created()})"
    within = in_range(looked_at.start_us, looked_at.end_us, bindings)
    told_of = f"SELECT known\nFROM ({actors.created()})"
    where = both(_matching(question, bindings), within, f"{actors.actor} NOT IN ({told_of})")
    unknown = f"SELECT DISTINCT {actors.actor} AS who\n{actors.from_stored()}\nWHERE {where}"
    # All of history is read only if somebody without a record was active.
    are_some = f"(SELECT count()\nFROM ({unknown})) > 0"
    before = in_range(_BEFORE_ALL, looked_at.end_us, bindings)
    rows = (
        f"{from_stored()}\nWHERE {both(in_project(), before, are_some, f'{actors.own} IN ({unknown})')}\nGROUP BY who"
    )
    first = f"SELECT {actors.own} AS who, min(timestamp) AS created_at\n{rows}"
    return f"SELECT who, {born} AS born\nFROM ({told}\nUNION ALL\n{first})\nWHERE born > 0"
