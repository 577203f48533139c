"""The funnel engine and the naive walk agree on small random worlds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories.events import Sent, insert
from tests.oracles import funnels
from tests.oracles.conftest import answer, new_project
from tests.oracles.funnels import Event, Exclusion, Funnel

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RELAXED = settings(max_examples=8, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class World:
    """A funnel and what each of a few people did."""

    funnel: Funnel
    people: tuple[tuple[Event, ...], ...]


def worlds(
    paths: list[tuple[str, ...]], order: str, *, with_exclusions: bool = False, unique: bool = False
) -> st.SearchStrategy[World]:
    """Make worlds of few names, few moments and a short window, so that ties and edges are common."""

    @st.composite
    def world(draw: st.DrawFn) -> World:
        steps = draw(st.sampled_from(paths))
        exclusions: tuple[Exclusion, ...] = ()
        if with_exclusions:
            last = len(steps) - 1
            first = 0 if order == "unordered" else draw(st.integers(0, last - 1))
            exclusions = (Exclusion("x", first, last if order == "unordered" else draw(st.integers(first + 1, last))),)
        names = sorted({*steps, "x", "other"})
        event = st.builds(Event, st.sampled_from(names), st.integers(0, 14))
        one = st.lists(event, max_size=9, unique_by=(lambda done: done.at) if unique else None)
        people = draw(st.lists(one, min_size=1, max_size=30))
        return World(Funnel(steps, draw(st.integers(1, 8)), order, exclusions), tuple(map(tuple, people)))

    return world()


PLAIN = [("a", "b"), ("a", "b", "c"), ("a", "b", "c", "d")]
REPEATED = [("a", "a"), ("a", "b", "a"), ("a", "a", "b"), ("a", "a", "a"), ("a", "b", "b", "c")]


@RELAXED
@given(worlds(PLAIN, "ordered"))
def test_ordered_funnel__random_events_with_ties__agrees_with_the_naive_walk(world: World) -> None:
    assert_agreement(world)


@RELAXED
@given(worlds(REPEATED, "ordered", unique=True))
def test_ordered_funnel__repeated_steps__agrees_with_the_naive_walk(world: World) -> None:
    assert_agreement(world)


@RELAXED
@given(worlds(PLAIN, "ordered", with_exclusions=True))
def test_ordered_funnel__exclusions__agrees_with_the_naive_walk(world: World) -> None:
    assert_agreement(world)


@RELAXED
@given(worlds(PLAIN, "strict"))
def test_strict_funnel__random_events__agrees_with_the_naive_walk(world: World) -> None:
    assert_agreement(world)


@RELAXED
@given(worlds(PLAIN, "strict", with_exclusions=True))
def test_strict_funnel__exclusions__agrees_with_the_naive_walk(world: World) -> None:
    assert_agreement(world)


@RELAXED
@given(worlds([*PLAIN, ("a", "a", "b")], "unordered", unique=True))
def test_unordered_funnel__random_events__agrees_with_the_naive_walk(world: World) -> None:
    assert_agreement(world)


@RELAXED
@given(worlds(PLAIN, "unordered", with_exclusions=True, unique=True))
def test_unordered_funnel__exclusions__agrees_with_the_naive_walk(world: World) -> None:
    assert_agreement(world)


def assert_agreement(world: World) -> None:
    # Given
    project = new_project()
    insert(
        project.id,
        [
            Sent(event.name, f"person {index}", START + timedelta(seconds=event.at))
            for index, events in enumerate(world.people)
            for event in events
        ],
    )

    # When
    found = answer(project, query(world.funnel))

    # Then
    walked = [funnels.furthest(events, world.funnel) for events in world.people]
    expected = funnels.summary(walked, len(world.funnel.steps))
    got = [(step["count"], step["average_conversion_time"], step["median_conversion_time"]) for step in found]
    assert got == [pytest.approx(step) for step in expected]


def query(funnel: Funnel) -> dict[str, Any]:
    return {
        "kind": "FunnelsQuery",
        "series": [{"kind": "EventsNode", "event": step} for step in funnel.steps],
        "dateRange": {"date_from": "2026-03-01", "date_to": "2026-03-02"},
        "funnelsFilter": {
            "funnelOrderType": funnel.order,
            "funnelWindowInterval": funnel.window,
            "funnelWindowIntervalUnit": "second",
            "exclusions": [
                {"kind": "EventsNode", "event": one.name, "funnelFromStep": one.first, "funnelToStep": one.last}
                for one in funnel.exclusions
            ],
        },
    }
