"""Dates in filters and in properties: ISO 8601, or seconds or milliseconds since 1970; without an offset in UTC."""

import re
from datetime import UTC, datetime
from typing import Final

ISO: Final = (
    r"^(?:19[0-9]{2}|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?$"
)
"""What text is read as a date, in the syntax of both RE2 and Python."""

SECONDS: Final = "^[0-9]{10}$"
MILLISECONDS: Final = "^[0-9]{13}$"

_DAY_US: Final = 86_400_000_000
_DATE_LENGTH: Final = 10
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PATTERNS: Final = {pattern: re.compile(pattern.removesuffix("$") + r"\Z") for pattern in (ISO, SECONDS, MILLISECONDS)}


def moment(text: str) -> int | None:
    """Read a moment as microseconds since 1970, a day as its beginning; None when it is none."""
    if _PATTERNS[SECONDS].match(text):
        return int(text) * 1_000_000
    if _PATTERNS[MILLISECONDS].match(text):
        return int(text) * 1_000
    if not _PATTERNS[ISO].match(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    return round((found - _EPOCH).total_seconds()) * 1_000_000 + found.microsecond


def span(text: str) -> tuple[int, int] | None:
    """Read the first and the last microsecond a text stands for: a whole day, or one moment."""
    first = moment(text)
    if first is None:
        return None
    return first, first + _DAY_US - 1 if len(text) == _DATE_LENGTH and "-" in text else first
