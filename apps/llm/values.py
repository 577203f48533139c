"""From what a caller writes to what prices are computed of."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from apps.llm.errors import InvalidRangeError
from apps.llm.pricing.usage import Call

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX: Final = "$ai_"
_FIRST_YEAR, _LAST_YEAR = 1970, 2200


def call_of(asked: Mapping[str, Any]) -> Call:
    """Make a call of its model, provider, address and usage, each named as the event's property without `$ai_`."""
    said = {name: value for name, value in asked.items() if name not in {"usage", "time", "is_embedding"}}
    properties = {f"{_PREFIX}{name}": value for name, value in {**said, **asked["usage"]}.items()}
    return msgspec.convert(properties, Call)


def check_range(start: datetime, end: datetime) -> None:
    """Refuse a range that ends before it begins, or that the table has no days for."""
    if start >= end:
        raise InvalidRangeError("The range must end after it begins.", attr="date_to")
    for name, moment in (("date_from", start), ("date_to", end)):
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise InvalidRangeError(f"The year must lie between {_FIRST_YEAR} and {_LAST_YEAR}.", attr=name)


def microseconds(moment: datetime) -> int:
    """Count the microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
