"""Date ranges of the query contract, resolved without a clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from apps.query.dates import Calendar, Interval, Period, previous, resolve, zone
from apps.query.errors import InvalidQueryError, QueryTooLargeError

NOW = datetime(2020, 1, 8, 10, 20, 30, tzinfo=UTC)
UTC_CALENDAR = Calendar(ZoneInfo("UTC"), week_starts_monday=False, now=NOW)


def calendar(name: str = "UTC", *, monday: bool = False, now: datetime = NOW) -> Calendar:
    return Calendar(ZoneInfo(name), week_starts_monday=monday, now=now)


def bounds(period: Period) -> tuple[str, str]:
    return (f"{period.start:%Y-%m-%d %H:%M:%S}", f"{period.end:%Y-%m-%d %H:%M:%S}")


@pytest.mark.parametrize(
    ("date_from", "date_to", "interval", "start", "end"),
    [
        (None, None, "day", "2020-01-01 00:00:00", "2020-01-08 23:59:59"),
        ("-7d", None, "day", "2020-01-01 00:00:00", "2020-01-08 23:59:59"),
        ("7d", None, "day", "2020-01-01 00:00:00", "2020-01-08 23:59:59"),
        ("-1d", "-1d", "day", "2020-01-07 00:00:00", "2020-01-07 23:59:59"),
        ("dStart", None, "day", "2020-01-08 00:00:00", "2020-01-08 23:59:59"),
        ("-1dStart", "-1dEnd", "day", "2020-01-07 00:00:00", "2020-01-07 23:59:59"),
        ("mStart", None, "day", "2020-01-01 00:00:00", "2020-01-08 23:59:59"),
        ("-1mStart", "-1mEnd", "day", "2019-12-01 00:00:00", "2019-12-31 23:59:59"),
        ("yStart", None, "day", "2020-01-01 00:00:00", "2020-01-08 23:59:59"),
        ("-1w", None, "day", "2020-01-01 00:00:00", "2020-01-08 23:59:59"),
        ("-1q", None, "day", "2019-10-09 00:00:00", "2020-01-08 23:59:59"),
        ("-1y", None, "month", "2019-01-01 00:00:00", "2020-01-08 23:59:59"),
        ("-24h", None, "hour", "2020-01-07 10:00:00", "2020-01-08 10:59:59"),
        ("-24h", None, "day", "2020-01-07 10:00:00", "2020-01-08 23:59:59"),
        ("-1d", None, "hour", "2020-01-07 00:00:00", "2020-01-08 10:59:59"),
        ("-30M", None, "minute", "2020-01-08 09:50:00", "2020-01-08 10:20:59"),
        ("2020-01-03", "2020-01-12", "hour", "2020-01-03 00:00:00", "2020-01-12 00:00:00"),
        ("2020-1-3", "2020-1-4", "day", "2020-01-03 00:00:00", "2020-01-04 23:59:59"),
        ("2020-01-03T12:30:00", "2020-01-04 01:00", "day", "2020-01-03 12:30:00", "2020-01-04 23:59:59"),
        ("2020-01-03T12:30:00+02:00", "2020-01-04T00:00:00Z", "hour", "2020-01-03 10:30:00", "2020-01-04 00:00:00"),
        ("2020-02-20", "2020-03-02", "month", "2020-02-01 00:00:00", "2020-03-02 23:59:59"),
    ],
)
def test_range__as_the_contract_words_it__has_these_bounds(
    date_from: str | None, date_to: str | None, interval: str, start: str, end: str
) -> None:
    period = resolve(date_from, date_to, Interval(interval), UTC_CALENDAR)
    assert bounds(period) == (start, end)


def test_range__explicit_dates__are_used_as_given() -> None:
    period = resolve("2020-01-03 04:05:06", "2020-01-04 07:08:09", Interval.DAY, UTC_CALENDAR, explicit=True)
    assert bounds(period) == ("2020-01-03 04:05:06", "2020-01-04 07:08:09")


def test_range__all__begins_with_the_day_of_the_first_event() -> None:
    period = resolve("all", None, Interval.DAY, UTC_CALENDAR, earliest=datetime(2019, 12, 30, 7, tzinfo=UTC))
    assert bounds(period)[0] == "2019-12-30 00:00:00"


def test_range__all_without_events__is_the_last_seven_days() -> None:
    assert bounds(resolve("all", None, Interval.DAY, UTC_CALENDAR))[0] == "2020-01-01 00:00:00"


def test_range__project_time__begins_at_its_own_midnight() -> None:
    period = resolve("2020-01-03", "2020-01-03", Interval.DAY, calendar("Asia/Tokyo"))
    assert period.start.astimezone(UTC) == datetime(2020, 1, 2, 15, tzinfo=UTC)


def test_days__seven_days_back__are_eight_with_today() -> None:
    assert len(resolve("-7d", None, Interval.DAY, UTC_CALENDAR).days) == 8


@pytest.mark.parametrize(("monday", "first"), [(False, "2019-12-29"), (True, "2019-12-30")])
def test_weeks__start_on_the_projects_day__first_bucket_contains_the_start(monday: bool, first: str) -> None:  # noqa: FBT001
    period = resolve("2020-01-01", "2020-01-07", Interval.WEEK, calendar(monday=monday))
    assert period.days[0] == first
    assert bounds(period)[0] == "2020-01-01 00:00:00"


def test_weeks__labels__are_clipped_to_the_range() -> None:
    period = resolve("2019-10-29", "2019-11-12", Interval.WEEK, calendar())
    assert period.labels == ["29 Oct\N{EN DASH}2 Nov", "3\N{EN DASH}9 Nov", "10\N{EN DASH}12 Nov"]


def test_labels__days_hours_and_months__read_as_the_contract_shows() -> None:
    assert resolve("2020-01-09", "2020-01-09", Interval.DAY, UTC_CALENDAR).labels == ["9-Jan-2020"]
    assert resolve("2020-01-09 06:00", "2020-01-09 06:00", Interval.HOUR, UTC_CALENDAR).labels == ["9-Jan 06:00"]
    assert resolve("2020-06-09", "2020-06-19", Interval.MONTH, UTC_CALENDAR).labels == ["Jun 2020"]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_hours__on_a_day_of_clock_change__are_as_many_as_pass(day: str, hours: int) -> None:
    period = resolve(day, f"{day} 23:59:59", Interval.HOUR, calendar("Europe/Berlin"))
    assert len(period.buckets) == hours


def test_days__across_a_clock_change__stay_at_midnight() -> None:
    period = resolve("2026-03-28", "2026-03-30", Interval.DAY, calendar("Europe/Berlin"))
    assert [bucket.hour for bucket in period.buckets] == [0, 0, 0]


def test_relative_hours__across_a_clock_change__count_hours_that_pass() -> None:
    late = calendar("Europe/Berlin", now=datetime(2026, 3, 29, 10, tzinfo=UTC))
    period = resolve("-24h", None, Interval.HOUR, late)
    assert period.start.astimezone(UTC) == datetime(2026, 3, 28, 10, tzinfo=UTC)


@pytest.mark.parametrize(("text", "meant"), [(" -2d\n", "-2d"), ("\t2020-01-02 ", "2020-01-02"), ("  ", None)])
def test_range__space_around_a_date__means_nothing(text: str, meant: str | None) -> None:
    assert resolve(text, None, Interval.DAY, UTC_CALENDAR) == resolve(meant, None, Interval.DAY, UTC_CALENDAR)


@pytest.mark.parametrize(
    ("date_from", "date_to", "field"),
    [
        ("yesterday", None, "date_from"),
        ("2020-13-01", None, "date_from"),
        ("2020-02-30", None, "date_from"),
        ("", "tomorrow", "date_to"),
        ("-999999y", None, "date_from"),
        ("1700-01-01", None, "date_from"),
        ("9999-12-31", None, "date_from"),
        ("2020-01-05", "2020-01-03", "date_to"),
        ("2020-01-05T25:00", None, "date_from"),
        ("2020-01-05'; DROP TABLE events", None, "date_from"),
        ("\u0662\u0660\u0662\u0660-01-01", None, "date_from"),
    ],
)
def test_range__that_makes_no_sense__names_the_field(date_from: str, date_to: str | None, field: str) -> None:
    with pytest.raises(InvalidQueryError) as caught:
        resolve(date_from, date_to, Interval.DAY, UTC_CALENDAR)
    assert caught.value.attr == f"query.dateRange.{field}"


def test_range__too_many_points__is_refused() -> None:
    with pytest.raises(QueryTooLargeError) as caught:
        resolve("2000-01-01", None, Interval.MINUTE, UTC_CALENDAR)
    assert caught.value.attr == "query.interval"


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "", "UTC'; --", "a" * 5000, "/etc/localtime"])
def test_zone__unknown_or_hostile__is_refused(name: str) -> None:
    with pytest.raises(InvalidQueryError) as caught:
        zone(name)
    assert caught.value.attr == "timezone"


def test_comparison__seven_days_back__shares_a_day() -> None:
    period = resolve("-7d", None, Interval.DAY, UTC_CALENDAR)
    assert bounds(previous(period, "-7d", None, None, UTC_CALENDAR)) == ("2019-12-25 00:00:00", "2020-01-01 23:59:59")


def test_comparison__absolute_dates__ends_where_the_period_starts() -> None:
    period = resolve("2020-01-15", "2020-01-19", Interval.DAY, UTC_CALENDAR)
    earlier = previous(period, "2020-01-15", "2020-01-19", None, UTC_CALENDAR)
    assert bounds(earlier) == ("2020-01-10 00:00:00", "2020-01-14 23:59:59")


def test_comparison__with_a_week_earlier__moves_both_ends() -> None:
    period = resolve("2020-01-15", "2020-01-19", Interval.DAY, UTC_CALENDAR)
    earlier = previous(period, "2020-01-15", "2020-01-19", "-1w", UTC_CALENDAR)
    assert bounds(earlier) == ("2020-01-08 00:00:00", "2020-01-12 23:59:59")


def test_comparison__hours_of_today__stops_at_the_same_hour() -> None:
    period = resolve("dStart", None, Interval.HOUR, UTC_CALENDAR)
    earlier = previous(period, "dStart", None, None, UTC_CALENDAR)
    assert bounds(earlier) == ("2020-01-07 00:00:00", "2020-01-07 10:59:59")


def test_comparison__with_nonsense__names_the_field() -> None:
    period = resolve("-7d", None, Interval.DAY, UTC_CALENDAR)
    with pytest.raises(InvalidQueryError) as caught:
        previous(period, "-7d", None, "last week", UTC_CALENDAR)
    assert caught.value.attr == "query.compareFilter.compare_to"
