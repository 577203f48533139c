"""The plan of a LifecycleQuery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Period, whole
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds import lifecycle
from apps.query.kinds.lifecycle import LifecycleInput
from apps.query.kinds.trends_answer import action_of
from apps.query.planning.shared import (
    actors_of,
    all_of,
    check_series,
    common_filters,
    filters_of,
    no_breakdown,
    period_of,
)
from apps.query.schema.lifecycle import LifecycleQuery
from apps.query.schema.shared import EventsNode

_PEOPLE: Final = frozenset({None, "total", "dau"})
"""Maths that all mean the same here: actors are counted."""


@dataclass(frozen=True, slots=True)
class LifecyclePlan:
    """One question about one series."""

    question: LifecycleInput
    node: EventsNode

    @property
    def period(self) -> Period:
        """The range the question is about, whole at both ends."""
        return self.question.period

    @property
    def compared(self) -> None:
        """A lifecycle is not compared with an earlier range."""
        return

    def statements(self) -> tuple[Statement, ...]:
        """Ask once."""
        return (lifecycle.build(self.question),)

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Write the four numbers of every period."""
        found, shown = lifecycle.decode(asked[0], self.question), action_of(self.node, 0)
        return {
            "results": [
                {
                    "action": shown,
                    "status": status,
                    "label": f"{self.node.label} - {status}",
                    "count": sum(counts),
                    "data": counts,
                    "days": self.period.days,
                    "labels": self.period.labels,
                }
                for status, counts in found.items()
            ]
        }


def plan_lifecycle(query: LifecycleQuery, scope: Scope) -> LifecyclePlan:
    """Fill the defaults of a lifecycle query and refuse what it asks for in vain."""
    check_series(query)
    shared = common_filters(query)
    no_breakdown(query, "A lifecycle")
    if len(query.series) > 1:
        raise InvalidQueryError("A lifecycle is of one series.", attr="query.series")
    node = query.series[0]
    if node.math not in _PEOPLE:
        raise UnsupportedQueryError("A lifecycle counts people or groups.", attr="query.series.0.math")
    period = whole(period_of(query, scope), scope.calendar)
    question = LifecycleInput(
        project_id=scope.project_id,
        timezone=scope.timezone,
        period=period,
        looked_at=whole(period, scope.calendar, before=1),
        event=node.event,
        filters=all_of(filters_of(node, "query.series.0"), shared),
        actors=actors_of(query.aggregation_group_type_index, scope.people, "query.aggregation_group_type_index"),
    )
    return LifecyclePlan(question, node)
