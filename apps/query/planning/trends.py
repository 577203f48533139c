"""The plan of a TrendsQuery."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from apps.catalog.filters.operators import Source
from apps.catalog.filters.schema import FilterGroup, check_key, group_index
from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Interval, Period, previous
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds import formulas, trends
from apps.query.kinds.maths import ACTIVE_DAYS, COUNTING, NUMERIC, OF_GROUPS
from apps.query.kinds.splits import Split
from apps.query.kinds.trend_formulas import NamedFormula, evaluate
from apps.query.kinds.trend_question import Shape, TrendBreakdown, TrendSeries, TrendsInput
from apps.query.kinds.trend_splits import OTHER
from apps.query.kinds.trends_answer import Side, answer, formula_answer
from apps.query.planning.breakdowns import splits_of
from apps.query.planning.shared import (
    actors_of,
    all_of,
    breakdown_limit,
    check_series,
    common_filters,
    filters_of,
    period_of,
)
from apps.query.schema.shared import DateRange, EventsNode
from apps.query.schema.trends import TrendsFilter, TrendsQuery

_SHAPES: Final = {
    "ActionsLineGraph": Shape.POINTS,
    "ActionsBar": Shape.POINTS,
    "ActionsUnstackedBar": Shape.POINTS,
    "ActionsStackedBar": Shape.POINTS,
    "ActionsAreaGraph": Shape.POINTS,
    "ActionsLineGraphCumulative": Shape.CUMULATIVE,
    "ActionsBarValue": Shape.TOTAL,
    "ActionsPie": Shape.TOTAL,
    "ActionsTable": Shape.TOTAL,
    "BoldNumber": Shape.TOTAL,
    "WorldMap": Shape.TOTAL,
}
_LATER_MATHS: Final = frozenset({"hogql"})
_MEASURED: Final = {
    "event_properties": Source.EVENT,
    "person_properties": Source.PERSON,
    "session_properties": Source.SESSION,
}
_WORLD_MAP_LIMIT: Final = 250
MAX_SMOOTHING: Final = 365
MAX_FORMULAS: Final = 20


@dataclass(frozen=True, slots=True)
class TrendsPlan:
    """One question about the current period and, when compared, the same about an earlier one."""

    questions: tuple[TrendsInput, ...]
    nodes: tuple[EventsNode, ...]
    formulas: tuple[NamedFormula, ...] = ()

    @property
    def period(self) -> Period:
        """The range the question is about."""
        return self.questions[0].period

    @property
    def compared(self) -> Period | None:
        """The earlier range it is compared with, if it is."""
        return self.questions[1].period if len(self.questions) > 1 else None

    def statements(self) -> tuple[Statement, ...]:
        """List what to ask the engine: one statement a period."""
        return tuple(trends.build(question) for question in self.questions)

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Write the series of all periods, the current one first."""
        names = ("current", "previous") if len(self.questions) > 1 else (None,)
        sides = [
            Side(tuple(self._lines(rows, question)), question.period, name)
            for rows, question, name in zip(asked, self.questions, names, strict=True)
        ]
        has_more = any(line.breakdown == OTHER for side in sides for line in side.lines)
        shape = self.questions[0].shape
        split = self.questions[0].breakdown
        if self.formulas:
            written = formula_answer(sides, self.formulas, shape, split)
        else:
            written = answer(sides, self.nodes, shape, split)
        return {"results": written, "hasMore": has_more}

    def _lines(self, rows: Rows, question: TrendsInput) -> list[trends.TrendLine]:
        lines = trends.decode(rows, question)
        return evaluate(self.formulas, lines) if self.formulas else lines


def plan_trends(query: TrendsQuery, scope: Scope) -> TrendsPlan:
    """Fill the defaults of a trends query and refuse what it asks for in vain."""
    check_series(query)
    shared = common_filters(query)
    shown = query.trendsFilter or TrendsFilter()
    question = TrendsInput(
        project_id=scope.project_id,
        people=scope.people,
        actors=actors_of(query.aggregation_group_type_index, scope.people, "query.aggregation_group_type_index"),
        timezone=scope.timezone,
        starts_monday=scope.calendar.week_starts_monday,
        period=period_of(query, scope),
        series=tuple(_series(node, index, shared) for index, node in enumerate(query.series)),
        shape=_shape(shown.display),
        breakdown=_breakdown(query, shown),
        smoothing=_smoothing(shown),
    )
    _check_active(question)
    return TrendsPlan((question, *_compared(query, question, scope)), query.series, _formulas(query, shown))


def _series(node: EventsNode, index: int, shared: FilterGroup) -> TrendSeries:
    attr = f"query.series.{index}"
    math = node.math or "total"
    if math not in COUNTING | NUMERIC | {OF_GROUPS}:
        if math in _LATER_MATHS:
            raise UnsupportedQueryError(f"The math {math} is not supported yet.", attr=f"{attr}.math")
        raise InvalidQueryError("Unknown math.", attr=f"{attr}.math")
    filters = all_of(filters_of(node, attr), shared)
    group = group_index(node.math_group_type_index, f"{attr}.math_group_type_index") if math == OF_GROUPS else None
    return TrendSeries(node.event, filters, math, _measured(node, attr) if math in NUMERIC else None, group)


def _check_active(question: TrendsInput) -> None:
    """Refuse active people where the contract leaves open what they are."""
    for index, series in enumerate(question.series):
        if series.math not in ACTIVE_DAYS or question.shape is Shape.TOTAL:
            continue
        attr = f"query.series.{index}.math"
        if question.shape is Shape.CUMULATIVE:
            raise UnsupportedQueryError("Active people do not add up over time.", attr=attr)
        if question.period.interval is Interval.MINUTE:
            raise UnsupportedQueryError("Active people are counted by the hour at least.", attr=attr)
        if series.math == "monthly_active" and question.period.interval is Interval.WEEK:
            raise UnsupportedQueryError("Monthly active people are not supported yet by week.", attr=attr)


def _measured(node: EventsNode, attr: str) -> Split:
    """Say what a numeric math is over."""
    if not node.math_property:
        raise InvalidQueryError("This math needs a property.", attr=f"{attr}.math_property")
    kind = node.math_property_type or "event_properties"
    if kind not in _MEASURED:
        raise UnsupportedQueryError(
            "Only properties of events, persons and sessions can be measured yet.", attr=f"{attr}.math_property_type"
        )
    source = Source.SESSION if node.math_property == "$session_duration" else _MEASURED[kind]
    check_key(source, node.math_property, f"{attr}.math_property")
    if node.math_multiplier not in {None, 1}:
        raise UnsupportedQueryError("A multiplier is not supported yet.", attr=f"{attr}.math_multiplier")
    return Split(node.math_property, source)


def _shape(display: str | None) -> Shape:
    shape = _SHAPES.get(display or "ActionsLineGraph")
    if shape is None:
        raise InvalidQueryError("Unknown display.", attr="query.trendsFilter.display")
    return shape


def _smoothing(shown: TrendsFilter) -> int:
    points = 1 if shown.smoothingIntervals is None else shown.smoothingIntervals
    if not 1 <= points <= MAX_SMOOTHING:
        raise InvalidQueryError(f"Expected 1 to {MAX_SMOOTHING} points.", attr="query.trendsFilter.smoothingIntervals")
    return points


def _formulas(query: TrendsQuery, shown: TrendsFilter) -> tuple[NamedFormula, ...]:
    """Read the formulas; the newest notation takes precedence."""
    attr, count = "query.trendsFilter", len(query.series)
    if shown.formulaNodes:
        texts = [
            (node.formula, node.custom_name, f"{attr}.formulaNodes.{index}.formula")
            for index, node in enumerate(shown.formulaNodes)
        ]
    elif shown.formulas:
        texts = [(text, None, f"{attr}.formulas.{index}") for index, text in enumerate(shown.formulas)]
    else:
        texts = [(shown.formula, None, f"{attr}.formula")] if shown.formula else []
    if len(texts) > MAX_FORMULAS:
        raise InvalidQueryError(f"Expected {MAX_FORMULAS} formulas at most.", attr=attr)
    return tuple(NamedFormula(formulas.parse(text, count, path), name) for text, name, path in texts)


def _breakdown(query: TrendsQuery, shown: TrendsFilter) -> TrendBreakdown | None:
    wanted = query.breakdownFilter
    splits = splits_of(wanted)
    if wanted is None or not splits:
        return None
    is_list = bool(wanted.breakdowns) or isinstance(wanted.breakdown, tuple)
    limit = breakdown_limit(wanted)
    if shown.display == "WorldMap":
        limit = max(limit, _WORLD_MAP_LIMIT)
    # Every bin of a histogram is shown, and one for what is no number.
    limit = max([limit, *(split.bins + 1 for split in splits if split.bins is not None and len(splits) == 1)])
    return TrendBreakdown(splits, limit, bool(wanted.breakdown_hide_other_aggregation), is_list)


def _compared(query: TrendsQuery, question: TrendsInput, scope: Scope) -> list[TrendsInput]:
    if query.compareFilter is None or not query.compareFilter.compare:
        return []
    wanted = query.dateRange or DateRange()
    earlier = previous(
        question.period, wanted.date_from, wanted.date_to, query.compareFilter.compare_to, scope.calendar
    )
    return [replace(question, period=earlier)]
