"""A funnel as its address spells it: read from a query string, written back to one, and put to the query engine."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from django.http import QueryDict

from apps.web.pages.ranges import Range

UNITS: Final = {"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks", "month": "months"}
DEFAULT_WINDOW: Final = 14
MAX_WINDOW: Final = 1000
MIN_STEPS: Final = 2
MAX_STEPS: Final = 20
BREAKDOWN_LIMIT: Final = 5


@dataclass(frozen=True, slots=True)
class FunnelQuestion:
    """Everything the funnels page asks; equal questions have equal addresses."""

    steps: tuple[str, ...] = ()
    range: Range = field(default_factory=lambda: Range("30d"))
    window: int = DEFAULT_WINDOW
    unit: str = "day"
    breakdown: str = ""

    @classmethod
    def read(cls, values: QueryDict) -> "FunnelQuestion":
        """Read a question from an address; what makes no sense becomes the default."""
        chosen = {name: str(value) for name, value in values.dict().items()}
        chosen.setdefault("range", "30d")
        unit = chosen.get("unit", "day")
        return cls(
            steps=tuple(values.getlist("step")[:MAX_STEPS]),
            range=Range.read(chosen),
            window=_window(chosen.get("window", "")),
            unit=unit if unit in UNITS else "day",
            breakdown=chosen.get("breakdown", ""),
        )

    @property
    def is_complete(self) -> bool:
        """Whether there is anything to ask."""
        return len(self.steps) >= MIN_STEPS

    def address(self) -> str:
        """Spell the question as a query string."""
        pairs = [("step", step) for step in self.steps]
        pairs += [*self.range.fields(), ("window", str(self.window)), ("unit", self.unit)]
        if self.breakdown:
            pairs.append(("breakdown", self.breakdown))
        return urlencode(pairs)

    def query(self) -> dict[str, object]:
        """Spell the question for the query engine."""
        query: dict[str, object] = {
            "kind": "FunnelsQuery",
            "series": [{"kind": "EventsNode", "event": step or None} for step in self.steps],
            "dateRange": self.range.query(),
            "funnelsFilter": {"funnelWindowInterval": self.window, "funnelWindowIntervalUnit": self.unit},
        }
        if self.breakdown:
            query["breakdownFilter"] = {
                "breakdown": self.breakdown,
                "breakdown_type": "event",
                "breakdown_limit": BREAKDOWN_LIMIT,
            }
        return query


def _window(text: str) -> int:
    return min(max(int(text), 1), MAX_WINDOW) if text.isdecimal() and text.isascii() else DEFAULT_WINDOW
