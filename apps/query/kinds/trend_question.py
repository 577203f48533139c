"""What a trend question holds, once nothing is left open."""

from dataclasses import dataclass
from enum import Enum

from apps.catalog.filters.schema import FilterGroup
from apps.query.dates import Period
from apps.query.kinds.source import UNMERGED, People


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
    math_property: str | None = None


@dataclass(frozen=True, slots=True)
class TrendBreakdown:
    """The event property series are split by, and how many of its values are kept apart.

    `is_list` says that the question named it in a list, so answers give its value in one too.
    """

    key: str
    limit: int
    hide_other: bool = False
    is_list: bool = False


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
