"""Which prices held when."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from apps.llm.pricing.rates import Rates

_DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_EPOCH: Final = date(1970, 1, 1)
_THURSDAY: Final = 3
"""The day of the week 1970 began with, Monday being 0."""

FOREVER: Final = 1 << 62


class Window(Struct, frozen=True):
    """Hours of some days of the week, by a clock so many minutes ahead of UTC; never on the days left out."""

    hours: tuple[tuple[int, int], ...]
    """From and until, in minutes since midnight; the end is outside."""
    weekdays: frozenset[int] = frozenset(range(7))
    """0 is Monday."""
    ahead_minutes: int = 0
    left_out: frozenset[date] = frozenset()

    def holds(self, moment_us: int) -> bool:
        """Say whether a moment (microseconds since 1970) lies in it."""
        days, of_day = divmod(moment_us + self.ahead_minutes * _MINUTE_US, _DAY_US)
        if (days + _THURSDAY) % 7 not in self.weekdays:
            return False
        minute = of_day // _MINUTE_US
        if not any(start <= minute < end for start, end in self.hours):
            return False
        return not self.left_out or _EPOCH + timedelta(days=days) not in self.left_out


class Rule(Struct, frozen=True):
    """Prices and when they hold: from a moment until another (outside), and within a window if there is one."""

    rates: Rates
    start_us: int = -FOREVER
    end_us: int = FOREVER
    window: Window | None = None

    def holds(self, moment_us: int) -> bool:
        """Say whether the prices hold at a moment."""
        return self.start_us <= moment_us < self.end_us and (self.window is None or self.window.holds(moment_us))


RatesAt = Callable[[int], Rates | None]


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of one model of one provider over time, and where they are from."""

    provider: str
    model: str
    source: str
    """`package`, `overlay`, `project`."""
    version: str
    """What to look at to see the prices themselves."""
    at: RatesAt = field(repr=False)
    """The prices at a moment; None when there were none."""


def by_rules(rules: tuple[Rule, ...]) -> RatesAt:
    """Read prices off rules: of those that hold, the last one."""
    if len(rules) == 1 and rules[0].window is None and rules[0].start_us == -FOREVER and rules[0].end_us == FOREVER:
        return always(rules[0].rates)
    backwards = rules[::-1]

    def at(moment_us: int) -> Rates | None:
        for rule in backwards:
            if rule.holds(moment_us):
                return rule.rates
        return None

    return at


def always(rates: Rates) -> RatesAt:
    """Give the same prices at every moment."""
    return lambda _moment_us: rates
