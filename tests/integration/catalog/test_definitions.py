"""What a project has sent: event names, property names and values over REST."""

from datetime import timedelta
from typing import Any

import pytest

from apps.common import clock
from tests.conftest import Stack
from tests.factories.accounts import Cast, make_cast
from tests.factories.events import Sent, insert

HttpAnswer = Any


@pytest.fixture
def cast(db: None, stack: Stack, project_id: int) -> Cast:
    """Ada's project has seen a few events of this week and one of long ago."""
    # Eve's project gets the number after Ada's, which must not be that of the next test.
    scene = make_cast(project_id=project_id * 10)
    lately, long_ago = clock.now() - timedelta(days=1), clock.now() - timedelta(days=90)
    insert(
        scene.project.pk,
        [
            Sent("chat sent", "p1", lately, {"$browser": "Chrome", "model.name": "qwen", "nested": {"deep": 1}}),
            Sent("chat sent", "p2", lately, {"$browser": "Firefox", "tokens": 12}),
            Sent("chat sent", "p3", lately, {"$browser": "Chrome"}),
            Sent("signed up", "p1", lately, {"plan": "free", "": "no name"}),
            Sent("forgotten", "p1", long_ago, {"relic": True}),
        ],
    )
    return scene


def get(cast: Cast, path: str) -> HttpAnswer:
    return cast.ada.client.get(f"/api/projects/{cast.project.pk}/{path}")


def test_event_definitions__of_the_last_month__most_frequent_first(cast: Cast) -> None:
    results = get(cast, "event_definitions/").json()["results"]
    assert [(one["name"], one["volume_30_day"]) for one in results] == [("chat sent", 3), ("signed up", 1)]
    assert results[0]["last_seen_at"].endswith("+00:00")


def test_event_definitions__searched__are_only_these(cast: Cast) -> None:
    assert [one["name"] for one in get(cast, "event_definitions/?search=SIGN").json()["results"]] == ["signed up"]


def test_property_definitions__of_all_events__are_whole_keys(cast: Cast) -> None:
    names = [one["name"] for one in get(cast, "property_definitions/").json()["results"]]
    assert names == ["$browser", "model.name", "nested", "plan", "tokens"]


def test_property_definitions__of_one_event__are_its_own(cast: Cast) -> None:
    assert [one["name"] for one in get(cast, "property_definitions/?event=signed%20up").json()["results"]] == ["plan"]


def test_property_values__most_frequent_first(cast: Cast) -> None:
    assert get(cast, "events/values/?key=$browser").json() == [
        {"name": "Chrome", "count": 2},
        {"name": "Firefox", "count": 1},
    ]


def test_property_values__searched__are_only_these(cast: Cast) -> None:
    answer = get(cast, "events/values/?key=$browser&event_name=chat%20sent&value=FIRE").json()
    assert [one["name"] for one in answer] == ["Firefox"]


@pytest.mark.parametrize("key", ["x' OR 1=1 --", "x`y", "%25(project_id)s", "^`a", "a.b"])
def test_property_values__hostile_key__finds_nothing(cast: Cast, key: str) -> None:
    answer = get(cast, f"events/values/?key={key}")
    assert (answer.status_code, answer.json()) == (200, [])


def test_property_values__without_key__is_named(cast: Cast) -> None:
    answer = get(cast, "events/values/")
    assert (answer.status_code, answer.json()["attr"]) == (400, "key")


@pytest.mark.parametrize("path", ["event_definitions/", "property_definitions/", "events/values/?key=plan"])
def test_eve__looks_around_in_a_foreign_project__finds_nothing_there(cast: Cast, path: str) -> None:
    assert cast.eve.client.get(f"/api/projects/{cast.project.pk}/{path}").status_code == 404
    own = cast.eve.client.get(f"/api/projects/{cast.eves_project.pk}/{path}").json()
    assert (own if isinstance(own, list) else own["results"]) == []
