"""Personal keys: made once, shown once, and refused the moment they should be."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from apps.accounts import keys, services
from apps.accounts.contracts import ALL_SCOPES, SYSTEM, Role
from apps.accounts.errors import AlreadyTakenError
from apps.accounts.models import AuditEntry, Membership, PersonalKey
from tests.factories.accounts import Cast, Person, client_with, patch, post

pytestmark = pytest.mark.django_db

PATH = "/api/personal_api_keys/"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def make(person: Person, **fields: object) -> str:
    """Create a key over REST and give its value."""
    response = post(person.client, PATH, {"label": "made", "scopes": ["*"], **fields})
    assert response.status_code == 201, response.content
    value: str = response.json()["value"]
    return value


def test_create__shows_the_value_once_and_stores_its_hash_only(cast: Cast) -> None:
    # When
    response = post(cast.ben.client, PATH, {"label": "CI", "scopes": ["query:read", "project:read"]})

    # Then
    assert response.status_code == 201, response.content
    made = response.json()
    assert made["value"].startswith("phx_")
    assert made["scopes"] == ["project:read", "query:read"]
    stored = PersonalKey.objects.get(pk=made["id"])
    assert stored.value_hash == keys.hash_key(made["value"])
    assert made["value"] not in json.dumps(list(PersonalKey.objects.values()), default=str)
    later = cast.ben.client.get(f"{PATH}{made['id']}/").json()
    assert "value" not in later
    assert later["mask"] == f"phx_...{made['value'][-4:]}"
    assert made["value"] not in cast.ben.client.get(PATH).content.decode()


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"scopes": ["*"]}, "label"),
        ({"label": " ", "scopes": ["*"]}, "label"),
        ({"label": "x"}, "scopes"),
        ({"label": "x", "scopes": []}, "scopes"),
        ({"label": "x", "scopes": "*"}, "scopes"),
        ({"label": "x", "scopes": ["query:delete"]}, "scopes.0"),
        ({"label": "x", "scopes": ["query:read", {}]}, "scopes.1"),
        ({"label": "x", "scopes": ["*"], "project": "1"}, "project"),
        ({"label": "x", "scopes": ["*"], "project": 10**40}, "project"),
        ({"label": "x", "scopes": ["*"], "organization": -1}, "organization"),
        ({"label": "x", "scopes": ["*"], "expires_at": "tomorrow"}, "expires_at"),
        ({"label": "x", "scopes": ["*"], "expires_at": 5}, "expires_at"),
        ({"label": "x", "scopes": ["*"], "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"label": "x", "scopes": ["*"], "expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),
        ({"label": "x", "scopes": ["*"], "value": "phx_mine"}, "value"),
    ],
)
def test_create__with_a_field_at_fault__names_it(cast: Cast, body: dict[str, object], attr: str) -> None:
    # When
    response = post(cast.ada.client, PATH, body)

    # Then
    assert response.status_code == 400, response.content
    assert response.json()["attr"] == attr


def test_create__limited_to_what_is_foreign__is_refused(cast: Cast) -> None:
    # When
    project = post(cast.ada.client, PATH, {"label": "x", "scopes": ["*"], "project": cast.eves_project.pk})
    organization = post(
        cast.ada.client, PATH, {"label": "x", "scopes": ["*"], "organization": cast.eves_project.organization_id}
    )

    # Then
    assert (project.status_code, project.json()["attr"]) == (400, "project")
    assert (organization.status_code, organization.json()["attr"]) == (400, "organization")


def test_create__by_a_narrow_key__makes_no_wider_one(cast: Cast) -> None:
    # Given
    scopes = ["personal_api_key:write", "query:read"]
    narrow = client_with(make(cast.ada, scopes=scopes, project=cast.project.pk))

    # When
    wider = post(narrow, PATH, {"label": "x", "scopes": ["project:read"], "project": cast.project.pk})
    everywhere = post(narrow, PATH, {"label": "x", "scopes": ["query:read"]})
    same = post(narrow, PATH, {"label": "x", "scopes": ["query:read"], "project": cast.project.pk})

    # Then
    assert (wider.status_code, wider.json()["attr"]) == (403, "scopes")
    assert (everywhere.status_code, everywhere.json()["attr"]) == (403, "organization")
    assert same.status_code == 201


def test_key__made_by_a_viewer__does_no_more_than_a_viewer(cast: Cast) -> None:
    # When
    client = client_with(make(cast.vera))

    # Then
    assert client.get(f"/api/projects/{cast.project.pk}/").status_code == 200
    assert patch(client, f"/api/projects/{cast.project.pk}/", {"name": "x"}).status_code == 403


def test_key__of_a_member_who_was_removed__reaches_nothing(cast: Cast) -> None:
    # Given
    client = client_with(make(cast.ben))
    membership = Membership.objects.get(user=cast.ben.user)

    # When
    services.remove_member(membership=membership, granted_by=Role.OWNER, actor=SYSTEM)

    # Then
    assert client.get(f"/api/projects/{cast.project.pk}/").status_code == 404
    assert client.get("/api/organizations/").json() == []


def test_key__of_a_login_that_was_closed__is_refused(cast: Cast) -> None:
    # Given
    cast.ben.user.is_active = False
    cast.ben.user.save()

    # When
    response = cast.ben.client.get(PATH)

    # Then
    assert response.status_code == 401


def test_key__past_its_end__is_refused(cast: Cast) -> None:
    # Given
    with time_machine.travel(NOON, tick=False):
        value = make(cast.ada, expires_at=(NOON + timedelta(hours=1)).isoformat())

    # When
    with time_machine.travel(NOON + timedelta(minutes=59), tick=False):
        before = client_with(value).get(PATH)
    with time_machine.travel(NOON + timedelta(minutes=60), tick=False):
        after = client_with(value).get(PATH)

    # Then
    assert before.status_code == 200
    assert after.status_code == 401
    assert "expired" in after.json()["detail"]


def test_key__once_revoked__is_refused_and_leaves_the_list(cast: Cast) -> None:
    # Given
    value = make(cast.ada)
    key = PersonalKey.objects.get(value_hash=keys.hash_key(value))

    # When
    response = cast.ada.client.delete(f"{PATH}{key.pk}/")

    # Then
    assert response.status_code == 204
    assert client_with(value).get(PATH).status_code == 401
    assert key.pk not in [each["id"] for each in cast.ada.client.get(PATH).json()]
    assert AuditEntry.objects.latest("pk").action == "personal_key.revoked"


def test_key__of_someone_else__is_not_there(cast: Cast) -> None:
    # When
    shown = cast.ada.client.get(f"{PATH}{cast.ben.key.pk}/")
    revoked = cast.ada.client.delete(f"{PATH}{cast.ben.key.pk}/")

    # Then
    assert shown.status_code == revoked.status_code == 404
    assert cast.ben.client.get(PATH).status_code == 200


def test_key__used__is_noted_once_a_minute(cast: Cast) -> None:
    # Given
    client = cast.ada.client

    # When
    noted = []
    for seconds in (0, 30, 59, 61):
        with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
            client.get(PATH)
        cast.ada.key.refresh_from_db()
        assert cast.ada.key.last_used_at is not None
        noted.append((cast.ada.key.last_used_at - NOON).total_seconds())

    # Then
    assert noted == [0, 0, 0, 61]


def test_key__whose_value_is_taken__is_refused(cast: Cast) -> None:
    # When
    with pytest.raises(AlreadyTakenError):
        services.create_key(user=cast.ben.user, label="x", scopes=[ALL_SCOPES], value=cast.ada.value, actor=SYSTEM)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer phx_unknown",
        "Bearer phx_\x7f",
        "Bearer " + "x" * 5000,
        "Bearer a b",
        "bearer phx_unknown",
        "Bearer \xff\xfe",
        "Bearer ' OR 1=1 --",
    ],
)
def test_key__that_nobody_has__is_refused(cast: Cast, header: str) -> None:
    # When
    response = Client(headers={"Authorization": header}).get(f"/api/projects/{cast.project.pk}/")

    # Then
    assert response.status_code == 401, response.content
    assert response.json()["type"] == "authentication_error"


@pytest.mark.parametrize("header", ["Basic YWRhOng=", "phx_x", ""])
def test_request__with_another_scheme__counts_as_a_stranger(cast: Cast, header: str) -> None:
    # When
    response = Client(headers={"Authorization": header}).get(f"/api/projects/{cast.project.pk}/")

    # Then
    assert response.status_code == 401


@pytest.mark.usefixtures("valkey")
def test_keys__guessed_without_end__are_slowed_down_while_right_ones_pass(cast: Cast) -> None:
    # Given
    cache.clear()
    guess = client_with("phx_guess")

    # When
    with time_machine.travel(NOON, tick=False):
        statuses = [guess.get(PATH).status_code for _ in range(65)]
        last = guess.get(PATH)
        right = cast.ada.client.get(PATH)
    with time_machine.travel(NOON + timedelta(minutes=1), tick=False):
        later = guess.get(PATH)

    # Then
    assert statuses == [401] * 60 + [429] * 5
    assert last.headers["Retry-After"] == "60"
    assert last.json()["type"] == "throttled_error"
    assert right.status_code == 200
    assert later.status_code == 401
    assert settings.BALEEN_BEHIND_PROXY is False
