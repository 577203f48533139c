"""How a number develops over time: one scan a series, split and cut to the largest values inside ClickHouse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import FilterGroup
from apps.clickhouse.properties import property_text
from apps.clickhouse.statement import Statement
from apps.query.dates import Period
from apps.query.kinds import buckets
from apps.query.kinds.maths import DISTINCT, Aggregate, aggregate
from apps.query.kinds.source import from_events, in_project, in_range, is_event

OTHER: Final = "$$_posthog_breakdown_other_$$"
"""How answers name the values beyond the limit."""

NULL: Final = "$$_posthog_breakdown_null_$$"
"""How answers name events without the property."""


class Shape(Enum):
    """What a series becomes: a point a bucket, points that add up, or one number."""

    POINTS = "points"
    CUMULATIVE = "cumulative"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class TrendSeries:
    """What one series counts."""

    event: str | None
    filters: FilterGroup
    math: str = "total"
    math_property: str | None = None


@dataclass(frozen=True, slots=True)
class TrendBreakdown:
    """The event property series are split by, and how many of its values are kept apart."""

    key: str
    limit: int
    hide_other: bool = False


@dataclass(frozen=True, slots=True)
class TrendsInput:
    """A trend question with nothing left open."""

    project_id: int
    timezone: str
    starts_monday: bool
    period: Period
    series: tuple[TrendSeries, ...]
    shape: Shape = Shape.POINTS
    breakdown: TrendBreakdown | None = None


@dataclass(frozen=True, slots=True)
class TrendLine:
    """The numbers of one series and, when split, one value; a single number for totals."""

    series: int
    breakdown: str | None
    values: tuple[float, ...]

    @property
    def total(self) -> float:
        """All points together."""
        return sum(self.values)


def build(question: TrendsInput) -> Statement:
    """Ask how often, or by how many people, each series happened in each bucket."""
    bindings = Bindings(question.project_id)
    selects = [_series(question, index, bindings) for index in range(len(question.series))]
    return Statement("\nUNION ALL\n".join(selects), bindings.values)


def decode(rows: Sequence[Mapping[str, object]], question: TrendsInput) -> list[TrendLine]:
    """Put the numbers in their places, empty buckets as zeros; lines by series, then size, the rest last."""
    width = 1 if question.shape is Shape.TOTAL else len(question.period.buckets)
    find = buckets.locator(question.period)
    found: dict[tuple[int, str | None], list[float]] = {}
    if question.breakdown is None:
        found = {(index, None): [0.0] * width for index in range(len(question.series))}
    for row in rows:
        place = 0 if question.shape is Shape.TOTAL else find(row["bucket"])
        if place is None:
            continue
        value = row["breakdown"] if question.breakdown else None
        line = found.setdefault((int(str(row["series"])), None if value is None else str(value)), [0.0] * width)
        line[place] += float(str(row["value"]))
    if question.shape is Shape.CUMULATIVE:
        found = {key: _running(values) for key, values in found.items()}
    lines = [TrendLine(series, value, tuple(values)) for (series, value), values in found.items()]
    return sorted(lines, key=_rank)


def _rank(line: TrendLine) -> tuple[int, int, float, str]:
    last = {NULL: 1, OTHER: 2}.get(line.breakdown or "", 0)
    return line.series, last, -line.total, line.breakdown or ""


def _running(values: list[float]) -> list[float]:
    total, sums = 0.0, []
    for value in values:
        total += value
        sums.append(total)
    return sums


def _series(question: TrendsInput, index: int, bindings: Bindings) -> str:
    series = question.series[index]
    counted = aggregate(series.math, series.math_property)
    source = _source(question, series, counted, bindings)
    if question.shape is Shape.CUMULATIVE and series.math in DISTINCT:
        source, counted = _first_seen(question, source), Aggregate("count")
    if question.breakdown is None:
        return f"SELECT {index} AS series, bucket, {counted.value} AS value\nFROM ({source})\nGROUP BY bucket"
    return _split(index, source, counted, question.breakdown, bindings)


def _source(question: TrendsInput, series: TrendSeries, counted: Aggregate, bindings: Bindings) -> str:
    """Select the rows of a series with their bucket, what is measured of them and, when split, their value."""
    bucket = "0"
    if question.shape is not Shape.TOTAL:
        bucket = buckets.bucket(
            question.period.interval, question.timezone, starts_monday=question.starts_monday, bindings=bindings
        )
    columns = [f"{bucket} AS bucket"]
    if counted.measured:
        columns.append(f"{counted.measured} AS measured")
    if question.breakdown:
        columns.append(f"nullIf({property_text(question.breakdown.key)}, '') AS split")
    where = (
        in_project(),
        is_event(series.event, series.filters, bindings),
        in_range(question.period.start_us, question.period.end_us, bindings),
    )
    return f"SELECT {', '.join(columns)}\n{from_events()}\nWHERE {' AND '.join(where)}"


def _first_seen(question: TrendsInput, source: str) -> str:
    """Keep each actor once (for each value), in the bucket where they first came."""
    value = ", split" if question.breakdown else ""
    return f"SELECT min(bucket) AS bucket{value}\nFROM ({source})\nGROUP BY measured{value}"


def _split(index: int, source: str, counted: Aggregate, breakdown: TrendBreakdown, bindings: Bindings) -> str:
    """Count by value and bucket once, rank the values by size, and merge those beyond the limit."""
    other, null = bindings.bind(OTHER), bindings.bind(NULL)
    cells = f"SELECT split, bucket, {counted.state} AS cell\nFROM ({source})\nGROUP BY split, bucket"
    sized = f"SELECT *, sum({counted.finished('cell')}) OVER (PARTITION BY split) AS size\nFROM ({cells})"
    ranked = f"SELECT *, dense_rank() OVER (ORDER BY isNull(split), size DESC, split) AS place\nFROM ({sized})"
    keep = f"isNull(split) OR place <= {bindings.bind(breakdown.limit)}"
    label = f"multiIf(isNull(split), {null}, place <= {bindings.bind(breakdown.limit)}, assumeNotNull(split), {other})"
    where = f"\nWHERE {keep}" if breakdown.hide_other else ""
    return (
        f"SELECT {index} AS series, breakdown, bucket, {counted.merged('cell')} AS value\n"
        f"FROM (SELECT {label} AS breakdown, bucket, cell\nFROM ({ranked}){where})\nGROUP BY breakdown, bucket"
    )
