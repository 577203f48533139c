from datetime import UTC, datetime

import pytest

from apps.query.dates import Calendar, Interval, resolve, zone
from apps.web.pages.ranges import CUSTOM, PRESETS, Range

NOW = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_range__each_preset__is_understood_by_the_engine_and_survives_its_address(name: str) -> None:
    # Given
    chosen = Range(name)
    # When
    read = Range.read(dict(chosen.fields()))
    asked = read.query()
    period = resolve(
        asked["date_from"],
        asked["date_to"],
        Interval.DAY,
        Calendar(zone("Europe/Berlin"), week_starts_monday=True, now=NOW),
        explicit=False,
        earliest=NOW,
    )
    # Then
    assert read == chosen
    assert period.start <= period.end


@pytest.mark.parametrize(
    "address",
    [
        {},
        {"range": "tomorrow"},
        {"range": CUSTOM},
        {"range": CUSTOM, "from": "2026-02-30", "to": "2026-03-01"},
        {"range": CUSTOM, "from": "<b>", "to": ""},
    ],
)
def test_range__address_without_sense__is_the_last_seven_days(address: dict[str, str]) -> None:
    assert Range.read(address) == Range("7d")


def test_range__custom_days_the_wrong_way_round__are_sorted() -> None:
    # When
    read = Range.read({"range": CUSTOM, "from": "2026-03-09", "to": "2026-03-01"})
    # Then
    assert read.query() == {"date_from": "2026-03-01", "date_to": "2026-03-09"}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Range("7d"), True),
        (Range("today"), True),
        (Range("yesterday"), False),
        (Range("last-month"), False),
        # 23:30 in London is the next day in Berlin.
        (Range(CUSTOM, "2026-03-01", "2026-03-11"), True),
        (Range(CUSTOM, "2026-03-01", "2026-03-10"), False),
    ],
)
def test_range__that_ends_today_of_the_project__reaches_now(chosen: Range, *, expected: bool) -> None:
    assert chosen.reaches(NOW, "Europe/Berlin") is expected
