"""The words of the filter language: how a property is compared, and whose property it is."""

from enum import StrEnum
from typing import Final


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
    BETWEEN = "between"
    NOT_BETWEEN = "not_between"
    IS_DATE_EXACT = "is_date_exact"
    IS_DATE_BEFORE = "is_date_before"
    IS_DATE_AFTER = "is_date_after"


SYNONYMS: Final = {
    "min": Operator.GTE,
    "max": Operator.LTE,
    "in": Operator.EXACT,
    "not_in": Operator.IS_NOT,
    "is_cleaned_path_exact": Operator.EXACT,
}
"""Other words of the public language. A path is compared as it is, since projects have no rules to clean it by."""

NEGATED: Final = {
    Operator.IS_NOT: Operator.EXACT,
    Operator.NOT_ICONTAINS: Operator.ICONTAINS,
    Operator.NOT_REGEX: Operator.REGEX,
    Operator.NOT_BETWEEN: Operator.BETWEEN,
    Operator.IS_NOT_SET: Operator.IS_SET,
}
"""Operators that hold exactly where another does not."""

NEEDS_NO_VALUE: Final = frozenset({Operator.IS_SET, Operator.IS_NOT_SET})
NUMERIC: Final = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})
RANGES: Final = frozenset({Operator.BETWEEN, Operator.NOT_BETWEEN})
DATES: Final = frozenset({Operator.IS_DATE_EXACT, Operator.IS_DATE_BEFORE, Operator.IS_DATE_AFTER})
PATTERNS: Final = frozenset({Operator.REGEX, Operator.NOT_REGEX})


class Source(StrEnum):
    """Whose property is looked at."""

    EVENT = "event"
    PERSON = "person"
    GROUP = "group"
    SESSION = "session"
    ELEMENT = "element"
    METADATA = "event_metadata"


OTHER_TYPES: Final = frozenset({"cohort", "feature", "hogql", "recording", "log"})
"""What else the public language can look at."""

MOST_GROUP_TYPES: Final = 5
"""A project has groups of this many types at most, counted from 0."""

ELEMENT_KEYS: Final = ("text", "href", "tag_name")
"""What can be asked of the elements that somebody clicked on."""

METADATA_KEYS: Final = ("event", "distinct_id", "person_id", "uuid", "timestamp")
"""What can be asked of an event beside its properties."""

_SESSION_FACTS: Final = (
    "$session_duration",
    "$start_timestamp",
    "$end_timestamp",
    "$pageview_count",
    "$screen_count",
    "$autocapture_count",
)
_SESSION_ENDS: Final = ("$entry_", "$exit_", "$end_")
_OF_AN_EVENT: Final = frozenset(
    {"current_url", "pathname", "host", "referrer", "referring_domain", "browser", "os", "device_type"}
    | {f"utm_{part}" for part in ("source", "medium", "campaign", "term", "content")}
)


def is_session_key(key: str) -> bool:
    """Say whether a session has this property."""
    return key in _SESSION_FACTS or entry_of(key) is not None


def entry_of(key: str) -> tuple[bool, str] | None:
    """Read `$entry_X` and `$exit_X`: whether the first or the last event counts, and which property of it."""
    for prefix in _SESSION_ENDS:
        name = key.removeprefix(prefix)
        if name != key and name in _OF_AN_EVENT:
            return prefix == "$entry_", name if name.startswith("utm_") else f"${name}"
    return None
