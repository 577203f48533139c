"""The plan of a StickinessQuery."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from apps.catalog.filters.schema import FilterGroup
from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Period
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds import stickiness
from apps.query.kinds.stickiness import StickinessInput, StickinessSeries
from apps.query.kinds.trends_answer import action_of
from apps.query.planning.shared import (
    actors_of,
    all_of,
    check_series,
    common_filters,
    filters_of,
    no_breakdown,
    period_before,
    period_of,
)
from apps.query.schema.shared import EventsNode
from apps.query.schema.stickiness import Computed, CriteriaOperator, StickinessFilter, StickinessQuery

MAX_WIDTH: Final = 1000
MAX_EVENTS: Final = 1_000_000_000
_PEOPLE: Final = frozenset({None, "total", "dau"})
"""Maths that all mean the same here: people are counted."""


@dataclass(frozen=True, slots=True)
class StickinessPlan:
    """One question about the current period and, when compared, the same about an earlier one."""

    questions: tuple[StickinessInput, ...]
    nodes: tuple[EventsNode, ...]
    unit: str

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
        return tuple(stickiness.build(question) for question in self.questions)

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Write the series of all periods, the current one first."""
        names = ("current", "previous") if len(self.questions) > 1 else (None,)
        return {
            "results": [
                self._series(index, counts, question, name)
                for rows, question, name in zip(asked, self.questions, names, strict=True)
                for index, counts in enumerate(stickiness.decode(rows, question))
            ]
        }

    def _series(
        self, index: int, counts: tuple[int, ...], question: StickinessInput, compared: str | None
    ) -> dict[str, object]:
        node, numbers = self.nodes[index], range(1, question.periods + 1)
        more = " or more" if question.is_cumulative else ""
        return {
            "action": action_of(node, index),
            "label": node.label,
            "count": counts[0] if question.is_cumulative else sum(counts),
            "data": list(counts),
            "days": list(numbers),
            "labels": [f"{number} {self.unit}{'' if number == 1 else 's'}{more}" for number in numbers],
            **({} if compared is None else {"compare": True, "compare_label": compared}),
        }


def plan_stickiness(query: StickinessQuery, scope: Scope) -> StickinessPlan:
    """Fill the defaults of a stickiness query and refuse what it asks for in vain."""
    check_series(query)
    shared, shown = common_filters(query), query.stickinessFilter or StickinessFilter()
    no_breakdown(query, "Stickiness")
    if query.aggregation_group_type_index is not None:
        raise InvalidQueryError(
            "Stickiness counts groups by the math unique_group of a series.", attr="query.aggregation_group_type_index"
        )
    period = period_of(query, scope)
    question = StickinessInput(
        project_id=scope.project_id,
        timezone=scope.timezone,
        period=period,
        series=tuple(_series(node, f"query.series.{index}", shared, scope) for index, node in enumerate(query.series)),
        width=_width(query.intervalCount),
        criteria=_criteria(shown),
        is_cumulative=shown.computedAs is Computed.CUMULATIVE,
    )
    before = period_before(period, query.dateRange, query.compareFilter, scope)
    questions = (question,) if before is None else (question, replace(question, period=before))
    return StickinessPlan(questions, query.series, period.interval.value)


def _series(node: EventsNode, attr: str, shared: FilterGroup, scope: Scope) -> StickinessSeries:
    index = None
    if node.math == "unique_group":
        if node.math_group_type_index is None:
            raise InvalidQueryError("This math needs a type of group.", attr=f"{attr}.math_group_type_index")
        index = node.math_group_type_index
    elif node.math not in _PEOPLE:
        raise UnsupportedQueryError("Stickiness counts people or groups.", attr=f"{attr}.math")
    actors = actors_of(index, scope.people, f"{attr}.math_group_type_index")
    return StickinessSeries(node.event, all_of(filters_of(node, attr), shared), actors)


def _width(count: int | None) -> int:
    width = 1 if count is None else count
    if not 1 <= width <= MAX_WIDTH:
        raise InvalidQueryError(f"Expected 1 to {MAX_WIDTH:,} intervals.", attr="query.intervalCount")
    return width


def _criteria(shown: StickinessFilter) -> tuple[CriteriaOperator, int] | None:
    wanted = shown.stickinessCriteria
    if wanted is None:
        return None
    if not 1 <= wanted.value <= MAX_EVENTS:
        attr = "query.stickinessFilter.stickinessCriteria.value"
        raise InvalidQueryError(f"Expected 1 to {MAX_EVENTS:,} events.", attr=attr)
    return wanted.operator, wanted.value
