"""How a series counts: each math as one ClickHouse aggregate, named so that it also works in partial states."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.places import group_key
from apps.clickhouse.properties import property_text
from apps.query.kinds.source import Actors


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function (with parameters in parentheses where it has some) over a value of each event, or none.

    The value is selected beside the event as `measured`, so that a scan reads no more than that.
    """

    function: str
    measured: str = ""
    parameters: str = ""

    @property
    def value(self) -> str:
        """The number itself; empty groups and non-numbers count 0."""
        return self._finish(f"{self.function}{self.parameters}({self._argument})")

    @property
    def state(self) -> str:
        """The partial state, to be merged later."""
        return f"{self.function}State{self.parameters}({self._argument})"

    def merged(self, state: str) -> str:
        """Give the number of several partial states together."""
        return self._finish(f"{self.function}Merge{self.parameters}({state})")

    def finished(self, state: str) -> str:
        """Give the number of one partial state."""
        return self._finish(f"finalizeAggregation({state})")

    @property
    def _argument(self) -> str:
        return "measured" if self.measured else ""

    @staticmethod
    def _finish(expression: str) -> str:
        return f"ifNull(ifNotFinite(toFloat64({expression}), 0), 0)"


_OF_EVENTS: Final[dict[str, Callable[[Actors], Aggregate]]] = {
    "total": lambda _: Aggregate("count"),
    "dau": lambda actors: Aggregate("uniqExact", actors.actor),
    "unique_session": lambda _: Aggregate("uniqExact", property_text("$session_id")),
}
_OF_PROPERTY: Final[dict[str, Callable[[str], Aggregate]]] = {
    "sum": lambda value: Aggregate("sum", value),
    "avg": lambda value: Aggregate("avg", value),
    "min": lambda value: Aggregate("min", value),
    "max": lambda value: Aggregate("max", value),
    "median": lambda value: Aggregate("quantileExactInclusive", value, "(0.5)"),
    "p75": lambda value: Aggregate("quantileExactInclusive", value, "(0.75)"),
    "p90": lambda value: Aggregate("quantileExactInclusive", value, "(0.9)"),
    "p95": lambda value: Aggregate("quantileExactInclusive", value, "(0.95)"),
    "p99": lambda value: Aggregate("quantileExactInclusive", value, "(0.99)"),
}

_OVER_ACTORS: Final = {
    "avg": Aggregate("avg", "measured"),
    "min": Aggregate("min", "measured"),
    "max": Aggregate("max", "measured"),
    "median": Aggregate("quantileExactInclusive", "measured", "(0.5)"),
    "p75": Aggregate("quantileExactInclusive", "measured", "(0.75)"),
    "p90": Aggregate("quantileExactInclusive", "measured", "(0.9)"),
    "p95": Aggregate("quantileExactInclusive", "measured", "(0.95)"),
    "p99": Aggregate("quantileExactInclusive", "measured", "(0.99)"),
}
_PER_ACTOR_SUFFIX: Final = "_count_per_actor"

ACTIVE_DAYS: Final = {"weekly_active": 7, "monthly_active": 30}
"""Maths that look back: how many days up to and with the bucket."""

FIRST: Final = {"first_time_for_user": False, "first_matching_event_for_user": True}
"""Maths that count first events; true where the filters say which events come into question."""

PER_ACTOR: Final = frozenset(f"{name}{_PER_ACTOR_SUFFIX}" for name in _OVER_ACTORS)
"""Maths over how many events each actor has in a bucket."""

COUNTING: Final = frozenset({*_OF_EVENTS, *ACTIVE_DAYS, *FIRST, *PER_ACTOR})
"""Maths that need no property."""

NUMERIC: Final = frozenset(_OF_PROPERTY)
"""Maths over the numeric values of `math_property`."""

OF_GROUPS: Final = "unique_group"
"""The math that counts the groups of a type."""

DISTINCT: Final = frozenset({"dau", OF_GROUPS})
"""Maths that count an actor once: added up over time, each counts only where first seen."""


OF_ACTORS: Final = frozenset({"dau", *ACTIVE_DAYS, *FIRST, *PER_ACTOR})
"""Maths that look at who acted: an event without an actor does not count."""


def aggregate(math: str, measured: str, actors: Actors, group: int | None = None) -> Aggregate:
    """Give the aggregate of a math; for the numeric ones over the numbers of what is measured (an expression)."""
    if math in _OF_PROPERTY:
        return _OF_PROPERTY[math](measured)
    if math in PER_ACTOR:
        return _OVER_ACTORS[math.removesuffix(_PER_ACTOR_SUFFIX)]
    if math in ACTIVE_DAYS:
        return _OF_EVENTS["dau"](actors)
    if math in FIRST:
        return _OF_EVENTS["total"](actors)
    if math == OF_GROUPS:
        return Aggregate("uniqExact", f"nullIf({group_key(group or 0)}, '')")
    return _OF_EVENTS[math](actors)
