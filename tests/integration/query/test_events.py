"""GET /api/projects/{id}/events/: the newest events, page by page."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.accounts import Cast
from tests.factories.events import Sent, at, insert

HttpAnswer = Any
NOON = at("2026-03-01T12:00")


def story(count: int) -> list[Sent]:
    """Give events a minute apart, every third pair at one moment."""
    return [
        Sent(
            "odd" if index % 2 else "even",
            f"p{index % 3}",
            NOON + timedelta(minutes=index // 3),
            {"n": index, "a.b": "c"},
        )
        for index in range(count)
    ]


def listing(cast: Cast, parameters: str = "") -> HttpAnswer:
    return cast.ada.client.get(f"/api/projects/{cast.project.pk}/events/{parameters}")


def test_events__newest_first__with_their_properties(cast: Cast) -> None:
    # Given
    insert(cast.project.pk, story(5))

    # When
    results = listing(cast).json()["results"]

    # Then
    assert [event["timestamp"] for event in results] == sorted((e["timestamp"] for e in results), reverse=True)
    assert {event["properties"]["n"] for event in results} == set(range(5))
    assert results[0]["properties"]["a.b"] == "c"
    assert set(results[0]) == {"id", "event", "distinct_id", "person_id", "timestamp", "properties"}


def test_pages__followed_to_the_end__hold_every_event_once(cast: Cast) -> None:
    # Given
    insert(cast.project.pk, story(25))

    # When
    seen, page = [], listing(cast, "?limit=4").json()
    while page["next"]:
        seen += page["results"]
        page = cast.ada.client.get(page["next"]).json()
    seen += page["results"]

    # Then
    assert sorted(event["properties"]["n"] for event in seen) == list(range(25))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("?event=odd", {1, 3, 5}),
        ("?distinct_id=p1", {1, 4}),
        ("?after=2026-03-01T12:00:00Z", {3, 4, 5}),
        ("?before=2026-03-01T12:01:00Z", {0, 1, 2}),
        ("?before=2026-03-01T13:01:00%2B01:00", {0, 1, 2}),
        ("?event=odd&distinct_id=p1", {1}),
    ],
)
def test_events__narrowed__are_only_these(cast: Cast, parameters: str, expected: set[int]) -> None:
    insert(cast.project.pk, story(6))
    assert {event["properties"]["n"] for event in listing(cast, parameters).json()["results"]} == expected


@pytest.mark.parametrize(
    ("parameters", "attr"),
    [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=ten", "limit"),
        ("?after=yesterday", "after"),
        ("?before=9999-12-31T00:00:00Z", "before"),
        ("?before=2026-01-01T00:00:00Z&before_id=x", "before_id"),
        (f"?event={'x' * 401}", "event"),
    ],
)
def test_parameter__that_makes_no_sense__is_named(cast: Cast, parameters: str, attr: str) -> None:
    answer = listing(cast, parameters)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_eve__lists_a_foreign_project__finds_nothing_there(cast: Cast) -> None:
    assert cast.eve.client.get(f"/api/projects/{cast.project.pk}/events/").status_code == 404


def test_events__of_another_project__are_not_listed(cast: Cast) -> None:
    insert(cast.project.pk, story(3))
    assert cast.eve.client.get(f"/api/projects/{cast.eves_project.pk}/events/").json()["results"] == []
