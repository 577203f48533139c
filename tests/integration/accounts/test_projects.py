"""REST of projects: creating, reading, changing, deleting, rotating the token."""

import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.accounts import selectors, services
from apps.accounts.contracts import ALL_SCOPES, SYSTEM, Role
from apps.accounts.models import AuditEntry, Project
from tests.factories.accounts import Cast, patch, post

pytestmark = pytest.mark.django_db

CREATE = "/api/organizations/@current/projects/"


def test_create__by_an_owner__is_ready_for_events_at_once(cast: Cast) -> None:
    # When
    response = post(cast.ada.client, CREATE, {"name": "Chat", "timezone": "Europe/Berlin", "week_start_day": 1})

    # Then
    assert response.status_code == 201, response.content
    made = response.json()
    assert made["name"] == "Chat"
    assert made["timezone"] == "Europe/Berlin"
    assert made["week_start_day"] == 1
    assert made["organization"] == cast.organization.pk
    assert made["api_token"].startswith("phc_")
    found = selectors.find_project_by_token(made["api_token"])
    assert found is not None
    assert found.id == made["id"]


def test_create__with_a_name_alone__takes_the_defaults(cast: Cast) -> None:
    # When
    made = post(cast.ada.client, CREATE, {"name": "Chat"}).json()

    # Then
    assert (made["timezone"], made["week_start_day"]) == ("UTC", 0)


def test_create__without_the_last_slash__is_the_same_door(cast: Cast) -> None:
    # When
    response = post(cast.ada.client, CREATE.rstrip("/"), {"name": "Chat"})

    # Then
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": 5}, "name"),
        ({"name": None}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "timezone": "Mars/Olympus"}, "timezone"),
        ({"name": "x", "timezone": 3}, "timezone"),
        ({"name": "x", "week_start_day": 2}, "week_start_day"),
        ({"name": "x", "week_start_day": "1"}, "week_start_day"),
        ({"name": "x", "week_start_day": True}, "week_start_day"),
        ({"name": "x", "week_start_day": 1.0}, "week_start_day"),
        ({"name": "x", "week_start_day": 10**30}, "week_start_day"),
        ({"name": "x", "api_token": "phc_mine"}, "api_token"),
        ({"name": "x", "nmae": "y"}, "nmae"),
    ],
)
def test_create__with_a_field_at_fault__names_it(cast: Cast, body: dict[str, object], attr: str) -> None:
    # When
    response = post(cast.ada.client, CREATE, body)

    # Then
    assert response.status_code == 400, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["attr"] == attr
    assert response.json()["type"] == "validation_error"
    assert not Project.objects.filter(name=body.get("name", "")).exists()


@pytest.mark.parametrize("body", ["[]", '"text"', "3", "null", "true"])
def test_create__with_a_body_that_is_no_object__is_refused(cast: Cast, body: str) -> None:
    # When
    response = cast.ada.client.post(CREATE, body, content_type="application/json")

    # Then
    assert response.status_code == 400, response.content


def test_list__shows_living_projects_of_the_caller_only(cast: Cast) -> None:
    # Given
    gone = services.create_project(organization=cast.organization, name="Gone", actor=SYSTEM)
    services.delete_project(project=gone, actor=SYSTEM)

    # When
    everywhere = cast.ben.client.get("/api/projects/").json()
    here = cast.ben.client.get(f"/api/organizations/{cast.organization.pk}/projects/").json()

    # Then
    assert [each["id"] for each in everywhere] == [cast.project.pk]
    assert here == everywhere


@pytest.mark.parametrize(
    "name", ["0", "-1", "1.5", "abc", "\uff19", "9" * 19, "9" * 400, "@other", "%00", "1%00", "%F0%9F%90%8B", "1;drop"]
)
def test_show__with_an_id_that_is_none__is_404(cast: Cast, name: str) -> None:
    # When
    response = cast.ada.client.get(f"/api/projects/{name}/")

    # Then
    assert response.status_code == 404, response.content
    assert response.json()["code"] == "not_found"


def test_show__of_a_foreign_project__looks_like_a_missing_one(cast: Cast) -> None:
    # When
    foreign = cast.eve.client.get(f"/api/projects/{cast.project.pk}/")
    missing = cast.eve.client.get("/api/projects/987654321/")

    # Then
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json()


def test_show__among_many_members__asks_for_project_and_role_at_once(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # Given: Ben is a member here and owner elsewhere, among others of other roles
    clients = {person.role: person.client for person in (cast.vera, cast.ada, cast.ben, cast.grace)}
    services.add_member(
        organization=cast.eves_project.organization,
        email=cast.ben.user.email,
        role=Role.OWNER,
        granted_by=Role.OWNER,
        actor=SYSTEM,
    )
    clients[Role.MEMBER].get(f"/api/projects/{cast.project.pk}/")

    # When
    with django_assert_num_queries(2):
        response = clients[Role.MEMBER].get(f"/api/projects/{cast.project.pk}/")

    # Then
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    found = [selectors.find_visible_project(p.user.pk, cast.project.pk) for p in (cast.vera, cast.ada, cast.ben)]
    assert [each[1] for each in found if each] == [Role.VIEWER, Role.OWNER, Role.MEMBER]


def test_update__of_one_field__leaves_the_others_and_notes_the_change(cast: Cast) -> None:
    # When
    response = patch(cast.ada.client, f"/api/projects/{cast.project.pk}/", {"timezone": "Asia/Tokyo"})

    # Then
    assert response.status_code == 200
    assert (response.json()["timezone"], response.json()["name"]) == ("Asia/Tokyo", "Main")
    entry = AuditEntry.objects.latest("pk")
    assert entry.action == "project.updated"
    assert entry.changes == {"timezone": ["UTC", "Asia/Tokyo"]}
    assert (entry.actor_id, entry.actor_key_id) == (cast.ada.user.pk, cast.ada.key.pk)
    assert (entry.project_id, entry.ip) == (cast.project.pk, "127.0.0.1")


def test_update__to_what_it_is__notes_nothing(cast: Cast) -> None:
    # Given
    client = cast.ada.client
    before = AuditEntry.objects.count()

    # When
    response = patch(client, f"/api/projects/{cast.project.pk}/", {"name": "Main"})

    # Then
    assert response.status_code == 200
    assert AuditEntry.objects.count() == before


def test_update__of_the_token__is_refused_by_name(cast: Cast) -> None:
    # When
    response = patch(cast.ada.client, f"/api/projects/{cast.project.pk}/", {"api_token": "phc_mine"})

    # Then
    assert response.status_code == 400
    assert response.json()["attr"] == "api_token"


@pytest.mark.django_db(transaction=True)
def test_reset_token__replaces_it_and_keeps_it_out_of_the_log(cast: Cast) -> None:
    # Given
    before = cast.project.api_token
    assert selectors.find_project_by_token(before) is not None

    # When
    response = cast.ada.client.patch(f"/api/projects/{cast.project.pk}/reset_token/")

    # Then
    after = response.json()["api_token"]
    assert response.status_code == 200
    assert after != before
    assert selectors.find_project_by_token(before) is None
    assert selectors.find_project_by_token(after) is not None
    entry = AuditEntry.objects.latest("pk")
    assert entry.action == "project.token_reset"
    assert after not in json.dumps(entry.changes)


def test_delete__takes_the_project_out_of_reach_and_frees_its_token(cast: Cast) -> None:
    # When
    response = cast.ada.client.delete(f"/api/projects/{cast.project.pk}/")
    selectors.forget_tokens()

    # Then
    assert response.status_code == 204
    assert cast.ada.client.get(f"/api/projects/{cast.project.pk}/").status_code == 404
    assert selectors.find_project_by_token(cast.project.api_token) is None
    assert AuditEntry.objects.latest("pk").action == "project.deleted"
    again = services.create_project(
        organization=cast.organization, name="Main", api_token=cast.project.api_token, actor=SYSTEM
    )
    assert selectors.find_project_by_token(again.api_token) == again.context


def test_current__for_a_key__is_the_oldest_project_it_reaches(cast: Cast) -> None:
    # Given
    second = services.create_project(organization=cast.organization, name="Second", actor=SYSTEM)
    _, value = services.create_key(user=cast.ada.user, label="one", scopes=[ALL_SCOPES], project=second, actor=SYSTEM)

    # When
    wide = cast.ada.client.get("/api/projects/@current/").json()
    narrow = Client(headers={"Authorization": f"Bearer {value}"}).get("/api/projects/@current/").json()

    # Then
    assert wide["id"] == cast.project.pk
    assert narrow["id"] == second.pk


def test_current__for_a_session__is_the_project_last_chosen(cast: Cast) -> None:
    # Given
    second = services.create_project(organization=cast.organization, name="Second", actor=SYSTEM)
    browser = Client()
    browser.force_login(cast.ben.user)
    first = browser.get("/api/projects/@current/").json()

    # When
    chosen = patch(browser, "/api/users/@me/", {"current_project": second.pk})

    # Then
    assert first["id"] == cast.project.pk
    assert chosen.json()["current_project"]["id"] == second.pk
    assert browser.get("/api/projects/@current/").json()["id"] == second.pk


def test_current__without_any_project__is_404(cast: Cast) -> None:
    # Given
    services.delete_project(project=cast.eves_project, actor=SYSTEM)

    # When
    response = cast.eve.client.get("/api/projects/@current/")

    # Then
    assert response.status_code == 404
