"""What a retention question holds, once nothing is left open."""

from dataclasses import dataclass

from apps.catalog.filters.schema import FilterGroup
from apps.query.dates import Period
from apps.query.kinds.source import UNMERGED, Actors, People
from apps.query.kinds.splits import Split
from apps.query.schema.retention import RetentionType


@dataclass(frozen=True, slots=True)
class Entity:
    """Events of a name (None: of any) that pass the filters."""

    event: str | None
    filters: FilterGroup


@dataclass(frozen=True, slots=True)
class RetentionBreakdown:
    """What rows are split by, at the event that begins, and how many values are kept apart."""

    split: Split
    limit: int
    hides_other: bool = False


@dataclass(frozen=True, slots=True)
class RetentionInput:
    """A retention question with nothing left open: a row a bucket of the period, each with `columns` columns."""

    project_id: int
    timezone: str
    period: Period
    columns: int
    target: Entity
    returning: Entity
    kind: RetentionType = RetentionType.RECURRING
    is_cumulative: bool = False
    minimum: int = 1
    breakdown: RetentionBreakdown | None = None
    people: People = UNMERGED
    actors: Actors = UNMERGED
