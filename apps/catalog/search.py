"""Finding definitions in a project's list: by part of the name and by what people wrote. Pure.

A project has some thousands of names at most, so they are sifted here, where what was seen and what was written meet.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from apps.catalog.contracts import EventDefinition, PropertyDefinition

Definition = TypeVar("Definition", EventDefinition, PropertyDefinition)

_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)

_KEYS: Final[dict[str, Callable[[Any], Any]]] = {
    "name": lambda one: (one.name.lower(), one.name),
    "volume_30_day": lambda one: one.volume,
    "last_seen_at": lambda one: one.last_seen or _NEVER,
}


def wanted(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Take what both lists are sifted by out of a request's parameters."""
    return {name: asked[name] for name in ("search", "verified", "hidden", "tag")}


def events(  # noqa: PLR0913 - the fields of a search, by keyword
    found: Iterable[EventDefinition],
    *,
    search: str = "",
    verified: bool | None = None,
    hidden: bool | None = None,
    tag: str = "",
    order: str = "-volume_30_day",
) -> list[EventDefinition]:
    """Sift and order events."""
    return _ordered(_sifted(found, search, verified, hidden, tag), order)


def properties(  # noqa: PLR0913 - as above
    found: Iterable[PropertyDefinition],
    *,
    search: str = "",
    verified: bool | None = None,
    hidden: bool | None = None,
    tag: str = "",
    group_type: str = "",
    kind: str | None = None,
    order: str = "name",
) -> list[PropertyDefinition]:
    """Sift and order properties."""
    kept = (
        one
        for one in _sifted(found, search, verified, hidden, tag)
        if (not group_type or one.group_type == group_type) and (kind is None or one.type == kind)
    )
    return _ordered(kept, order)


def _sifted(
    found: Iterable[Definition],
    search: str,
    verified: bool | None,  # noqa: FBT001 - only called from above, in the order of a search
    hidden: bool | None,  # noqa: FBT001 - as above
    tag: str,
) -> Iterable[Definition]:
    text = search.strip().lower()
    return (
        one
        for one in found
        if text in one.name.lower()
        and (verified is None or one.remarks.is_verified == verified)
        and (hidden is None or one.remarks.is_hidden == hidden)
        and (not tag or tag in one.remarks.tags)
    )


def _ordered(found: Iterable[Definition], order: str) -> list[Definition]:
    """Order; among equals by name."""
    by_name = sorted(found, key=_KEYS["name"])
    return sorted(by_name, key=_KEYS[order.removeprefix("-")], reverse=order.startswith("-"))
