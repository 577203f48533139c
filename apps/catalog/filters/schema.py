"""The notation of property filters: `{"key", "value", "operator", "type"}` and groups of them under AND and OR.

The shapes are PostHog's public ones. Parsing is bounded in depth, number and length, so that a filter from outside
can be trusted to become a small SQL text.
"""

import math
from enum import StrEnum
from typing import Final

from msgspec import Struct

from apps.catalog.filters.errors import InvalidFilterError, UnsupportedFilterError

MAX_DEPTH: Final = 8
MAX_FILTERS: Final = 100
MAX_VALUES: Final = 1000
MAX_KEY_LENGTH: Final = 400
MAX_VALUE_LENGTH: Final = 8192
MAX_PATTERN_LENGTH: Final = 1000


class Operator(StrEnum):
    """How a property is compared."""

    EXACT = "exact"
    IS_NOT = "is_not"
    ICONTAINS = "icontains"
    NOT_ICONTAINS = "not_icontains"
    REGEX = "regex"
    NOT_REGEX = "not_regex"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"


NEEDS_NO_VALUE: Final = frozenset({Operator.IS_SET, Operator.IS_NOT_SET})
NUMERIC: Final = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})
PATTERNS: Final = frozenset({Operator.REGEX, Operator.NOT_REGEX})

OTHER_OPERATORS: Final = frozenset(
    {
        "between",
        "not_between",
        "min",
        "max",
        "is_date_exact",
        "is_date_before",
        "is_date_after",
        "in",
        "not_in",
        "is_cleaned_path_exact",
    }
)
"""Operators of the public language without an SQL reading here."""

OTHER_TYPES: Final = frozenset(
    {"person", "group", "session", "cohort", "element", "event_metadata", "feature", "hogql", "recording", "log"}
)
"""What else than an event's own properties the public language can look at."""

_LEAF_FIELDS: Final = frozenset({"key", "value", "operator", "type", "label", "group_type_index", "group_key_names"})
_GROUP_FIELDS: Final = frozenset({"type", "values"})


class PropertyFilter(Struct, frozen=True):
    """One comparison of an event property; any of `values` may match, none of them for the negated operators."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()
    number: float = 0.0


class FilterGroup(Struct, frozen=True):
    """Several filters joined by AND or by OR; without filters it lets everything through."""

    is_all: bool
    filters: "tuple[PropertyFilter | FilterGroup, ...]" = ()


Filter = PropertyFilter | FilterGroup
NO_FILTER: Final = FilterGroup(is_all=True)


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
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004
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
    _check_type(raw.get("type", "event"), f"{attr}.type")
    _refuse_unknown(raw, _LEAF_FIELDS, attr)
    key = raw.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidFilterError(f"Expected a property name of 1 to {MAX_KEY_LENGTH} characters.", attr=f"{attr}.key")
    operator = _operator(raw.get("operator"), f"{attr}.operator")
    _clean(key, f"{attr}.key")
    if operator in NEEDS_NO_VALUE:
        return PropertyFilter(key, operator)
    value_attr = f"{attr}.value"
    if operator in NUMERIC:
        return PropertyFilter(key, operator, number=_number(raw.get("value"), value_attr))
    values = _texts(raw.get("value"), value_attr)
    if operator in PATTERNS:
        _check_patterns(values, value_attr)
    return PropertyFilter(key, operator, values)


def _check_type(kind: object, attr: str) -> None:
    if kind is None or kind == "event":
        return
    if isinstance(kind, str) and kind in OTHER_TYPES:
        raise UnsupportedFilterError(f"Filters of type {kind} are not supported yet, only event.", attr=attr)
    raise InvalidFilterError("Unknown type of filter.", attr=attr)


def _refuse_unknown(raw: dict[str, object], known: frozenset[str], attr: str) -> None:
    for name in raw:
        if name not in known:
            raise InvalidFilterError("Unknown field.", attr=f"{attr}.{name}")


def _operator(raw: object, attr: str) -> Operator:
    if raw is None:
        return Operator.EXACT
    if not isinstance(raw, str):
        raise InvalidFilterError("Expected the name of an operator.", attr=attr)
    if raw in OTHER_OPERATORS:
        raise UnsupportedFilterError(f"The operator {raw} is not supported yet.", attr=attr)
    try:
        return Operator(raw)
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
