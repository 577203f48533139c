"""The notation of property filters: `{"key", "value", "operator", "type"}` and groups of them under AND and OR.

The shapes are PostHog's public ones. Parsing is bounded in depth, number and length, so that a filter from outside
can be trusted to become a small SQL text.
"""

import math
from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from apps.catalog.filters.errors import InvalidFilterError, UnsupportedFilterError
from apps.catalog.filters.moments import span
from apps.catalog.filters.operators import (
    DATES,
    ELEMENT_KEYS,
    METADATA_KEYS,
    MOST_GROUP_TYPES,
    NEEDS_NO_VALUE,
    NUMERIC,
    OTHER_TYPES,
    PATTERNS,
    RANGES,
    SYNONYMS,
    Operator,
    Source,
    is_session_key,
)
from apps.catalog.filters.texts import number_text

MAX_DEPTH: Final = 8
MAX_FILTERS: Final = 100
MAX_VALUES: Final = 1000
MAX_KEY_LENGTH: Final = 400
MAX_VALUE_LENGTH: Final = 8192
MAX_PATTERN_LENGTH: Final = 1000


_LEAF_FIELDS: Final = frozenset({"key", "value", "operator", "type", "label", "group_type_index", "group_key_names"})
_GROUP_FIELDS: Final = frozenset({"type", "values"})


class PropertyFilter(Struct, frozen=True):
    """One comparison of a property; any of `values` may match, none of them for the negated operators.

    `number` is what numbers are compared with, `bounds` the first and last number (or, for dates, microsecond since
    1970) of a range, `group_index` which type of group is meant.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()
    number: float = 0.0
    source: Source = Source.EVENT
    group_index: int | None = None
    bounds: tuple[float, float] = (0, 0)


class FilterGroup(Struct, frozen=True):
    """Several filters joined by AND or by OR; without filters it lets everything through."""

    is_all: bool
    filters: "tuple[PropertyFilter | FilterGroup, ...]" = ()


Filter = PropertyFilter | FilterGroup
NO_FILTER: Final = FilterGroup(is_all=True)


def leaves(node: Filter) -> Iterator[PropertyFilter]:
    """List the comparisons of a filter."""
    if isinstance(node, PropertyFilter):
        yield node
    else:
        for child in node.filters:
            yield from leaves(child)


def parse(raw: object, attr: str) -> FilterGroup:
    """Read what a query holds under `properties`: nothing, a list (all must hold) or a group.

    Raises InvalidFilterError or UnsupportedFilterError whose `attr` starts with the path handed in.
    """
    reader = _Reader()
    match raw:
        case None:
            return NO_FILTER
        case list() | tuple():
            return FilterGroup(is_all=True, filters=reader.many(raw, attr, 1))
        case dict() if "values" in raw:
            return reader.group(raw, attr, 1)
        case dict() if not raw:
            return NO_FILTER
        case _:
            raise InvalidFilterError("Expected a list of filters or a group with type and values.", attr=attr)


def as_text(value: object, attr: str) -> str:
    """Write a filter's value as the text that the engine writes for an equal property."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return number_text(value)
        case str() if len(value) <= MAX_VALUE_LENGTH:
            return _clean(value, attr)
        case str():
            raise InvalidFilterError(f"A value may have {MAX_VALUE_LENGTH} characters at most.", attr=attr)
        case _:
            raise InvalidFilterError("Expected text, a number, true or false.", attr=attr)


class _Reader:
    """Walks one filter tree and counts its leaves."""

    def __init__(self) -> None:
        self.count = 0

    def many(self, raw: object, attr: str, depth: int) -> tuple[Filter, ...]:
        if not isinstance(raw, list | tuple):
            raise InvalidFilterError("Expected a list of filters.", attr=attr)
        if depth > MAX_DEPTH:
            raise InvalidFilterError(f"Filters may be nested {MAX_DEPTH} deep at most.", attr=attr)
        return tuple(self.one(item, f"{attr}.{index}", depth) for index, item in enumerate(raw))

    def one(self, raw: object, attr: str, depth: int) -> Filter:
        if not isinstance(raw, dict):
            raise InvalidFilterError("Expected a filter object.", attr=attr)
        self.count += 1
        if self.count > MAX_FILTERS:
            raise InvalidFilterError(f"A query may have {MAX_FILTERS} filters at most.", attr=attr)
        return self.group(raw, attr, depth + 1) if "values" in raw else _leaf(raw, attr)

    def group(self, raw: dict[str, object], attr: str, depth: int) -> FilterGroup:
        _refuse_unknown(raw, _GROUP_FIELDS, attr)
        kind = raw.get("type")
        if kind not in ("AND", "OR"):
            raise InvalidFilterError("The type of a group is AND or OR.", attr=f"{attr}.type")
        return FilterGroup(is_all=kind == "AND", filters=self.many(raw["values"], f"{attr}.values", depth))


def _leaf(raw: dict[str, object], attr: str) -> PropertyFilter:
    source = _source(raw.get("type", "event"), f"{attr}.type")
    _refuse_unknown(raw, _LEAF_FIELDS, attr)
    key = raw.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidFilterError(f"Expected a property name of 1 to {MAX_KEY_LENGTH} characters.", attr=f"{attr}.key")
    operator = _operator(raw.get("operator"), f"{attr}.operator")
    _clean(key, f"{attr}.key")
    check_key(source, key, f"{attr}.key")
    index = group_index(raw.get("group_type_index"), f"{attr}.group_type_index") if source is Source.GROUP else None
    bare = PropertyFilter(key, operator, source=source, group_index=index)
    if operator in NEEDS_NO_VALUE:
        return bare
    value, value_attr = raw.get("value"), f"{attr}.value"
    if operator in NUMERIC:
        return replace(bare, number=_number(value, value_attr))
    if operator in RANGES:
        return replace(bare, bounds=_range(value, value_attr))
    if operator in DATES:
        return replace(bare, bounds=_day(value, value_attr))
    values = _texts(value, value_attr)
    if operator in PATTERNS:
        _check_patterns(values, value_attr)
    return replace(bare, values=values)


def _source(kind: object, attr: str) -> Source:
    if kind is None:
        return Source.EVENT
    if isinstance(kind, str) and kind in OTHER_TYPES:
        raise UnsupportedFilterError(f"Filters of type {kind} are not supported yet.", attr=attr)
    if not isinstance(kind, str) or kind not in set(Source):
        raise InvalidFilterError("Unknown type of filter.", attr=attr)
    return Source(kind)


def check_key(source: Source, key: str, attr: str) -> None:
    """Refuse a key that events, their elements or sessions cannot have, with what they can."""
    if source is Source.SESSION and not is_session_key(key):
        raise UnsupportedFilterError(
            "Sessions are known by $session_duration, $start_timestamp, $end_timestamp, $pageview_count, $screen_count,"
            " $autocapture_count, and by $entry_ and $exit_ with current_url, pathname, host, referrer,"
            " referring_domain, browser, os, device_type or a utm_ parameter.",
            attr=attr,
        )
    known = {Source.ELEMENT: ELEMENT_KEYS, Source.METADATA: METADATA_KEYS}.get(source)
    if known is not None and key not in known:
        raise UnsupportedFilterError(f"Only {', '.join(known)} can be asked for here.", attr=attr)


def group_index(raw: object, attr: str) -> int:
    """Read which type of group is meant."""
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw < MOST_GROUP_TYPES:
        raise InvalidFilterError(f"Expected the index of a group type, 0 to {MOST_GROUP_TYPES - 1}.", attr=attr)
    return raw


def _refuse_unknown(raw: dict[str, object], known: frozenset[str], attr: str) -> None:
    for name in raw:
        if name not in known:
            raise InvalidFilterError("Unknown field.", attr=f"{attr}.{name}")


def _operator(raw: object, attr: str) -> Operator:
    if raw is None:
        return Operator.EXACT
    if not isinstance(raw, str):
        raise InvalidFilterError("Expected the name of an operator.", attr=attr)
    try:
        return SYNONYMS.get(raw) or Operator(raw)
    except ValueError as exc:
        raise InvalidFilterError("Unknown operator.", attr=attr) from exc


def _texts(raw: object, attr: str) -> tuple[str, ...]:
    if isinstance(raw, list | tuple):
        if not raw:
            raise InvalidFilterError("Expected at least one value.", attr=attr)
        if len(raw) > MAX_VALUES:
            raise InvalidFilterError(f"A filter may list {MAX_VALUES} values at most.", attr=attr)
        return tuple(as_text(item, f"{attr}.{index}") for index, item in enumerate(raw))
    return (as_text(raw, attr),)


def _number(raw: object, attr: str) -> float:
    if isinstance(raw, list | tuple) and len(raw) == 1:
        raw = raw[0]
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise InvalidFilterError("Expected a number.", attr=attr)
    try:
        number = float(raw)
    except (ValueError, OverflowError) as exc:
        raise InvalidFilterError("Expected a number.", attr=attr) from exc
    if not math.isfinite(number):
        raise InvalidFilterError("Expected a finite number.", attr=attr)
    return number


def _range(raw: object, attr: str) -> tuple[float, float]:
    if not isinstance(raw, list | tuple) or len(raw) != 2:  # noqa: PLR2004 - from and to
        raise InvalidFilterError("Expected two numbers, the smallest and the largest.", attr=attr)
    low, high = _number(raw[0], f"{attr}.0"), _number(raw[1], f"{attr}.1")
    if low > high:
        raise InvalidFilterError("The first number is larger than the second.", attr=attr)
    return low, high


def _day(raw: object, attr: str) -> tuple[float, float]:
    if isinstance(raw, list | tuple) and len(raw) == 1:
        raw = raw[0]
    found = span(as_text(raw, attr))
    if found is None:
        raise InvalidFilterError("Expected a date such as 2026-03-01 or 2026-03-01T12:00:00Z.", attr=attr)
    return found


def _check_patterns(patterns: tuple[str, ...], attr: str) -> None:
    """Bound the length; whether RE2 takes a pattern only the engine can say."""
    if any(len(pattern) > MAX_PATTERN_LENGTH for pattern in patterns):
        raise InvalidFilterError(f"A pattern may have {MAX_PATTERN_LENGTH} characters at most.", attr=attr)


def _clean(text: str, attr: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InvalidFilterError("Half a surrogate pair is no text.", attr=attr) from exc
    return text
