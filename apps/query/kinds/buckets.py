"""The bucket of an event in SQL, and back to its place in the resolved period."""

from collections.abc import Callable
from datetime import date
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.query.dates import Interval, Period, microseconds
from apps.query.errors import QueryTooLargeError

MAX_POINTS: Final = 500_000
"""Points of one answer, lines times buckets: more is a download nobody can draw, and memory of the web process."""

_SQL: Final[dict[Interval, str]] = {
    Interval.MINUTE: "toUnixTimestamp(toStartOfMinute({moment}))",
    Interval.HOUR: "toUnixTimestamp(toStartOfHour({moment}, {zone}))",
    Interval.DAY: "toDate({moment}, {zone})",
    Interval.WEEK: "toStartOfWeek(toDate({moment}, {zone}), {week_mode})",
    Interval.MONTH: "toStartOfMonth(toDate({moment}, {zone}))",
}
_MICROSECONDS: Final = 1_000_000


def bucket(
    interval: Interval, timezone: str, *, starts_monday: bool, bindings: Bindings, moment: str = "timestamp"
) -> str:
    """Give the expression of the bucket a moment falls into, in project time."""
    # Modes of toStartOfWeek: 0 starts on Sunday, 1 on Monday.
    return _SQL[interval].format(moment=moment, zone=bindings.bind(timezone), week_mode=int(starts_monday))


# Unlike Date, Date32 holds every moment an event may have: 1900 to 2299.
_PLACES: Final[dict[Interval, str]] = {
    Interval.MINUTE: "intDiv(toUnixTimestamp64Micro({moment}) - {first}, 60000000)",
    Interval.HOUR: "intDiv(toUnixTimestamp64Micro({moment}) - {first}, 3600000000)",
    Interval.DAY: "toInt32(toDate32({moment}, {zone})) - toInt32(toDate32({first}))",
    Interval.WEEK: "intDiv(toInt32(toDate32({moment}, {zone})) - toInt32(toDate32({first})), 7)",
    Interval.MONTH: "toRelativeMonthNum(toDate32({moment}, {zone})) - toRelativeMonthNum(toDate32({first}))",
}


def place(period: Period, timezone: str, bindings: Bindings, moment: str = "timestamp") -> str:
    """Give the expression of the index of a moment's bucket, 0 for the first one of the period (Int32).

    It means something only for moments from the first bucket on; before it, indexes are below 0 or rounded up to 0.
    """
    start = period.buckets[0]
    first = bindings.bind(microseconds(start) if period.interval.is_clock else f"{start:%Y-%m-%d}")
    return f"toInt32({_PLACES[period.interval].format(moment=moment, zone=bindings.bind(timezone), first=first)})"


def locator(period: Period) -> Callable[[object], int | None]:
    """Make the function that finds the index of a bucket as ClickHouse names it; None outside the period."""
    if period.interval.is_clock:
        return _clock_locator(period)
    places = {bucket.date(): index for index, bucket in enumerate(period.buckets)}
    return lambda key: places.get(key) if isinstance(key, date) else None


def demand_room(lines: int, period: Period) -> None:
    """Refuse an answer of more points than may be; raises QueryTooLargeError before they take memory."""
    if lines * len(period.buckets) > MAX_POINTS:
        raise QueryTooLargeError(
            f"The answer would hold more than {MAX_POINTS:,} points; ask for fewer values, a shorter range or longer "
            "intervals.",
            attr="query.interval",
        )


def _clock_locator(period: Period) -> Callable[[object], int | None]:
    find, first, last = period.locator(), microseconds(period.buckets[0]), period.end_us

    def locate(key: object) -> int | None:
        moment = int(str(key)) * _MICROSECONDS
        return find(moment) if first <= moment <= last else None

    return locate
