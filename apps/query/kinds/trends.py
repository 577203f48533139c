"""How a number develops over time: one scan a series, split and cut to the largest values inside ClickHouse."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.clickhouse.statement import Statement
from apps.query.dates import Interval
from apps.query.kinds import buckets, trend_sources, trend_splits
from apps.query.kinds.maths import ACTIVE_DAYS, DISTINCT, FIRST, OF_GROUPS, PER_ACTOR, Aggregate, aggregate
from apps.query.kinds.trend_question import Shape, TrendBreakdown, TrendSeries, TrendsInput
from apps.query.kinds.trend_splits import NO_BIN, NULL, OTHER

LOOKING_BACK: Final = frozenset({Interval.HOUR, Interval.DAY})
"""Intervals at which active people are those of the trailing days; at longer ones those of the bucket."""


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
    bindings = Bindings(question.project_id, has_merges=question.people.has_merges, reach=question.reach)
    selects = [_series(question, index, bindings) for index in range(len(question.series))]
    return Statement("\nUNION ALL\n".join(selects), bindings.values)


def decode(rows: Sequence[Mapping[str, object]], question: TrendsInput) -> list[TrendLine]:
    """Put the numbers in their places, empty buckets as zeros; lines by series, then size, the rest last."""
    width = 1 if question.shape is Shape.TOTAL else len(question.period.buckets)
    find = buckets.locator(question.period)
    found: dict[tuple[int, str | None], list[float]] = {}
    if width > 1:
        buckets.demand_room(len(question.series), question.period)
    if question.breakdown is None:
        found = {(index, None): [0.0] * width for index in range(len(question.series))}
    for row in rows:
        place = 0 if question.shape is Shape.TOTAL else find(row["bucket"])
        if place is None:
            continue
        value = row["breakdown"] if question.breakdown else None
        key = (int(str(row["series"])), None if value is None else str(value))
        if key not in found:
            found[key] = [0.0] * width
            if width > 1:
                buckets.demand_room(len(found), question.period)
        found[key][place] += float(str(row["value"]))
    if question.smoothing > 1 and question.shape is not Shape.TOTAL:
        found = {key: _smoothed(values, question.smoothing) for key, values in found.items()}
    if question.shape is Shape.CUMULATIVE:
        found = {key: _running(values) for key, values in found.items()}
    lines = [TrendLine(series, value, tuple(values)) for (series, value), values in found.items()]
    return sorted(lines, key=rank)


def rank(line: TrendLine) -> tuple[int, int, float, str]:
    """Order lines by series, then size, those without a value and the rest last."""
    last = {NULL: 1, NO_BIN: 1, OTHER: 2}.get(line.breakdown or "", 0)
    return line.series, last, -line.total, line.breakdown or ""


def _smoothed(values: list[float], over: int) -> list[float]:
    """Give the mean of each point and those before it, up to `over` points, rounded down."""
    windows = (values[max(0, index + 1 - over) : index + 1] for index in range(len(values)))
    return [float(math.floor(sum(window) / len(window))) for window in windows]


def _running(values: list[float]) -> list[float]:
    total, sums = 0.0, []
    for value in values:
        total += value
        sums.append(total)
    return sums


def _series(question: TrendsInput, index: int, bindings: Bindings) -> str:
    series = question.series[index]
    measured = trend_sources.measured_by(question, series, bindings)
    counted = aggregate(series.math, measured, question.actors, series.group)
    is_running = question.shape is Shape.CUMULATIVE and series.math in DISTINCT
    if is_running or series.math in PER_ACTOR:
        return _by_actor(question, index, counted, bindings, is_running=is_running)
    source = _source(question, series, counted, bindings)
    if question.breakdown is None:
        return f"SELECT {index} AS series, bucket, {counted.value} AS value\nFROM ({source})\nGROUP BY bucket"
    return _split(index, source, counted, question.breakdown, bindings)


def _source(question: TrendsInput, series: TrendSeries, counted: Aggregate, bindings: Bindings) -> str:
    if question.breakdown is None or question.breakdown.is_plain:
        return _plain_source(question, series, counted, bindings)
    source = _plain_source(question, series, counted, bindings)
    names = ["bucket"] if series.math in FIRST or not counted.measured else ["bucket", "measured"]
    return trend_splits.shown(source, names, question.breakdown, bindings)


def _plain_source(question: TrendsInput, series: TrendSeries, counted: Aggregate, bindings: Bindings) -> str:
    if series.math in FIRST:
        return trend_sources.first_ever(question, series, bindings, of_matching=FIRST[series.math])
    looks_back = question.period.interval in LOOKING_BACK or question.shape is Shape.TOTAL
    if series.math in ACTIVE_DAYS and looks_back:
        return trend_sources.trailing(question, series, bindings)
    return trend_sources.matching(question, series, counted.measured, bindings)


def _by_actor(question: TrendsInput, index: int, counted: Aggregate, bindings: Bindings, *, is_running: bool) -> str:
    """Reduce each actor (under each value) to one row first: where first seen, or how many events a bucket."""
    series = question.series[index]
    who = counted.measured if is_running else question.actors.actor
    source = trend_sources.matching(question, series, who, bindings)
    label = ""
    if is_running and series.math == OF_GROUPS:
        source = f"SELECT *\nFROM ({source})\nWHERE isNotNull(measured)"
    if question.breakdown is not None:
        if not question.breakdown.is_plain:
            source = trend_splits.shown(source, ["bucket", "measured"], question.breakdown, bindings)
        source, label = _labelled(source, question.breakdown, bindings), ", breakdown"
    if is_running:
        rows = f"SELECT min(bucket) AS bucket{label}\nFROM ({source})\nGROUP BY measured{label}"
        counted = Aggregate("count")
    else:
        rows = (
            f"SELECT bucket, events AS measured{label}\nFROM (SELECT bucket{label}, count() AS events\n"
            f"FROM ({source})\nGROUP BY bucket, measured{label})"
        )
    return f"SELECT {index} AS series{label}, bucket, {counted.value} AS value\nFROM ({rows})\nGROUP BY bucket{label}"


def _labelled(source: str, breakdown: TrendBreakdown, bindings: Bindings) -> str:
    """Give each row the value it is shown under; reads the rows once more to find the largest values."""
    largest = (
        f"SELECT assumeNotNull(split)\nFROM ({source})\nWHERE split IS NOT NULL\n"
        f"GROUP BY split ORDER BY count() DESC, split LIMIT {bindings.bind(breakdown.limit)}"
    )
    null, other = bindings.bind(NULL), bindings.bind(OTHER)
    label = f"multiIf(isNull(split), {null}, assumeNotNull(split) IN ({largest}), assumeNotNull(split), {other})"
    where = f"\nWHERE breakdown != {other}" if breakdown.hide_other else ""
    return f"SELECT bucket, measured, {label} AS breakdown\nFROM ({source}){where}"


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
