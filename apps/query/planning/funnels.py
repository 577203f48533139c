"""The plan of a FunnelsQuery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.catalog.filters.operators import Source
from apps.catalog.filters.schema import parse
from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Period
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds import funnel_answer, funnel_times, funnel_trends, funnels
from apps.query.kinds.funnel_question import FunnelBreakdown, FunnelExclusion, FunnelInput, FunnelStep
from apps.query.planning.breakdowns import splits_of
from apps.query.planning.shared import (
    DEFAULT_BREAKDOWN_LIMIT,
    actors_of,
    breakdown_limit,
    check_series,
    common_filters,
    filters_of,
    period_of,
)
from apps.query.schema.funnels import Attribution, FunnelOrder, FunnelsFilter, FunnelsQuery, FunnelViz, WindowUnit
from apps.query.schema.shared import EventsNode

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_UNITS: Final = {
    WindowUnit.SECOND: _SECOND,
    WindowUnit.MINUTE: 60 * _SECOND,
    WindowUnit.HOUR: 3600 * _SECOND,
    WindowUnit.DAY: _DAY,
    WindowUnit.WEEK: 7 * _DAY,
    WindowUnit.MONTH: 30 * _DAY,
}
"""Conversion windows are plain seconds, whatever the clocks do; a month is thirty days."""

DEFAULT_WINDOW: Final = 14
MAX_STEPS: Final = 20
MAX_EXCLUSIONS: Final = 10
_LEAST_STEPS: Final = 2
_FILTER: Final = "query.funnelsFilter"
MAX_WINDOW_US: Final = 100 * 366 * _DAY


@dataclass(frozen=True, slots=True)
class FunnelPlan:
    """One question; what its answer looks like depends on what of the funnel is shown."""

    question: FunnelInput
    nodes: tuple[EventsNode, ...]
    viz: FunnelViz
    bins: int | None = None

    @property
    def period(self) -> Period:
        """The range the question is about."""
        return self.question.period

    @property
    def compared(self) -> Period | None:
        """Funnels are not compared."""
        return None

    def statements(self) -> tuple[Statement, ...]:
        """List what to ask the engine: one statement."""
        if self.viz is FunnelViz.TRENDS:
            return (funnel_trends.build(self.question),)
        if self.viz is FunnelViz.TIME_TO_CONVERT:
            return (funnel_times.build(self.question, self.bins),)
        return (funnels.build(self.question),)

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Write the steps, the conversion over time, or the histogram."""
        if self.viz is FunnelViz.TRENDS:
            lines = funnel_trends.decode(asked[0], self.question)
            return {"results": [funnel_answer.line(line, self.period, is_scalar=self._is_scalar) for line in lines]}
        if self.viz is FunnelViz.TIME_TO_CONVERT:
            return {"results": funnel_answer.histogram(funnel_times.decode(asked[0]))}
        unordered = self.question.order is FunnelOrder.UNORDERED
        groups = funnels.decode(asked[0], self.question)
        written = [
            funnel_answer.steps(group, self.nodes, is_unordered=unordered, is_scalar=self._is_scalar)
            for group in groups
        ]
        if self.question.breakdown is None:
            return {"results": written[0] if written else []}
        return {"results": written}

    @property
    def _is_scalar(self) -> bool:
        """Whether values are shown by themselves: those of groups are, all others stand in a list."""
        split = self.question.breakdown
        return split is not None and len(split.splits) == 1 and split.splits[0].source is Source.GROUP


def plan_funnels(query: FunnelsQuery, scope: Scope) -> FunnelPlan:
    """Fill the defaults of a funnel query and refuse what it asks for in vain."""
    check_series(query)
    shared = common_filters(query)
    wanted = query.funnelsFilter or FunnelsFilter()
    viz = wanted.funnelVizType or FunnelViz.STEPS
    order = wanted.funnelOrderType or FunnelOrder.ORDERED
    _check(query, wanted, viz, order)
    steps = tuple(
        FunnelStep(node.event, filters_of(node, f"query.series.{index}")) for index, node in enumerate(query.series)
    )
    if order is FunnelOrder.UNORDERED:
        _check_unordered(steps)
    first, last = _span(query, wanted)
    question = FunnelInput(
        project_id=scope.project_id,
        people=scope.people,
        actors=actors_of(query.aggregation_group_type_index, scope.people, "query.aggregation_group_type_index"),
        timezone=scope.timezone,
        starts_monday=scope.calendar.week_starts_monday,
        period=period_of(query, scope),
        steps=steps,
        window_us=_window(wanted),
        filters=shared,
        order=order,
        exclusions=_exclusions(query, wanted, order),
        breakdown=None if viz is FunnelViz.TIME_TO_CONVERT else _breakdown(query, wanted),
        first=first,
        last=last,
    )
    return FunnelPlan(question, query.series, viz, _bins(wanted))


def _window(wanted: FunnelsFilter) -> int:
    length = wanted.funnelWindowInterval
    if length is None or length <= 0:
        length = DEFAULT_WINDOW
    return min(length * _UNITS[wanted.funnelWindowIntervalUnit or WindowUnit.DAY], MAX_WINDOW_US)


def _check(query: FunnelsQuery, wanted: FunnelsFilter, viz: FunnelViz, order: FunnelOrder) -> None:
    if len(query.series) > MAX_STEPS:
        raise InvalidQueryError(f"A funnel has {MAX_STEPS} steps at most.", attr="query.series")
    if viz is not FunnelViz.STEPS and len(query.series) < _LEAST_STEPS:
        raise InvalidQueryError("Conversion needs two steps at least.", attr="query.series")
    if viz is FunnelViz.TRENDS and order is FunnelOrder.UNORDERED:
        raise UnsupportedQueryError(
            "Conversion over time is not supported yet for unordered funnels.", attr=f"{_FILTER}.funnelVizType"
        )
    if wanted.funnelAggregateByHogQL not in {None, "", "person_id"}:
        raise UnsupportedQueryError("Only persons can be counted yet.", attr=f"{_FILTER}.funnelAggregateByHogQL")
    if wanted.hideIncompleteConversionWindowPeriods and viz is FunnelViz.TRENDS:
        raise UnsupportedQueryError(
            "Hiding unfinished periods is not supported yet.", attr=f"{_FILTER}.hideIncompleteConversionWindowPeriods"
        )
    for index, node in enumerate(query.series):
        if node.math not in {None, "total"}:
            raise UnsupportedQueryError("Steps with a math are not supported yet.", attr=f"query.series.{index}.math")
        if node.optionalInFunnel:
            raise UnsupportedQueryError(
                "Optional steps are not supported yet.", attr=f"query.series.{index}.optionalInFunnel"
            )


def _check_unordered(steps: tuple[FunnelStep, ...]) -> None:
    """Refuse different steps that one event could fill both: which of them it fills has no one answer."""
    for index, step in enumerate(steps):
        if any(step != other and step.may_share(other) for other in steps[:index]):
            raise UnsupportedQueryError(
                "In an unordered funnel, steps on the same event must be the same or name different events.",
                attr=f"query.series.{index}.event",
            )


def _span(query: FunnelsQuery, wanted: FunnelsFilter) -> tuple[int, int]:
    """Give the steps (counted from 0) between which conversion is measured."""
    end = len(query.series) - 1
    first = wanted.funnelFromStep or 0
    last = end if wanted.funnelToStep is None else wanted.funnelToStep
    if not 0 <= first <= max(end - 1, 0):
        raise InvalidQueryError("No such step to begin with.", attr=f"{_FILTER}.funnelFromStep")
    if not (first < last <= end or end == 0):
        raise InvalidQueryError("Expected a later step of the funnel.", attr=f"{_FILTER}.funnelToStep")
    return first, last


def _bins(wanted: FunnelsFilter) -> int | None:
    if wanted.binCount is None:
        return None
    if not 1 <= wanted.binCount <= funnel_times.MAX_BINS:
        raise InvalidQueryError(f"Expected 1 to {funnel_times.MAX_BINS} bins.", attr=f"{_FILTER}.binCount")
    return wanted.binCount


def _exclusions(query: FunnelsQuery, wanted: FunnelsFilter, order: FunnelOrder) -> tuple[FunnelExclusion, ...]:
    found = []
    if len(wanted.exclusions or ()) > MAX_EXCLUSIONS:
        raise InvalidQueryError(f"A funnel has {MAX_EXCLUSIONS} exclusions at most.", attr=f"{_FILTER}.exclusions")
    end = len(query.series) - 1
    for index, exclusion in enumerate(wanted.exclusions or ()):
        attr = f"{_FILTER}.exclusions.{index}"
        first, last = exclusion.funnelFromStep, exclusion.funnelToStep
        if not 0 <= first < last <= end:
            raise InvalidQueryError(
                "An exclusion lies between an earlier and a later step of the funnel.", attr=f"{attr}.funnelToStep"
            )
        if order is FunnelOrder.UNORDERED and (first, last) != (0, end):
            raise InvalidQueryError(
                "In an unordered funnel an exclusion holds from the first to the last step.",
                attr=f"{attr}.funnelToStep",
            )
        filters = parse(exclusion.properties, f"{attr}.properties")
        found.append(FunnelExclusion(exclusion.event, filters, first, last))
    return tuple(found)


def _breakdown(query: FunnelsQuery, wanted: FunnelsFilter) -> FunnelBreakdown | None:
    splits = splits_of(query.breakdownFilter)
    if not splits:
        return None
    if any(split.bins is not None for split in splits):
        raise UnsupportedQueryError(
            "Funnels are not split into histograms yet.", attr="query.breakdownFilter.breakdown_histogram_bin_count"
        )
    step = wanted.breakdownAttributionValue or 0
    attribution = wanted.breakdownAttributionType or Attribution.FIRST_TOUCH
    if wanted.funnelOrderType is FunnelOrder.UNORDERED and attribution is Attribution.STEP and step != 0:
        raise InvalidQueryError(
            "An unordered funnel attributes to step 0 only.", attr=f"{_FILTER}.breakdownAttributionValue"
        )
    if attribution is Attribution.STEP and not 0 <= step < len(query.series):
        raise InvalidQueryError("No such step.", attr="query.funnelsFilter.breakdownAttributionValue")
    limit = breakdown_limit(query.breakdownFilter) if query.breakdownFilter else DEFAULT_BREAKDOWN_LIMIT
    return FunnelBreakdown(splits, limit, attribution, step)
