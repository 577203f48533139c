"""Definitions over REST: searching, paging, what people write, forgetting."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache

from apps.accounts.models import AuditEntry
from apps.catalog import seen, selectors
from apps.catalog.models import EventNote, PropertyNote
from apps.catalog.services import purge_project
from apps.clickhouse.statement import Statement
from apps.common import clock
from tests.conftest import Stack
from tests.factories.accounts import Cast, make_cast, patch
from tests.factories.definitions import note_events, note_properties
from tests.factories.events import Sent, insert

HttpAnswer = Any


@pytest.fixture
def cast(db: None, stack: Stack, project_id: int) -> Cast:
    """Ada's project sends two kinds of events, one of them lately."""
    scene = make_cast(project_id=project_id * 10)
    note_events(scene.project.pk, ["chat sent", "signed up"])
    note_properties(
        scene.project.pk,
        [
            ("event", "chat sent", "model", "String"),
            ("event", "chat sent", "tokens", "Numeric"),
            ("event", "signed up", "model", "String"),
            ("person", "", "plan", "String"),
            ("group", "company", "seats", "Numeric"),
            ("group", "team", "seats", "Numeric"),
        ],
    )
    lately = clock.now() - timedelta(days=1)
    insert(scene.project.pk, [Sent("chat sent", f"p{number}", lately) for number in range(3)])
    return scene


def get(cast: Cast, path: str) -> HttpAnswer:
    return cast.ada.client.get(f"/api/projects/{cast.project.pk}/{path}")


def only(answer: HttpAnswer) -> dict[str, Any]:
    (one,) = answer.json()["results"]
    return dict(one)


def names(answer: HttpAnswer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["name"] for one in answer.json()["results"]]


def test_event_definitions__list__has_what_was_seen(cast: Cast) -> None:
    first, second = get(cast, "event_definitions/").json()["results"]
    assert (first["name"], first["volume_30_day"]) == ("chat sent", 3)
    assert first["first_seen_at"] == "2026-10-01T00:00:00+00:00"
    assert second == {
        "id": second["id"],
        "name": "signed up",
        "description": "",
        "verified": False,
        "hidden": False,
        "tags": [],
        "first_seen_at": "2026-10-01T00:00:00+00:00",
        "last_seen_at": "2026-11-01T00:00:00+00:00",
        "updated_at": None,
        "updated_by": None,
        "volume_30_day": 0,
    }


def test_event_definitions__pages__link_to_each_other(cast: Cast) -> None:
    # Given
    note_events(cast.project.pk, [f"event {number:02}" for number in range(10)])

    # When
    first = get(cast, "event_definitions/?ordering=name&limit=5&search=event").json()
    second = cast.ada.client.get(first["next"]).json()

    # Then
    assert first["count"] == second["count"] == 10
    assert [one["name"] for one in second["results"]] == [f"event {number:02}" for number in range(5, 10)]
    assert (first["previous"], second["next"]) == (None, None)
    assert cast.ada.client.get(second["previous"]).json()["results"] == first["results"]


def test_event_definitions__too_many_events_to_be_counted__names_are_there(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a project whose counting takes longer than anybody waits
    def slow(project_id: int, since: datetime) -> Statement:
        text = "SELECT sleep(3) FROM events WHERE project_id = %(project_id)s AND timestamp > %(since)s"
        return Statement(text, {"project_id": project_id, "since": since}, {"max_execution_time": 1})

    monkeypatch.setattr(selectors, "TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(seen, "build_volumes", slow)

    # When / Then
    results = get(cast, "event_definitions/").json()["results"]
    assert [(one["name"], one["volume_30_day"]) for one in results] == [("chat sent", 0), ("signed up", 0)]


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("name", ["chat sent", "signed up"]),
        ("-name", ["signed up", "chat sent"]),
        ("volume_30_day", ["signed up", "chat sent"]),
        ("-last_seen_at", ["chat sent", "signed up"]),
    ],
)
def test_event_definitions__ordered__as_asked(cast: Cast, ordering: str, expected: list[str]) -> None:
    assert names(get(cast, f"event_definitions/?ordering={ordering}")) == expected


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("offset=-1", "offset"),
        ("ordering=nonsense", "ordering"),
        ("verified=perhaps", "verified"),
        ("colour=blue", "colour"),
        (f"search={'x' * 401}", "search"),
    ],
)
def test_event_definitions__wrong_parameter__is_named(cast: Cast, query: str, attr: str) -> None:
    answer = get(cast, f"event_definitions/?{query}")
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_event_definition__described__is_kept_and_audited(cast: Cast) -> None:
    # Given
    one = only(get(cast, "event_definitions/?search=chat"))
    path = f"/api/projects/{cast.project.pk}/event_definitions/{one['id']}/"

    # When
    change = {"description": "A question to the model.", "verified": True, "tags": ["core", "llm", "core"]}
    answer = patch(cast.ada.client, path, change)

    # Then
    assert answer.status_code == 200
    assert answer.json() | {"updated_at": None} == one | {
        "description": "A question to the model.",
        "verified": True,
        "tags": ["core", "llm"],
        "updated_at": None,
        "updated_by": cast.ada.user.email,
    }
    assert get(cast, f"event_definitions/{one['id']}/").json() == answer.json()
    assert names(get(cast, "event_definitions/?verified=true")) == ["chat sent"]
    assert names(get(cast, "event_definitions/?tag=llm")) == ["chat sent"]
    entry = AuditEntry.objects.get(action="event_definition.updated")
    assert entry.changes == {
        "name": "chat sent",
        "description": ["", "A question to the model."],
        "is_verified": [False, True],
        "tags": [[], ["core", "llm"]],
    }


def test_event_definition__same_again__is_not_audited(cast: Cast) -> None:
    one = only(get(cast, "event_definitions/?search=chat"))
    path = f"/api/projects/{cast.project.pk}/event_definitions/{one['id']}/"
    assert patch(cast.ada.client, path, {"hidden": False}).status_code == 200
    assert not AuditEntry.objects.filter(action="event_definition.updated").exists()


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"name": "other"}, "name"),
        ({"volume_30_day": 5}, "volume_30_day"),
        ({"verified": "yes"}, "verified"),
        ({"description": 5}, "description"),
        ({"description": "x" * 4_001}, "description"),
        ({"tags": "core"}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"tags": ["x"] * 21}, "tags"),
    ],
    ids=str,
)
def test_event_definition__wrong_change__is_named(cast: Cast, change: dict[str, Any], attr: str) -> None:
    one = only(get(cast, "event_definitions/?search=chat"))
    answer = patch(cast.ada.client, f"/api/projects/{cast.project.pk}/event_definitions/{one['id']}/", change)
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_event_definition__hidden__leaves_the_pickers_only(cast: Cast) -> None:
    # Given
    assert [seen.name for seen in selectors.list_event_names(cast.project.pk)] == ["chat sent", "signed up"]
    one = only(get(cast, "event_definitions/?search=chat"))

    # When
    patch(cast.ada.client, f"/api/projects/{cast.project.pk}/event_definitions/{one['id']}/", {"hidden": True})

    # Then
    assert [seen.name for seen in selectors.list_event_names(cast.project.pk)] == ["signed up"]
    assert names(get(cast, "event_definitions/")) == ["chat sent", "signed up"]
    assert names(get(cast, "event_definitions/?hidden=false")) == ["signed up"]


def test_event_definition__forgotten__comes_back_when_seen_again(cast: Cast) -> None:
    # Given
    one = only(get(cast, "event_definitions/?search=chat"))
    path = f"event_definitions/{one['id']}/"
    patch(cast.ada.client, f"/api/projects/{cast.project.pk}/{path}", {"description": "old"})

    # When
    answer = cast.ada.client.delete(f"/api/projects/{cast.project.pk}/{path}")

    # Then
    assert answer.status_code == 204
    assert names(get(cast, "event_definitions/")) == ["signed up"]
    assert get(cast, path).status_code == 404
    assert names(get(cast, "property_definitions/")) == ["model"]
    assert AuditEntry.objects.filter(action="event_definition.deleted").count() == 1

    # When one more of them is seen
    note_events(cast.project.pk, ["chat sent"])
    cache.clear()

    # Then it is back, under the same id and without the old words
    again = get(cast, path).json()
    assert (again["name"], again["description"]) == ("chat sent", "")


def test_property_definitions__of_events__have_types_and_carriers(cast: Cast) -> None:
    # When
    model, tokens = get(cast, "property_definitions/").json()["results"]

    # Then
    assert (model["name"], model["type"], model["property_type"], model["event_count"]) == (
        "model",
        "event",
        "String",
        2,
    )
    assert (tokens["name"], tokens["property_type"], tokens["is_numerical"]) == ("tokens", "Numeric", True)
    detail = get(cast, f"property_definitions/{model['id']}/").json()
    assert [each["event"] for each in detail["events"]] == ["chat sent", "signed up"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("event=signed%20up", ["model"]),
        ("event=chat%20sent&search=TOK", ["tokens"]),
        ("property_type=Numeric", ["tokens"]),
        ("type=person", ["plan"]),
        ("type=group", ["seats", "seats"]),
        ("type=group&group_type=team", ["seats"]),
        ("ordering=-name", ["tokens", "model"]),
        ("event=nonsense", []),
    ],
)
def test_property_definitions__filtered__are_only_these(cast: Cast, query: str, expected: list[str]) -> None:
    assert names(get(cast, f"property_definitions/?{query}")) == expected


@pytest.mark.parametrize(
    ("query", "attr"), [("type=session", "type"), ("property_type=Text", "property_type"), ("events=x", "events")]
)
def test_property_definitions__wrong_parameter__is_named(cast: Cast, query: str, attr: str) -> None:
    answer = get(cast, f"property_definitions/?{query}")
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_property_definition__hidden__leaves_the_pickers(cast: Cast) -> None:
    # Given
    one = only(get(cast, "property_definitions/?search=tokens"))
    path = f"/api/projects/{cast.project.pk}/property_definitions/{one['id']}/"

    # When
    answer = patch(cast.ada.client, path, {"hidden": True, "description": "Of both directions."})

    # Then
    assert answer.json()["hidden"] is True
    assert selectors.list_property_names(cast.project.pk) == ["model"]
    assert AuditEntry.objects.get(action="property_definition.updated").changes["is_hidden"] == [False, True]


def test_property_definition__of_one_group_type__is_not_the_other(cast: Cast) -> None:
    # Given
    one = only(get(cast, "property_definitions/?type=group&group_type=team"))
    path = f"/api/projects/{cast.project.pk}/property_definitions/{one['id']}/"

    # When
    patch(cast.ada.client, path, {"verified": True})

    # Then
    answer = get(cast, "property_definitions/?type=group&verified=true").json()["results"]
    assert [each["group_type"] for each in answer] == ["team"]

    # When it is forgotten
    assert cast.ada.client.delete(path).status_code == 204

    # Then
    answer = get(cast, "property_definitions/?type=group").json()["results"]
    assert [each["group_type"] for each in answer] == ["company"]


@pytest.mark.parametrize("kind", ["event", "property"])
def test_definition__roles__viewer_reads_and_eve_finds_nothing(cast: Cast, kind: str) -> None:
    # Given
    one = get(cast, f"{kind}_definitions/").json()["results"][0]
    path = f"/api/projects/{cast.project.pk}/{kind}_definitions/{one['id']}/"

    # When / Then
    assert cast.vera.client.get(path).status_code == 200
    assert patch(cast.vera.client, path, {"hidden": True}).status_code == 403
    assert cast.vera.client.delete(path).status_code == 403
    assert cast.eve.client.get(path).status_code == 404
    assert patch(cast.eve.client, path, {"hidden": True}).status_code == 404
    assert cast.eve.client.get(path.replace(str(cast.project.pk), str(cast.eves_project.pk))).status_code == 404


@pytest.mark.parametrize("name", ["nonsense", "00000000-0000-4000-8000-000000000000", "%00", "x" * 300])
def test_definition__unknown_id__is_not_found(cast: Cast, name: str) -> None:
    assert get(cast, f"event_definitions/{name}/").status_code == 404
    assert get(cast, f"property_definitions/{name}/").status_code == 404


def test_event_definition__hostile_name__is_forgotten_alone(cast: Cast) -> None:
    # Given
    hostile = "x' OR 1=1 -- %s \\"
    note_events(cast.project.pk, [hostile])
    one = next(each for each in get(cast, "event_definitions/").json()["results"] if each["name"] == hostile)

    # When
    assert cast.ada.client.delete(f"/api/projects/{cast.project.pk}/event_definitions/{one['id']}/").status_code == 204

    # Then
    assert names(get(cast, "event_definitions/")) == ["chat sent", "signed up"]


def test_purge_project__notes__are_gone(cast: Cast) -> None:
    # Given
    for kind in ("event", "property"):
        one = get(cast, f"{kind}_definitions/").json()["results"][0]
        path = f"/api/projects/{cast.project.pk}/{kind}_definitions/{one['id']}/"
        patch(cast.ada.client, path, {"description": "Ada's own words"})

    # When
    purge_project(cast.project.pk)

    # Then
    assert (EventNote.objects.count(), PropertyNote.objects.count()) == (0, 0)
