"""A trend as its address spells it: read from a query string, written back to one, and put to the query engine."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from django.http import QueryDict

from apps.web.pages.ranges import Range

MATHS: Final = {
    "total": "Total count",
    "dau": "Unique users",
    "unique_session": "Unique sessions",
    "sum": "Sum of",
    "avg": "Average of",
    "median": "Median of",
    "p95": "95th percentile of",
    "min": "Smallest",
    "max": "Largest",
}
MEASURING: Final = frozenset(MATHS) - {"total", "dau", "unique_session"}
"""Maths that need a property to measure."""

INTERVALS: Final = {"hour": "Hour", "day": "Day", "week": "Week", "month": "Month"}
CHARTS: Final = {"line": "Line", "area": "Area", "bar": "Bar"}
MAX_SERIES: Final = 10
BREAKDOWN_LIMIT: Final = 10
"""A chart of more lines than this says nothing; the rest is shown as one."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a trend: which events (empty: all), counted how."""

    event: str = ""
    math: str = "total"
    measured: str = ""

    @property
    def title(self) -> str:
        """Name the line."""
        name = self.event or "All events"
        match self.math:
            case "total":
                return name
            case "dau":
                return f"{name}, users"
            case "unique_session":
                return f"{name}, sessions"
            case _:
                return f"{name}, {MATHS[self.math].lower()} {self.measured}"

    def node(self) -> dict[str, object]:
        """Spell the series for the query engine."""
        node: dict[str, object] = {
            "kind": "EventsNode",
            "event": self.event or None,
            "custom_name": self.title,
            "math": self.math,
        }
        return node | ({"math_property": self.measured} if self.math in MEASURING else {})


@dataclass(frozen=True, slots=True)
class TrendQuestion:
    """Everything the trends page asks; equal questions have equal addresses."""

    series: tuple[Series, ...] = (Series(),)
    range: Range = field(default_factory=Range)
    interval: str = "day"
    breakdown: str = ""
    chart: str = "line"
    compare: bool = False

    @classmethod
    def read(cls, values: QueryDict) -> "TrendQuestion":
        """Read a question from an address; what makes no sense becomes the default."""
        plain = values.dict()
        chosen = {name: str(value) for name, value in plain.items()}
        span = Range.read(chosen)
        fallback = "hour" if span.name in {"today", "yesterday", "24h"} else "day"
        return cls(
            series=_series(values) or (Series(),),
            range=span,
            interval=_one_of(chosen.get("interval", ""), INTERVALS, fallback),
            breakdown=chosen.get("breakdown", ""),
            chart=_one_of(chosen.get("chart", ""), CHARTS, "line"),
            compare=chosen.get("compare") == "1",
        )

    def address(self) -> str:
        """Spell the question as a query string."""
        pairs: list[tuple[str, str]] = []
        for series in self.series:
            pairs += [("event", series.event), ("math", series.math), ("property", series.measured)]
        pairs += [*self.range.fields(), ("interval", self.interval), ("chart", self.chart)]
        if self.breakdown:
            pairs.append(("breakdown", self.breakdown))
        if self.compare:
            pairs.append(("compare", "1"))
        return urlencode(pairs)

    def query(self) -> dict[str, object]:
        """Spell the question for the query engine."""
        query: dict[str, object] = {
            "kind": "TrendsQuery",
            "series": [series.node() for series in self.series],
            "dateRange": self.range.query(),
            "interval": self.interval,
        }
        if self.breakdown:
            query["breakdownFilter"] = {
                "breakdown": self.breakdown,
                "breakdown_type": "event",
                "breakdown_limit": BREAKDOWN_LIMIT,
            }
        if self.compare:
            query["compareFilter"] = {"compare": True}
        return query


def _series(values: QueryDict) -> tuple[Series, ...]:
    events, maths, properties = (values.getlist(name)[:MAX_SERIES] for name in ("event", "math", "property"))
    found = []
    for index, event in enumerate(events):
        math = _one_of(maths[index] if index < len(maths) else "", MATHS, "total")
        measured = properties[index] if index < len(properties) and math in MEASURING else ""
        found.append(Series(event, math, measured))
    return tuple(found)


def _one_of(value: str, known: dict[str, str], default: str) -> str:
    return value if value in known else default
