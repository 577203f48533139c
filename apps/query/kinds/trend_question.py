"""What a trend question holds, once nothing is left open."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from apps.catalog.filters.schema import FilterGroup
from apps.query.dates import Period
from apps.query.kinds.maths import FIRST
from apps.query.kinds.source import UNMERGED, Actors, People
from apps.query.kinds.splits import Split

LOOKS_BACK_US: Final = 31 * 86_400 * 1_000_000
"""How far before the range a bucket may look, for active people of the month, and some."""


class Shape(Enum):
    """What a series becomes: a point a bucket, points that add up, or one number."""

    POINTS = "points"
    CUMULATIVE = "cumulative"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class TrendSeries:
    """What one series counts."""

    event: str | None
    filters: FilterGroup
    math: str = "total"
    measured: Split | None = None
    """The property that numeric maths are over; of a session each counts once."""
    group: int | None = None
    """The type of group that is counted, where groups are."""


@dataclass(frozen=True, slots=True)
class TrendBreakdown:
    """The properties series are split by, and how many of their values are kept apart.

    `is_list` says that the question named them in a list, so answers give their values in one too.
    """

    splits: tuple[Split, ...]
    limit: int
    hide_other: bool = False
    is_list: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is one property, taken as it is."""
        return len(self.splits) == 1 and self.splits[0].bins is None


@dataclass(frozen=True, slots=True)
class TrendsInput:
    """A trend question with nothing left open; `smoothing` is over how many points to take the trailing mean."""

    project_id: int
    timezone: str
    starts_monday: bool
    period: Period
    series: tuple[TrendSeries, ...]
    shape: Shape = Shape.POINTS
    breakdown: TrendBreakdown | None = None
    smoothing: int = 1
    people: People = UNMERGED
    actors: Actors = UNMERGED

    @property
    def reach(self) -> tuple[int, int] | None:
        """From when to when events are read; None where it is all that happened before."""
        if any(series.math in FIRST for series in self.series):
            return None
        return self.period.start_us - LOOKS_BACK_US, self.period.end_us
