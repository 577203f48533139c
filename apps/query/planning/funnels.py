"""The plan of a FunnelsQuery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Period
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds import funnels
from apps.query.planning.shared import (
    DEFAULT_BREAKDOWN_LIMIT,
    MAX_BREAKDOWNS,
    breakdown_keys,
    breakdown_limit,
    common,
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
MAX_WINDOW_US: Final = 100 * 366 * _DAY


@dataclass(frozen=True, slots=True)
class FunnelPlan:
    """One question; its answer is a list of steps, or of such lists with a breakdown."""

    question: funnels.FunnelInput
    nodes: tuple[EventsNode, ...]

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
        return (funnels.build(self.question),)

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Write the steps, with their people and times."""
        groups = funnels.decode(asked[0], self.question)
        written = [self._steps(group) for group in groups]
        if self.question.breakdown is None:
            return {"results": written[0] if written else []}
        return {"results": written}

    def _steps(self, group: funnels.FunnelGroup) -> list[dict[str, Any]]:
        extra = {} if group.breakdown is None else {"breakdown": group.breakdown, "breakdown_value": group.breakdown}
        return [
            {
                "action_id": node.event,
                "name": node.name or node.event or "All events",
                "custom_name": node.custom_name,
                "order": order,
                "people": [],
                "count": step.count,
                "type": "events",
                "average_conversion_time": step.average,
                "median_conversion_time": step.median,
                **extra,
            }
            for order, (node, step) in enumerate(zip(self.nodes, group.steps, strict=True))
        ]


def plan_funnels(query: FunnelsQuery, scope: Scope) -> FunnelPlan:
    """Fill the defaults of a funnel query and refuse what it asks for in vain."""
    shared = common(query)
    wanted = query.funnelsFilter or FunnelsFilter()
    _refuse_later(query, wanted)
    steps = tuple(
        funnels.FunnelStep(node.event, filters_of(node, f"query.series.{index}"))
        for index, node in enumerate(query.series)
    )
    question = funnels.FunnelInput(
        project_id=scope.project_id,
        period=period_of(query, scope),
        steps=steps,
        window_us=_window(wanted),
        filters=shared,
        breakdown=_breakdown(query, wanted),
    )
    return FunnelPlan(question, query.series)


def _window(wanted: FunnelsFilter) -> int:
    length = wanted.funnelWindowInterval
    if length is None or length <= 0:
        length = DEFAULT_WINDOW
    return min(length * _UNITS[wanted.funnelWindowIntervalUnit or WindowUnit.DAY], MAX_WINDOW_US)


def _refuse_later(query: FunnelsQuery, wanted: FunnelsFilter) -> None:
    _check_exclusions(query, wanted)
    attr = "query.funnelsFilter"
    if wanted.funnelVizType not in {None, FunnelViz.STEPS}:
        raise UnsupportedQueryError("Only funnelVizType steps is supported yet.", attr=f"{attr}.funnelVizType")
    if wanted.funnelOrderType not in {None, FunnelOrder.ORDERED}:
        raise UnsupportedQueryError("Only ordered funnels are supported yet.", attr=f"{attr}.funnelOrderType")
    if wanted.exclusions:
        raise UnsupportedQueryError("Exclusions are not supported yet.", attr=f"{attr}.exclusions")
    if wanted.funnelAggregateByHogQL not in {None, "", "person_id"}:
        raise UnsupportedQueryError("Only persons can be counted yet.", attr=f"{attr}.funnelAggregateByHogQL")
    for index, node in enumerate(query.series):
        if node.math not in {None, "total"}:
            raise UnsupportedQueryError("Steps with a math are not supported yet.", attr=f"query.series.{index}.math")
        if node.optionalInFunnel:
            raise UnsupportedQueryError(
                "Optional steps are not supported yet.", attr=f"query.series.{index}.optionalInFunnel"
            )


def _check_exclusions(query: FunnelsQuery, wanted: FunnelsFilter) -> None:
    for index, exclusion in enumerate(wanted.exclusions or ()):
        if not 0 <= exclusion.funnelFromStep < exclusion.funnelToStep < len(query.series):
            raise InvalidQueryError(
                "An exclusion lies between an earlier and a later step of the funnel.",
                attr=f"query.funnelsFilter.exclusions.{index}.funnelToStep",
            )


def _breakdown(query: FunnelsQuery, wanted: FunnelsFilter) -> funnels.FunnelBreakdown | None:
    keys = breakdown_keys(query.breakdownFilter)
    if not keys:
        return None
    if len(keys) > MAX_BREAKDOWNS:
        raise InvalidQueryError(
            f"A funnel splits by {MAX_BREAKDOWNS} properties at most.", attr="query.breakdownFilter.breakdown"
        )
    step = wanted.breakdownAttributionValue or 0
    attribution = wanted.breakdownAttributionType or Attribution.FIRST_TOUCH
    if attribution is Attribution.STEP and not 0 <= step < len(query.series):
        raise InvalidQueryError("No such step.", attr="query.funnelsFilter.breakdownAttributionValue")
    limit = breakdown_limit(query.breakdownFilter) if query.breakdownFilter else DEFAULT_BREAKDOWN_LIMIT
    return funnels.FunnelBreakdown(keys, limit, attribution, step)
