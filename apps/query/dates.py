"""Which stretch of time a question means, and its buckets: pure, with the present moment handed in.

All rules are those of the query contract: dates without an offset are project time; relative dates are counted back
from now; the end of a range is inclusive and stretched to the end of its day or hour unless the dates are explicit.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.relativedelta import relativedelta

from apps.query.errors import InvalidQueryError, QueryTooLargeError

MAX_BUCKETS: Final = 20_000
DEFAULT_DAYS_BACK: Final = 7
TICK: Final = timedelta(microseconds=1)
EARLIEST: Final = datetime(1900, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(2299, 12, 30, tzinfo=UTC)

_ABSOLUTE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<offset>[zZ]|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_RELATIVE = re.compile(r"-?(?P<number>\d{1,6})?(?P<unit>[hdwmqyM])(?P<position>Start|End)?", re.ASCII)
_CLOCK_UNITS: Final = {"h": timedelta(hours=1), "M": timedelta(minutes=1)}
_CALENDAR_UNITS: Final = {
    "d": relativedelta(days=1),
    "w": relativedelta(weeks=1),
    "m": relativedelta(months=1),
    "q": relativedelta(weeks=13),
    "y": relativedelta(years=1),
}


class Interval(StrEnum):
    """The width of a bucket."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def is_clock(self) -> bool:
        """Whether buckets are counted in passing time rather than in calendar days."""
        return self in {Interval.MINUTE, Interval.HOUR}


@dataclass(frozen=True, slots=True)
class Calendar:
    """How a project reads dates: its time zone, the first day of its week, and the present moment."""

    timezone: ZoneInfo
    week_starts_monday: bool
    now: datetime

    @property
    def local_now(self) -> datetime:
        """The present moment as the project's clocks show it."""
        return self.now.astimezone(self.timezone)


@dataclass(frozen=True, slots=True)
class Period:
    """A resolved range, both ends inclusive, in project time, with the start of every bucket it touches."""

    start: datetime
    end: datetime
    interval: Interval
    buckets: tuple[datetime, ...]

    @property
    def start_us(self) -> int:
        """First moment, in microseconds since 1970."""
        return microseconds(self.start)

    @property
    def end_us(self) -> int:
        """Last moment, in microseconds since 1970."""
        return microseconds(self.end)

    def locator(self) -> Callable[[int], int]:
        """Make the function that says which bucket a moment (microseconds since 1970) falls into."""
        edges = [microseconds(bucket) for bucket in self.buckets]
        return lambda moment: max(0, bisect_right(edges, moment) - 1)

    @property
    def days(self) -> list[str]:
        """Name the buckets: `2020-01-09`, or `2020-01-09 06:00:00` for hours and minutes."""
        pattern = "%Y-%m-%d %H:%M:%S" if self.interval.is_clock else "%Y-%m-%d"
        return [bucket.strftime(pattern) for bucket in self.buckets]

    @property
    def labels(self) -> list[str]:
        """Name the buckets for people: `9-Jan-2020`, `9-Jan 06:00`, weeks by first and last day, `Jun 2020`."""
        return [_LABELS[self.interval](self, index) for index in range(len(self.buckets))]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A date as it was written: the moment it means, and the unit when it was relative."""

    value: datetime
    unit: str | None = None
    number: int = 0

    @property
    def is_relative(self) -> bool:
        return self.unit is not None


def zone(name: str) -> ZoneInfo:
    """Find a time zone; raises InvalidQueryError for a name the zone database does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise InvalidQueryError(f"Unknown time zone {name[:60]!r}.", attr="timezone") from exc


def resolve(  # noqa: PLR0913 - a date range has this many parts
    date_from: str | None,
    date_to: str | None,
    interval: Interval,
    calendar: Calendar,
    *,
    explicit: bool = False,
    earliest: datetime | None = None,
    attr: str = "query.dateRange",
) -> Period:
    """Turn a `dateRange` into moments and buckets; `earliest` is the project's first event, for `all`.

    Raises InvalidQueryError naming the field for a date it cannot read or a range that runs backwards.
    """
    first = _first(date_from, calendar, explicit=explicit, earliest=earliest, attr=f"{attr}.date_from")
    last = _last(date_to, interval, calendar, explicit=explicit, attr=f"{attr}.date_to")
    start = first.value
    if interval is Interval.MONTH and not explicit:
        start = _midnight(start.replace(day=1))
    if microseconds(start) > microseconds(last):
        raise InvalidQueryError("The range ends before it starts.", attr=f"{attr}.date_to")
    return _period(start, last, interval, calendar)


def previous(
    period: Period, date_from: str | None, date_to: str | None, compare_to: str | None, calendar: Calendar
) -> Period:
    """Give the earlier period that a comparison sets beside this one."""
    if compare_to:
        moment = _relative(compare_to, calendar, "query.compareFilter.compare_to")
        if moment is None:
            raise InvalidQueryError("Expected a relative date like -1w.", attr="query.compareFilter.compare_to")
        step = _back(moment.unit or "d", moment.number)
        return _period(step(period.start), step(period.end), period.interval, calendar)
    length = _wall(period.end) - _wall(period.start)
    start = _wall(period.start) - length
    if period.interval is Interval.MINUTE:
        return _period(_local(start, calendar), _local(start + length, calendar), period.interval, calendar)
    if period.interval is Interval.HOUR:
        start = start.replace(hour=period.start.hour, minute=0, second=0, microsecond=0)
        end = (start + length).replace(minute=59, second=59, microsecond=999999)
        return _period(_local(start, calendar), _local(end, calendar), period.interval, calendar)
    start = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first = _relative(date_from or "-7d", calendar, "")
    if period.interval is Interval.DAY and not date_to and first and _whole_weeks(first):
        start += timedelta(days=1)
    end = (start + length).replace(hour=23, minute=59, second=59, microsecond=999999)
    return _period(_local(start, calendar), _local(end, calendar), period.interval, calendar)


def whole(period: Period, calendar: Calendar, *, count: int | None = None, before: int = 0) -> Period:
    """Stretch a range to whole buckets: its own, or the `count` that end with its last; and `before` more in front.

    Raises InvalidQueryError when that begins before the year 1900.
    """
    last = period.buckets[-1]
    try:
        back = _back(_UNITS[period.interval], before if count is None else count - 1 + before)
        start = back(period.buckets[0] if count is None else last)
    except (ValueError, OverflowError) as exc:
        raise InvalidQueryError("That is too far away.", attr="query.dateRange") from exc
    if start < EARLIEST:
        raise InvalidQueryError("Dates reach from 1900 to 2299.", attr="query.dateRange")
    end = (_BUCKETS[period.interval][1](last).astimezone(UTC) - TICK).astimezone(calendar.timezone)
    return _period(start, end, period.interval, calendar)


def microseconds(moment: datetime) -> int:
    """Count the microseconds since 1970, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // TICK


# --- reading dates ----------------------------------------------------------


def _first(raw: str | None, calendar: Calendar, *, explicit: bool, earliest: datetime | None, attr: str) -> _Moment:
    raw = (raw or "").strip()
    if raw == "all" and earliest is not None:
        return _Moment(_midnight(earliest.astimezone(calendar.timezone)))
    if not raw or raw == "all":
        return _Moment(_midnight(_shift(calendar.local_now, relativedelta(days=DEFAULT_DAYS_BACK))))
    moment = _read(raw, calendar, attr)
    if explicit or not moment.is_relative or _RELATIVE.fullmatch(raw).group("position"):  # type: ignore[union-attr]
        return moment
    return _Moment(_FLOORS[moment.unit or "d"](moment.value), moment.unit, moment.number)


def _last(raw: str | None, interval: Interval, calendar: Calendar, *, explicit: bool, attr: str) -> datetime:
    moment = _read(raw, calendar, attr) if raw else _Moment(calendar.local_now, "d")
    if explicit:
        return moment.value
    if not interval.is_clock:
        return _end_of_day(moment.value)
    if not moment.is_relative:
        return moment.value
    if interval is Interval.HOUR:
        return moment.value.replace(minute=59, second=59, microsecond=999999)
    return moment.value.replace(second=59, microsecond=999999)


def _read(raw: str, calendar: Calendar, attr: str) -> _Moment:
    text = raw.strip()
    if match := _ABSOLUTE.fullmatch(text):
        moment = _Moment(_absolute(match, calendar, attr))
    else:
        relative = _relative(text, calendar, attr)
        if relative is None:
            raise InvalidQueryError(
                "Expected a date like 2026-01-31, a time like 2026-01-31T12:00:00, or a relative date like -7d.",
                attr=attr,
            )
        moment = relative
    if not EARLIEST <= moment.value <= LATEST:
        raise InvalidQueryError("Dates reach from 1900 to 2299.", attr=attr)
    return moment


def _absolute(match: re.Match[str], calendar: Calendar, attr: str) -> datetime:
    part = {name: int(value or 0) for name, value in match.groupdict().items() if name not in {"fraction", "offset"}}
    fraction = int(((match["fraction"] or "") + "000000")[:6])
    try:
        value = datetime(**part, microsecond=fraction, tzinfo=_offset(match["offset"]) or calendar.timezone)
        return value.astimezone(calendar.timezone)
    except (ValueError, OverflowError) as exc:
        raise InvalidQueryError(f"No such date: {exc}.", attr=attr) from exc


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in {"z", "Z"}:
        return UTC
    return datetime.strptime(text.replace(":", ""), "%z").tzinfo


def _relative(raw: str, calendar: Calendar, attr: str) -> _Moment | None:
    match = _RELATIVE.fullmatch(raw.strip())
    if match is None:
        return None
    unit, number = match["unit"], int(match["number"] or 0)
    try:
        value = _back(unit, number)(calendar.local_now)
        if match["position"]:
            value = _bound(value, unit, match["position"], calendar)
    except (ValueError, OverflowError) as exc:
        raise InvalidQueryError("That is too far away.", attr=attr) from exc
    return _Moment(value, unit, number)


def _back(unit: str, number: int) -> Callable[[datetime], datetime]:
    """Make the step some units back: hours pass through clock changes, days keep the time of day."""
    if unit in _CLOCK_UNITS:
        return lambda moment: (moment.astimezone(UTC) - number * _CLOCK_UNITS[unit]).astimezone(moment.tzinfo)
    return lambda moment: _shift(moment, _CALENDAR_UNITS[unit] * number)


def _shift(moment: datetime, delta: relativedelta) -> datetime:
    return _local_like(_wall(moment) - delta, moment)


def _bound(moment: datetime, unit: str, position: str, calendar: Calendar) -> datetime:
    start = _UNIT_STARTS[unit](moment, calendar)
    if position == "Start":
        return start
    after = _UNIT_STARTS[unit](_back_forward(start, unit), calendar)
    return _local_like(_wall(after) - TICK, after)


def _back_forward(start: datetime, unit: str) -> datetime:
    """Step from the start of a unit into the next one."""
    if unit in _CLOCK_UNITS:
        return (start.astimezone(UTC) + _CLOCK_UNITS[unit]).astimezone(start.tzinfo)
    months = relativedelta(months=3) if unit == "q" else _CALENDAR_UNITS[unit]
    return _local_like(_wall(start) + months, start)


def _whole_weeks(moment: _Moment) -> bool:
    days = {"d": moment.number, "w": 7 * moment.number}.get(moment.unit or "", 0)
    return days > 0 and days % 7 == 0


# --- project time -----------------------------------------------------------


def _wall(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _local(wall: datetime, calendar: Calendar) -> datetime:
    return wall.replace(tzinfo=calendar.timezone)


def _local_like(wall: datetime, model: datetime) -> datetime:
    return wall.replace(tzinfo=model.tzinfo, fold=0)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _end_of_day(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=999999, fold=1)


def _floor_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _floor_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _floor_week(moment: datetime, calendar: Calendar) -> datetime:
    back = moment.weekday() if calendar.week_starts_monday else (moment.weekday() + 1) % 7
    return _midnight(_shift(moment, relativedelta(days=back)))


_FLOORS: Final[dict[str, Callable[[datetime], datetime]]] = {
    "h": _floor_hour,
    "M": _floor_minute,
    "d": _midnight,
    "w": _midnight,
    "m": _midnight,
    "q": _midnight,
    "y": _midnight,
}
_UNIT_STARTS: Final[dict[str, Callable[[datetime, Calendar], datetime]]] = {
    "h": lambda moment, _: _floor_hour(moment),
    "M": lambda moment, _: _floor_minute(moment),
    "d": lambda moment, _: _midnight(moment),
    "w": _floor_week,
    "m": lambda moment, _: _midnight(moment.replace(day=1)),
    "q": lambda moment, _: _midnight(moment.replace(month=moment.month - (moment.month - 1) % 3, day=1)),
    "y": lambda moment, _: _midnight(moment.replace(month=1, day=1)),
}


# --- buckets ----------------------------------------------------------------


def _period(start: datetime, end: datetime, interval: Interval, calendar: Calendar) -> Period:
    return Period(start, end, interval, tuple(_buckets(start, end, interval, calendar)))


def _buckets(start: datetime, end: datetime, interval: Interval, calendar: Calendar) -> list[datetime]:
    floor, step = _BUCKETS[interval]
    found = [floor(start, calendar)]
    while (following := step(found[-1])).astimezone(UTC) <= end.astimezone(UTC):
        found.append(following)
        if len(found) > MAX_BUCKETS:
            raise QueryTooLargeError(f"The range holds more than {MAX_BUCKETS} points.", attr="query.interval")
    return found


def _passing(step: timedelta) -> Callable[[datetime], datetime]:
    return lambda moment: (moment.astimezone(UTC) + step).astimezone(moment.tzinfo)


def _calendar_step(step: relativedelta) -> Callable[[datetime], datetime]:
    return lambda moment: _local_like(_wall(moment) + step, moment)


_BUCKETS: Final[dict[Interval, tuple[Callable[[datetime, Calendar], datetime], Callable[[datetime], datetime]]]] = {
    Interval.MINUTE: (_UNIT_STARTS["M"], _passing(timedelta(minutes=1))),
    Interval.HOUR: (_UNIT_STARTS["h"], _passing(timedelta(hours=1))),
    Interval.DAY: (_UNIT_STARTS["d"], _calendar_step(relativedelta(days=1))),
    Interval.WEEK: (_floor_week, _calendar_step(relativedelta(weeks=1))),
    Interval.MONTH: (_UNIT_STARTS["m"], _calendar_step(relativedelta(months=1))),
}


_UNITS: Final = {
    Interval.MINUTE: "M",
    Interval.HOUR: "h",
    Interval.DAY: "d",
    Interval.WEEK: "w",
    Interval.MONTH: "m",
}


def _week_label(period: Period, index: int) -> str:
    first = max(period.buckets[index], period.start)
    following = period.buckets[index + 1] if index + 1 < len(period.buckets) else None
    last = period.end if following is None else _local_like(_wall(following) - TICK, following)
    week_end = _local_like(_wall(period.buckets[index]) + timedelta(days=7) - TICK, period.buckets[index])
    last = min(last, week_end)
    left = f"{first.day}" if first.month == last.month else f"{first.day} {first:%b}"
    return f"{left}\N{EN DASH}{last.day} {last:%b}"


_LABELS: Final[dict[Interval, Callable[[Period, int], str]]] = {
    Interval.MINUTE: lambda period, index: f"{period.buckets[index].day}-{period.buckets[index]:%b %H:%M}",
    Interval.HOUR: lambda period, index: f"{period.buckets[index].day}-{period.buckets[index]:%b %H:%M}",
    Interval.DAY: lambda period, index: f"{period.buckets[index].day}-{period.buckets[index]:%b-%Y}",
    Interval.WEEK: _week_label,
    Interval.MONTH: lambda period, index: f"{period.buckets[index]:%b %Y}",
}
