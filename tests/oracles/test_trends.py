"""The trends engine and naive counting agree, on nights too when clocks change."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.events import Sent, insert
from tests.oracles import trends
from tests.oracles.conftest import answer, new_project
from tests.oracles.trends import Event

RELAXED = settings(max_examples=6, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
MARCH = datetime(2026, 3, 1, tzinfo=ZoneInfo("UTC"))
NIGHTS = [
    pytest.param("Europe/Berlin", date(2026, 3, 29), id="an hour is skipped"),
    pytest.param("Europe/Berlin", date(2026, 10, 25), id="an hour comes twice"),
    pytest.param("America/New_York", date(2026, 3, 8), id="west of Greenwich"),
    pytest.param("Asia/Kolkata", date(2026, 3, 8), id="half an hour off"),
]


def around(day: date) -> st.SearchStrategy[list[Event]]:
    """Make events within a day and a half of a day's noon, on whole minutes, with ties and repeats."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("UTC"))
    minutes = st.integers(-36 * 4, 36 * 4).map(lambda quarter: noon + timedelta(minutes=15 * quarter))
    return st.lists(st.builds(Event, st.sampled_from(["ada", "ben", "eve"]), minutes), min_size=1, max_size=60)


@pytest.mark.parametrize(("timezone", "night"), NIGHTS)
@pytest.mark.parametrize("interval", ["day", "hour"])
def test_trend__around_a_clock_change__agrees_with_naive_counting(timezone: str, night: date, interval: str) -> None:
    zone = ZoneInfo(timezone)
    first = night - timedelta(days=1) if interval == "day" else night
    last = night + timedelta(days=1) if interval == "day" else night

    @RELAXED
    @given(around(night))
    def check(events: list[Event]) -> None:
        # Given
        project = new_project(timezone)
        insert(project.id, [Sent("ping", event.person, event.at) for event in events])

        # When
        total, people = answer(
            project,
            {
                "kind": "TrendsQuery",
                "series": [{"kind": "EventsNode", "event": "ping", "math": math} for math in ("total", "dau")],
                "dateRange": {"date_from": f"{first}", "date_to": f"{last} 23:59:59.999999"},
                "interval": interval,
            },
        )

        # Then
        for series, math in ((total, "total"), (people, "dau")):
            if interval == "day":
                expected = trends.by_day(events, first, last, zone, math)
            else:
                expected = trends.by_hour(events, night, zone, math)
            assert series["data"] == expected
            assert len(series["days"]) == len(expected)

    check()


@RELAXED
@given(
    st.lists(
        st.builds(
            Event,
            st.sampled_from(["ada", "ben", "eve"]),
            st.integers(0, 47).map(lambda hour: MARCH + timedelta(hours=hour)),
            st.sampled_from([None, "", "red", "green", "blue", "grey"]),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["total", "dau"]),
    st.integers(1, 4),
)
def test_trend__split_by_a_property__agrees_with_naive_counting(events: list[Event], math: str, limit: int) -> None:
    # Given
    project = new_project()
    insert(
        project.id,
        [
            Sent("ping", event.person, event.at, {} if event.value is None else {"colour": event.value})
            for event in events
        ],
    )
    first, last, zone = date(2026, 3, 1), date(2026, 3, 2), ZoneInfo("UTC")

    # When
    found = answer(
        project,
        {
            "kind": "TrendsQuery",
            "series": [{"kind": "EventsNode", "event": "ping", "math": math}],
            "dateRange": {"date_from": f"{first}", "date_to": f"{last}"},
            "breakdownFilter": {"breakdown": "colour", "breakdown_limit": limit},
        },
    )

    # Then
    def days(values: set[str]) -> list[int]:
        return trends.by_day([event for event in events if (event.value or "") in values], first, last, zone, math)

    colours = {event.value for event in events if event.value}
    ranked = sorted(colours, key=lambda colour: (-sum(days({colour})), colour))
    expected = {colour: days({colour}) for colour in ranked[:limit]}
    if any(not event.value for event in events):
        expected["$$_posthog_breakdown_null_$$"] = days({""})
    if ranked[limit:]:
        expected["$$_posthog_breakdown_other_$$"] = days(set(ranked[limit:]))
    assert {series["breakdown_value"]: series["data"] for series in found} == expected
    assert [series["breakdown_value"] for series in found] == list(expected)


@RELAXED
@given(
    st.lists(
        st.builds(
            Event,
            st.sampled_from(["ada", "ben", "eve", "dan"]),
            st.integers(0, 24 * 40).map(
                lambda hour: datetime(2026, 3, 1, tzinfo=ZoneInfo("UTC")) + timedelta(hours=hour)
            ),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_trend__every_math_about_people__agrees_with_naive_counting(events: list[Event]) -> None:
    """Four weeks in a zone that changes its clocks in between, with events before and after the range."""
    # Given
    zone, first, last = ZoneInfo("Europe/Berlin"), date(2026, 3, 12), date(2026, 4, 2)
    project = new_project("Europe/Berlin")
    insert(project.id, [Sent("ping", event.person, event.at) for event in events])
    maths = ["weekly_active", "monthly_active", "first_time_for_user", "avg_count_per_actor"]
    query = {
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "ping", "math": math} for math in maths],
        "dateRange": {"date_from": f"{first}", "date_to": f"{last}"},
    }
    cumulative = query | {
        "series": [{"kind": "EventsNode", "event": "ping", "math": "dau"}],
        "trendsFilter": {"display": "ActionsLineGraphCumulative"},
    }

    # When
    weekly, monthly, firsts, average = answer(project, query)
    (so_far,) = answer(project, cumulative)

    # Then
    assert weekly["data"] == trends.looking_back(events, first, last, zone, 7)
    assert monthly["data"] == trends.looking_back(events, first, last, zone, 30)
    assert firsts["data"] == trends.first_times(events, first, last, zone)
    assert average["data"] == pytest.approx(trends.average_per_person(events, first, last, zone))
    assert so_far["data"] == trends.people_so_far(events, first, last, zone)
