"""The paths engine and the naive walk agree on small random worlds: ties, pauses, events twice, merged ids, DST."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.events import Sent, insert
from tests.oracles import paths
from tests.oracles.conftest import answer, new_project
from tests.oracles.paths import Event, Paths

RELAXED = settings(max_examples=10, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
NIGHT = date(2026, 3, 29)
BERLIN = ZoneInfo("Europe/Berlin")
ADDRESSES = ["/", "/a", "/a/", "/b", "/c/1", "/c/2", "/50%_\\off", ""]


def worlds() -> st.SearchStrategy[list[Event]]:
    """Make events ten minutes apart, so that pauses of exactly half an hour and events of one moment are common."""
    moments = st.integers(0, 30).map(lambda step: datetime(2026, 3, 29, 10, tzinfo=UTC) + timedelta(minutes=10 * step))
    people = st.sampled_from(["ada", "ben", "eve"])
    viewed = st.builds(Event, people, st.just("$pageview"), moments, st.sampled_from(ADDRESSES))
    seen = st.builds(Event, people, st.just("$screen"), moments, st.sampled_from(["home", "/a"]))
    done = st.builds(Event, people, st.sampled_from(["signed up", "$rageclick", "/b"]), moments)
    return st.lists(st.one_of(viewed, viewed, viewed, seen, done), min_size=1, max_size=60)


def send(project_id: int, events: list[Event]) -> None:
    """Send each event under one of two ids of its person, every third one twice; later ones have larger ids."""
    sent = [
        Sent(
            event.name,
            f"{event.person}{index % 2}",
            event.at,
            {paths.CARRIES[event.name]: event.text} if event.name in paths.CARRIES and event.text else {},
            event.person,
            UUID(int=index + 1),
        )
        for index, event in enumerate(events)
    ]
    insert(project_id, [*sent, *sent[::3]])


def query(asked: Paths, **fields: object) -> dict[str, Any]:
    return {
        "kind": "PathsQuery",
        "dateRange": {"date_from": f"{NIGHT}", "date_to": f"{NIGHT}"},
        "pathsFilter": {
            "includeEventTypes": sorted(asked.types),
            "startPoint": asked.start,
            "endPoint": asked.end,
            "stepLimit": asked.steps,
            "edgeLimit": asked.edges,
            "minEdgeWeight": asked.least,
            "maxEdgeWeight": asked.most,
            "pathGroupings": list(asked.groupings),
            "excludeEvents": list(asked.excluded),
            "localPathCleaningFilters": [{"regex": one, "alias": other} for one, other in asked.cleaning],
        },
        **fields,
    }


def assert_agreement(
    events: list[Event], asked: Paths, timezone: str = "UTC", counted: list[Event] | None = None
) -> None:
    # Given
    project = new_project(timezone)
    send(project.id, events)

    # When
    found = answer(project, query(asked))

    # Then
    expected = paths.edges(events if counted is None else counted, asked)
    got = [(edge["source"], edge["target"], edge["value"], edge["average_conversion_time"]) for edge in found]
    assert got == [(source, target, value, pytest.approx(float(took))) for source, target, value, took in expected]


@RELAXED
@given(worlds())
def test_paths__random_events_with_ties_and_pauses__agree_with_the_naive_walk(events: list[Event]) -> None:
    assert_agreement(events, Paths())


@RELAXED
@given(
    worlds(),
    st.builds(
        Paths,
        types=st.frozensets(st.sampled_from(["$pageview", "$screen", "custom_event"]), min_size=1),
        steps=st.integers(1, 6),
        edges=st.integers(1, 8),
        least=st.integers(0, 2),
        most=st.sampled_from([2, 3, 100]),
    ),
)
def test_paths__types_and_limits__agree_with_the_naive_walk(events: list[Event], asked: Paths) -> None:
    assert_agreement(events, asked)


@RELAXED
@given(
    worlds(),
    st.builds(
        Paths,
        start=st.sampled_from(["", "/", "/a/", "/b"]),
        end=st.sampled_from(["", "/", "/a", "home"]),
        steps=st.integers(1, 5),
    ),
)
def test_paths__start_and_end__agree_with_the_naive_walk(events: list[Event], asked: Paths) -> None:
    assert_agreement(events, asked)


@RELAXED
@given(
    worlds(),
    st.builds(
        Paths,
        groupings=st.lists(st.sampled_from(["/c/*", "/*/2", "%", "_", "\\", "*", "/a", "home*"]), max_size=3).map(
            tuple
        ),
        excluded=st.lists(st.sampled_from(["/a/", "/c/*", "home", "signed up"]), max_size=2).map(tuple),
        cleaning=st.lists(st.sampled_from([(r"\d+", "N"), ("^/c/.*$", "/b"), ("/", "\\0"), ("a", "")]), max_size=2).map(
            tuple
        ),
        start=st.sampled_from(["", "/c/*", "/a"]),
    ),
)
def test_paths__items_cleaned_grouped_and_left_out__agree_with_the_naive_walk(
    events: list[Event], asked: Paths
) -> None:
    assert_agreement(events, asked)


@RELAXED
@given(
    st.lists(
        st.builds(
            Event,
            st.sampled_from(["ada", "ben"]),
            st.just("$pageview"),
            st.integers(-9, 9 + 23 * 4).map(
                lambda step: datetime(2026, 3, 28, 23, tzinfo=UTC) + timedelta(minutes=15 * step)
            ),
            st.sampled_from(["/a", "/b", "/c"]),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_paths__on_a_day_of_23_hours__agree_with_the_naive_walk(events: list[Event]) -> None:
    counted = [event for event in events if event.at.astimezone(BERLIN).date() == NIGHT]
    assert_agreement(events, Paths(), "Europe/Berlin", counted)
