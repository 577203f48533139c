"""What a funnel question holds, once nothing is left open."""

from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.schema import FilterGroup
from apps.query.dates import Period
from apps.query.kinds.funnel_walk import Word
from apps.query.kinds.source import UNMERGED, Actors, People
from apps.query.kinds.splits import Split
from apps.query.schema.funnels import Attribution, FunnelOrder

OTHER: Final = "Other"
"""How answers name the values beyond the limit."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """Which events fill a step."""

    event: str | None
    filters: FilterGroup

    def may_share(self, other: "FunnelStep") -> bool:
        """Whether one event could fill both."""
        return self.event is None or other.event is None or self.event == other.event


@dataclass(frozen=True, slots=True)
class FunnelBreakdown:
    """The properties actors are split by, and which event's values count."""

    splits: tuple[Split, ...]
    limit: int
    attribution: Attribution = Attribution.FIRST_TOUCH
    step: int = 0


@dataclass(frozen=True, slots=True)
class FunnelExclusion:
    """Which events must not come between two steps (counted from 0)."""

    event: str | None
    filters: FilterGroup
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class FunnelInput:
    """A funnel question with nothing left open; `first` and `last` bound what trends and times look at."""

    project_id: int
    timezone: str
    starts_monday: bool
    period: Period
    steps: tuple[FunnelStep, ...]
    window_us: int
    filters: FilterGroup
    order: FunnelOrder = FunnelOrder.ORDERED
    exclusions: tuple[FunnelExclusion, ...] = ()
    breakdown: FunnelBreakdown | None = None
    first: int = 0
    last: int = 0
    people: People = UNMERGED
    actors: Actors = UNMERGED

    @property
    def word(self) -> Word:
        """How events are packed."""
        return Word.fitting(self.period.end_us - self.period.start_us, len(self.steps), len(self.exclusions))
