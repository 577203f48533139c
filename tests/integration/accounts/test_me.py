"""REST of oneself, from a key and from a browser."""

import json

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts import services
from apps.accounts.contracts import ALL_SCOPES, SYSTEM, Role
from tests.factories.accounts import Cast, client_with, patch

pytestmark = pytest.mark.django_db

PATH = "/api/users/@me/"


def test_me__shows_where_one_belongs(cast: Cast) -> None:
    # Given
    assert cast.project

    # When
    me = cast.ben.client.get(PATH).json()

    # Then
    assert me["email"] == "ben@example.com"
    assert [(each["id"], each["role"]) for each in me["organizations"]] == [(cast.organization.pk, "member")]
    assert me["current_project"]["id"] == cast.project.pk
    assert "password" not in json.dumps(me)


def test_me__with_a_limited_key__shows_what_the_key_reaches(cast: Cast) -> None:
    # Given
    services.add_member(
        organization=cast.eves_project.organization,
        email=cast.ada.user.email,
        role=Role.VIEWER,
        granted_by=Role.OWNER,
        actor=SYSTEM,
    )
    _, value = services.create_key(
        user=cast.ada.user, label="x", scopes=[ALL_SCOPES], project=cast.eves_project, actor=SYSTEM
    )

    # When
    wide = cast.ada.client.get(PATH).json()
    narrow = client_with(value).get(PATH).json()

    # Then
    assert len(wide["organizations"]) == 2
    assert [each["id"] for each in narrow["organizations"]] == [cast.eves_project.organization_id]
    assert narrow["current_project"]["id"] == cast.eves_project.pk


@pytest.mark.parametrize("project_id", [987654321, None])
def test_me__choosing_a_project_that_is_not_theirs__is_refused(cast: Cast, project_id: int | None) -> None:
    # Given
    browser = Client()
    browser.force_login(cast.ben.user)

    # When
    response = patch(browser, PATH, {"current_project": project_id or cast.eves_project.pk})

    # Then
    assert response.status_code == 400
    assert response.json()["attr"] == "current_project"
    assert browser.get("/api/projects/@current/").json()["id"] == cast.project.pk


def test_me__choosing_a_project_with_a_key__is_refused(cast: Cast) -> None:
    # When
    response = patch(cast.ben.client, PATH, {"current_project": cast.project.pk})

    # Then
    assert response.status_code == 403
    assert response.json()["attr"] == "current_project"


def test_current_organization__of_a_session__is_that_of_the_chosen_project(cast: Cast) -> None:
    # Given
    services.add_member(
        organization=cast.eves_project.organization,
        email=cast.ada.user.email,
        role=Role.VIEWER,
        granted_by=Role.OWNER,
        actor=SYSTEM,
    )
    browser = Client()
    browser.force_login(cast.ada.user)
    before = browser.get("/api/organizations/@current/").json()

    # When
    patch(browser, PATH, {"current_project": cast.eves_project.pk})

    # Then
    assert before["id"] == cast.organization.pk
    after = browser.get("/api/organizations/@current/").json()
    assert (after["id"], after["role"]) == (cast.eves_project.organization_id, "viewer")


def test_browser__with_the_csrf_token__may_write(cast: Cast) -> None:
    # Given
    browser = cast.ada.browser
    browser.get("/login/")
    browser.cookies["csrftoken"] = "a" * 32

    # When
    body = json.dumps({"name": "Ada"})
    response = browser.patch(PATH, body, content_type="application/json", headers={"X-CSRFToken": "a" * 32})

    # Then
    assert response.status_code == 200, response.content
    assert response.json()["name"] == "Ada"


def test_wrong_key__while_the_counter_is_away__is_still_a_401(cast: Cast, settings: Settings) -> None:
    # Given: nothing listens on port 1
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }

    # When
    wrong = client_with("phx_wrong").get(PATH)
    right = cast.ada.client.get(PATH)

    # Then
    assert (wrong.status_code, right.status_code) == (401, 200)
