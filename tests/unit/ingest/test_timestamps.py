from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest import timestamps

NOON = timestamps.to_us(datetime(2026, 11, 22, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.000Z",
        "2026-11-22t12:00:00z",
        "2026-11-22t15:00:00+03:00",
        "2026-11-22 12:00:00+00:00",
        "2026-11-22T12:00:00",
        "2026-11-22T15:00:00+03",
        "2026-11-22T07:00:00.000000-0500",
        " 2026-11-22T12:00:00Z ",
        "Sun, 22 Nov 2026 12:00:00 GMT",
        "Sun, 22 Nov 2026 14:00:00 +0200",
        1795348800,
        1795348800.0,
        1795348800000,
        1795348800000000,
        "1795348800",
        "1795348800000",
    ],
)
def test_parse__any_way_to_say_noon__is_noon(value: object) -> None:
    assert timestamps.parse(value) == NOON


@pytest.mark.parametrize(
    "value", ["", "yesterday", None, True, [], {}, float("nan"), float("inf"), "12:00", "2026-13-40", "9" * 30]
)
def test_parse__nonsense__is_none(value: object) -> None:
    assert timestamps.parse(value) is None


@given(st.text(max_size=80) | st.integers() | st.floats() | st.integers(10**18, 10**600))
def test_parse__anything__is_a_moment_a_calendar_has_or_none(value: object) -> None:
    found = timestamps.parse(value)
    assert found is None or abs(found) < 10**18


@pytest.mark.parametrize("value", ["99999-01-01T00:00:00Z", "-0044-03-15", "+12026-01-01", "0000-01-01T00:00:00Z"])
def test_parse__year_no_calendar_here_has__is_1970(value: str) -> None:
    assert timestamps.parse(value) == 0


@given(
    st.datetimes(
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - the strategy adds zones
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    )
)
def test_parse__iso_and_rfc_2822_of_any_moment__give_it_back(moment: datetime) -> None:
    exact = timestamps.to_us(moment)
    assert timestamps.parse(moment.isoformat()) == exact
    assert timestamps.parse(format_datetime(moment)) == exact - exact % 1_000_000
    assert timestamps.from_us(exact) == moment


@pytest.mark.parametrize(
    ("body", "query", "seconds"),
    [
        ("2026-11-22T11:59:50Z", "", 10),
        ("2026-11-22T12:00:10Z", "1795348790000", -10),
        (None, "1795348790000", 10),
        (None, "1500000000000", 0),
        (None, "", 0),
        ("soon", "later", 0),
    ],
)
def test_skew__what_the_sender_told__is_the_difference_to_our_clock(body: object, query: str, seconds: int) -> None:
    assert timestamps.skew(body, query, NOON) == seconds * 1_000_000
