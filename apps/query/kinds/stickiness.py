"""How often people come: the periods of a range each actor was active in, and how many actors have how many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import FilterGroup
from apps.clickhouse.statement import Statement
from apps.query.dates import Period
from apps.query.kinds import buckets
from apps.query.kinds.source import Actors, both, in_project, in_range, is_event
from apps.query.schema.stickiness import CriteriaOperator

_SIGNS: Final = {CriteriaOperator.GTE: ">=", CriteriaOperator.LTE: "<=", CriteriaOperator.EXACT: "="}


@dataclass(frozen=True, slots=True)
class StickinessSeries:
    """Which events make whom active."""

    event: str | None
    filters: FilterGroup
    actors: Actors


@dataclass(frozen=True, slots=True)
class StickinessInput:
    """A stickiness question with nothing left open; `width` buckets together are one period."""

    project_id: int
    timezone: str
    period: Period
    series: tuple[StickinessSeries, ...]
    width: int = 1
    criteria: tuple[CriteriaOperator, int] | None = None
    is_cumulative: bool = False

    @property
    def periods(self) -> int:
        """How many periods the range holds, the last perhaps not whole."""
        return -(-len(self.period.buckets) // self.width)


def build(question: StickinessInput) -> Statement:
    """Ask how many actors of each series were active in how many periods."""
    bindings = Bindings(question.project_id, reach=(question.period.start_us, question.period.end_us))
    selects = [_series(question, index, bindings) for index in range(len(question.series))]
    return Statement("\nUNION ALL\n".join(selects), bindings.values)


def decode(rows: Sequence[Mapping[str, object]], question: StickinessInput) -> list[tuple[int, ...]]:
    """Give, for each series, the actors active in one period, in two and so on; cumulative: or in more."""
    buckets.demand_room(len(question.series), question.period)
    found = [[0] * question.periods for _ in question.series]
    for row in rows:
        found[int(str(row["series"]))][int(str(row["periods"])) - 1] = int(str(row["actors"]))
    if question.is_cumulative:
        found = [[sum(counts[index:]) for index in range(len(counts))] for counts in found]
    return [tuple(counts) for counts in found]


def _series(question: StickinessInput, index: int, bindings: Bindings) -> str:
    series, period = question.series[index], question.period
    place = buckets.place(period, question.timezone, bindings)
    if question.width > 1:
        place = f"intDiv({place}, {bindings.bind(question.width)})"
    where = both(
        in_project(),
        is_event(series.event, series.filters, bindings),
        in_range(period.start_us, period.end_us, bindings),
        series.actors.is_known,
    )
    events = f"SELECT {series.actors.actor} AS actor, {place} AS place\n{series.actors.from_events()}\nWHERE {where}"
    times = "uniqExact(place)"
    if question.criteria is not None:
        operator, value = question.criteria
        enough = f"count() {_SIGNS[operator]} {bindings.bind(value)}"
        events = f"SELECT actor, place\nFROM ({events})\nGROUP BY actor, place\nHAVING {enough}"
        times = "count()"
    actors = f"SELECT {times} AS periods\nFROM ({events})\nGROUP BY actor"
    return f"SELECT {index} AS series, periods, count() AS actors\nFROM ({actors})\nGROUP BY periods"
