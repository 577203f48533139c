"""When an event happened, from whatever a sender calls a timestamp.

All moments are microseconds since 1970 in UTC. The rules are those of docs/reference/capture-api.md: a sender's clock
is corrected by the difference between its `sent_at` and our clock, and a moment over 23 hours ahead becomes now.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

AHEAD_US: Final = 23 * 3_600 * 1_000_000
"""How far ahead of our clock an event may be; more is a wrong clock, not a plan."""

FAR_AWAY_US: Final = 0
"""What a year outside 1 to 9999 counts as, as the wire format has it: 1970-01-01."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
_FAR_YEAR: Final = re.compile(r"\A(?:-\d+|[+]?\d{5,}|0000)-\d\d?-\d\d?")
_NUMBER: Final = re.compile(r"\A-?\d{1,17}(?:\.\d{1,9})?\Z")
# Epoch numbers come in seconds, milli- or microseconds; the largest second of year 9999 is below the first bound.
_SECONDS_BELOW: Final = 300_000_000_000
_MILLISECONDS_BELOW: Final = 300_000_000_000_000
_NO_MOMENT: Final = 10**18
_LONGEST: Final = 64


def to_us(moment: datetime) -> int:
    """Count microseconds since 1970; a moment without zone is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Give the moment that many microseconds after 1970."""
    return EPOCH + microseconds * MICROSECOND


def parse(value: Any) -> int | None:  # noqa: ANN401 - a sender's JSON value
    """Read ISO 8601, RFC 2822 or an epoch number; None for anything else."""
    if isinstance(value, str):
        return _parse_text(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _parse_number(value)
    return None


def has_far_year(value: Any) -> bool:  # noqa: ANN401 - a sender's JSON value
    """Tell whether a text names a year that no calendar here has."""
    return isinstance(value, str) and _FAR_YEAR.match(value.strip()) is not None


def _parse_text(text: str) -> int | None:
    if len(text) > _LONGEST:
        return None
    try:
        return to_us(datetime.fromisoformat(text.upper()))  # RFC 3339 has t and z in lower case too
    except (ValueError, OverflowError):
        pass
    if _NUMBER.match(text):
        return _parse_number(float(text))
    if _FAR_YEAR.match(text):
        return FAR_AWAY_US
    try:
        return to_us(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _parse_number(number: float) -> int | None:
    size = abs(number)
    if not size < _NO_MOMENT:  # neither is a NaN
        return None
    if size < _SECONDS_BELOW:
        return round(number * 1_000_000)
    return round(number * 1_000) if size < _MILLISECONDS_BELOW else round(number)


def skew(sent_at: Any, query_sent_at: str, now_us: int) -> int:  # noqa: ANN401 - a sender's JSON value
    """Say by how much the sender's clock is behind ours; 0 when it did not tell the time."""
    told = parse(sent_at)
    if told is None and query_sent_at:
        told = parse(query_sent_at)
        if told is not None and told < _YEAR_2021_US:
            told = None
    return 0 if told is None else now_us - told


_YEAR_2021_US: Final = to_us(datetime(2021, 1, 1, tzinfo=UTC))
