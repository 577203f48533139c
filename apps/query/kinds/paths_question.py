"""What a question about paths holds, once nothing is left open."""

from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.schema import NO_FILTER, FilterGroup
from apps.query.dates import Period
from apps.query.kinds.source import UNMERGED, Actors
from apps.query.schema.paths import PathType

EVERYTHING: Final = (PathType.PAGEVIEW, PathType.SCREEN, PathType.CUSTOM_EVENT)
"""What paths are made of when nobody says."""

DEFAULT_STEPS: Final = 5
DEFAULT_EDGES: Final = 50


@dataclass(frozen=True, slots=True)
class PathsInput:
    """A question about paths with nothing left open; an empty `start` or `end` means anywhere.

    `cleaning` are pairs of a pattern and what takes its place, used in this order, `groupings` texts in which a star
    stands for anything.
    """

    project_id: int
    period: Period
    types: tuple[PathType, ...] = EVERYTHING
    filters: FilterGroup = NO_FILTER
    excluded: tuple[str, ...] = ()
    cleaning: tuple[tuple[str, str], ...] = ()
    groupings: tuple[str, ...] = ()
    start: str = ""
    end: str = ""
    steps: int = DEFAULT_STEPS
    edges: int = DEFAULT_EDGES
    least: int | None = None
    most: int | None = None
    actors: Actors = UNMERGED
