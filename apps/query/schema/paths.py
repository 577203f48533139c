"""PathsQuery: where people go from one thing to the next."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from apps.query.schema.shared import CommonFields, Ignored


class PathType(StrEnum):
    """What can be a step of a path: a page, a screen of an app, any event of one's own, or an SQL expression."""

    PAGEVIEW = "$pageview"
    SCREEN = "$screen"
    CUSTOM_EVENT = "custom_event"
    SQL = "hogql"


class PathCleaning(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule that makes several items one: whatever the pattern finds becomes the alias."""

    regex: str
    alias: str
    order: float | None = None


class PathsFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events make up a path, where it begins and ends, and how much of it is shown."""

    includeEventTypes: tuple[PathType, ...] | None = None  # noqa: N815 - the public name
    excludeEvents: tuple[str, ...] | None = None  # noqa: N815 - the public name
    startPoint: str | None = None  # noqa: N815 - the public name
    endPoint: str | None = None  # noqa: N815 - the public name
    pathGroupings: tuple[str, ...] | None = None  # noqa: N815 - the public name
    stepLimit: int | None = None  # noqa: N815 - the public name
    edgeLimit: int | None = None  # noqa: N815 - the public name
    minEdgeWeight: int | None = None  # noqa: N815 - the public name
    maxEdgeWeight: int | None = None  # noqa: N815 - the public name
    localPathCleaningFilters: tuple[PathCleaning, ...] | None = None  # noqa: N815 - the public name
    pathReplacements: bool | None = None  # noqa: N815 - the project's own cleaning rules, of which there are none
    pathsHogQLExpression: str | None = None  # noqa: N815 - the public name
    pathStartKey: Ignored = None  # noqa: N815 - for the people behind an edge, not for its number
    pathEndKey: Ignored = None  # noqa: N815
    pathDropoffKey: Ignored = None  # noqa: N815
    showFullUrls: Ignored = None  # noqa: N815


class PathsQuery(
    CommonFields, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="PathsQuery"
):
    """How many people went from one item straight to another, step by step."""

    pathsFilter: PathsFilter | None = None  # noqa: N815 - the public name
    funnelPathsFilter: Any = None  # noqa: N815 - the public name
