"""The plan of a TrendsQuery."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from apps.catalog.filters.schema import FilterGroup
from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Period, previous
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds import trends
from apps.query.kinds.maths import COUNTING, NUMERIC
from apps.query.kinds.trends_answer import Side, answer
from apps.query.planning.shared import all_of, breakdown_keys, breakdown_limit, common, filters_of, period_of
from apps.query.schema.shared import DateRange, EventsNode
from apps.query.schema.trends import TrendsFilter, TrendsQuery

_SHAPES: Final = {
    "ActionsLineGraph": trends.Shape.POINTS,
    "ActionsBar": trends.Shape.POINTS,
    "ActionsUnstackedBar": trends.Shape.POINTS,
    "ActionsStackedBar": trends.Shape.POINTS,
    "ActionsAreaGraph": trends.Shape.POINTS,
    "ActionsLineGraphCumulative": trends.Shape.CUMULATIVE,
    "ActionsBarValue": trends.Shape.TOTAL,
    "ActionsPie": trends.Shape.TOTAL,
    "ActionsTable": trends.Shape.TOTAL,
    "BoldNumber": trends.Shape.TOTAL,
    "WorldMap": trends.Shape.TOTAL,
}
_LATER_MATHS: Final = frozenset(
    {
        "weekly_active",
        "monthly_active",
        "unique_group",
        "first_time_for_user",
        "first_matching_event_for_user",
        "hogql",
        *(f"{name}_count_per_actor" for name in ("avg", "min", "max", "median", "p75", "p90", "p95", "p99")),
    }
)
_WORLD_MAP_LIMIT: Final = 250


@dataclass(frozen=True, slots=True)
class TrendsPlan:
    """One question about the current period and, when compared, the same about an earlier one."""

    questions: tuple[trends.TrendsInput, ...]
    nodes: tuple[EventsNode, ...]

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
            Side(tuple(trends.decode(rows, question)), question.period, name)
            for rows, question, name in zip(asked, self.questions, names, strict=True)
        ]
        has_more = any(line.breakdown == trends.OTHER for side in sides for line in side.lines)
        return {"results": answer(sides, self.nodes, self.questions[0].shape), "hasMore": has_more}


def plan_trends(query: TrendsQuery, scope: Scope) -> TrendsPlan:
    """Fill the defaults of a trends query and refuse what it asks for in vain."""
    shared = common(query)
    shown = query.trendsFilter or TrendsFilter()
    _refuse_later(shown)
    question = trends.TrendsInput(
        project_id=scope.project_id,
        timezone=scope.timezone,
        starts_monday=scope.calendar.week_starts_monday,
        period=period_of(query, scope),
        series=tuple(_series(node, index, shared) for index, node in enumerate(query.series)),
        shape=_shape(shown.display),
        breakdown=_breakdown(query, shown),
    )
    return TrendsPlan((question, *_compared(query, question, scope)), query.series)


def _series(node: EventsNode, index: int, shared: FilterGroup) -> trends.TrendSeries:
    attr = f"query.series.{index}"
    math = node.math or "total"
    if math not in COUNTING | NUMERIC:
        if math in _LATER_MATHS:
            raise UnsupportedQueryError(f"The math {math} is not supported yet.", attr=f"{attr}.math")
        raise InvalidQueryError("Unknown math.", attr=f"{attr}.math")
    if math in NUMERIC:
        _check_property(node, attr)
    filters = all_of(filters_of(node, attr), shared)
    return trends.TrendSeries(node.event, filters, math, node.math_property)


def _check_property(node: EventsNode, attr: str) -> None:
    if not node.math_property:
        raise InvalidQueryError("This math needs a property.", attr=f"{attr}.math_property")
    if node.math_property_type not in {None, "event_properties"}:
        raise UnsupportedQueryError("Only properties of events can be measured yet.", attr=f"{attr}.math_property_type")
    if node.math_property == "$session_duration":
        raise UnsupportedQueryError("Session durations are not supported yet.", attr=f"{attr}.math_property")
    if node.math_multiplier not in {None, 1}:
        raise UnsupportedQueryError("A multiplier is not supported yet.", attr=f"{attr}.math_multiplier")


def _shape(display: str | None) -> trends.Shape:
    shape = _SHAPES.get(display or "ActionsLineGraph")
    if shape is None:
        raise InvalidQueryError("Unknown display.", attr="query.trendsFilter.display")
    return shape


def _refuse_later(shown: TrendsFilter) -> None:
    for name in ("formula", "formulas", "formulaNodes"):
        if getattr(shown, name):
            raise UnsupportedQueryError("Formulas are not supported yet.", attr=f"query.trendsFilter.{name}")
    if shown.smoothingIntervals not in {None, 1}:
        raise UnsupportedQueryError("Smoothing is not supported yet.", attr="query.trendsFilter.smoothingIntervals")


def _breakdown(query: TrendsQuery, shown: TrendsFilter) -> trends.TrendBreakdown | None:
    keys = breakdown_keys(query.breakdownFilter)
    if not keys:
        return None
    if len(keys) > 1 or (query.breakdownFilter and query.breakdownFilter.breakdowns):
        raise UnsupportedQueryError("Trends split by one `breakdown` so far.", attr="query.breakdownFilter.breakdowns")
    limit = breakdown_limit(query.breakdownFilter)
    if shown.display == "WorldMap":
        limit = max(limit, _WORLD_MAP_LIMIT)
    hide = bool(query.breakdownFilter and query.breakdownFilter.breakdown_hide_other_aggregation)
    return trends.TrendBreakdown(keys[0], limit, hide)


def _compared(query: TrendsQuery, question: trends.TrendsInput, scope: Scope) -> list[trends.TrendsInput]:
    if query.compareFilter is None or not query.compareFilter.compare:
        return []
    wanted = query.dateRange or DateRange()
    earlier = previous(
        question.period, wanted.date_from, wanted.date_to, query.compareFilter.compare_to, scope.calendar
    )
    return [replace(question, period=earlier)]
