"""Who may do what: every door of accounts, tried by every role, by an outsider, by a stranger and by narrower keys."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import pytest
from django.test import Client

from apps.accounts import services
from apps.accounts.contracts import ALL_SCOPES, RESOURCES, SYSTEM, Role
from tests.factories.accounts import Cast, client_with, make_person

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Door:
    """One method of one address, and the weakest role and the scope it asks for."""

    method: str
    path: str
    needs: Role
    scope: str
    success: int
    body: Callable[[Cast], object] = lambda _: {}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, cast: Cast) -> str:
        path = self.path.replace("{vera}", str(cast.vera.user.pk)) if "{vera}" in self.path else self.path
        return path.format(organization=cast.organization.pk, project=cast.project.pk)

    def knock(self, client: Client, cast: Cast) -> int:
        return client.generic(
            self.method, self.address(cast), self._payload(cast), content_type="application/json"
        ).status_code

    def _payload(self, cast: Cast) -> bytes:
        return b"" if self.method in {"GET", "DELETE"} else json.dumps(self.body(cast)).encode()


ORGANIZATION = "/api/organizations/{organization}/"
PROJECT = "/api/projects/{project}/"

DOORS = [
    Door("GET", ORGANIZATION, Role.VIEWER, "organization:read", 200),
    Door("PATCH", ORGANIZATION, Role.ADMIN, "organization:write", 200, lambda _: {"name": "Acme 2"}),
    Door("GET", ORGANIZATION + "projects/", Role.VIEWER, "project:read", 200),
    Door("POST", ORGANIZATION + "projects/", Role.ADMIN, "project:write", 201, lambda _: {"name": "New"}),
    Door("GET", ORGANIZATION + "members/", Role.VIEWER, "organization_member:read", 200),
    Door(
        "POST",
        ORGANIZATION + "members/",
        Role.ADMIN,
        "organization_member:write",
        201,
        lambda _: {"email": "new@example.com", "role": "viewer"},
    ),
    Door(
        "PATCH",
        ORGANIZATION + "members/{vera}/",
        Role.ADMIN,
        "organization_member:write",
        200,
        lambda _: {"role": "member"},
    ),
    Door("GET", ORGANIZATION + "audit_log/", Role.ADMIN, "audit_log:read", 200),
    Door("GET", PROJECT, Role.VIEWER, "project:read", 200),
    Door("PATCH", PROJECT, Role.ADMIN, "project:write", 200, lambda _: {"name": "Main 2"}),
    Door("PATCH", PROJECT + "reset_token/", Role.ADMIN, "project:write", 200),
    Door("DELETE", PROJECT, Role.ADMIN, "project:write", 204),
]
OWN_DOORS = [
    Door("GET", "/api/users/@me/", Role.VIEWER, "user:read", 200),
    Door("PATCH", "/api/users/@me/", Role.VIEWER, "user:write", 200, lambda _: {"name": "Me"}),
    Door("GET", "/api/organizations/", Role.VIEWER, "organization:read", 200),
    Door("GET", "/api/projects/", Role.VIEWER, "project:read", 200),
    Door("GET", "/api/personal_api_keys/", Role.VIEWER, "personal_api_key:read", 200),
]
ALL_DOORS = [*DOORS, *OWN_DOORS]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("door", DOORS, ids=str)
def test_door__knocked_by_a_role__opens_from_the_role_it_needs(cast: Cast, door: Door, role: Role) -> None:
    # When
    status = door.knock(cast.with_role(role).client, cast)

    # Then
    assert status == (door.success if role.covers(door.needs) else 403)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_door__knocked_by_an_outsider__is_not_there(cast: Cast, door: Door) -> None:
    # When
    status = door.knock(cast.eve.client, cast)

    # Then
    assert status == 404


@pytest.mark.parametrize("door", ALL_DOORS, ids=str)
def test_door__knocked_by_a_stranger__asks_for_a_key(cast: Cast, door: Door) -> None:
    # When
    response = Client().generic(door.method, door.address(cast), b"{}", content_type="application/json")

    # Then
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("door", ALL_DOORS, ids=str)
def test_door__knocked_with_the_project_token__refuses_it_by_name(cast: Cast, door: Door) -> None:
    # When
    client = client_with(cast.project.api_token)
    response = client.generic(door.method, door.address(cast), b"{}", content_type="application/json")

    # Then
    assert response.status_code == 401
    assert "project token" in response.content.decode()


@pytest.mark.parametrize("door", ALL_DOORS, ids=str)
def test_door__knocked_with_every_other_scope__stays_shut(cast: Cast, door: Door) -> None:
    # Given
    resource, _, access = door.scope.partition(":")
    others = [f"{name}:{way}" for name in RESOURCES for way in ("read", "write") if name != resource]
    if access == "write":
        others.append(f"{resource}:read")
    _, value = services.create_key(user=cast.ada.user, label="others", scopes=others, actor=SYSTEM)

    # When
    response = client_with(value).generic(door.method, door.address(cast), b"{}", content_type="application/json")

    # Then
    assert response.status_code == 403
    assert door.scope in response.json()["detail"]


@pytest.mark.parametrize("door", ALL_DOORS, ids=str)
def test_door__knocked_with_its_scope_alone__opens(cast: Cast, door: Door) -> None:
    # Given
    _, value = services.create_key(user=cast.ada.user, label="one", scopes=[door.scope], actor=SYSTEM)

    # When
    status = door.knock(client_with(value), cast)

    # Then
    assert status == door.success


@pytest.mark.parametrize("door", [door for door in ALL_DOORS if door.method == "GET"], ids=str)
def test_door__read_with_the_write_scope__opens(cast: Cast, door: Door) -> None:
    # Given
    scope = door.scope.replace(":read", ":write")
    _, value = services.create_key(user=cast.ada.user, label="write", scopes=[scope], actor=SYSTEM)

    # When
    status = door.knock(client_with(value), cast)

    # Then
    assert status == 200


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_door__knocked_with_a_key_for_another_organization__is_not_there(cast: Cast, door: Door) -> None:
    # Given: Dan belongs to both, his key to Eve's organization only
    dan = make_person("dan@example.com", cast.organization, Role.OWNER)
    services.add_member(
        organization=cast.eves_project.organization,
        email="dan@example.com",
        role=Role.OWNER,
        granted_by=Role.OWNER,
        actor=SYSTEM,
    )
    _, value = services.create_key(
        user=dan.user,
        label="there",
        scopes=[ALL_SCOPES],
        organization=cast.eves_project.organization,
        actor=SYSTEM,
    )

    # When
    status = door.knock(client_with(value), cast)

    # Then
    assert status == 404


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_door__knocked_with_a_key_for_another_project__stays_shut(cast: Cast, door: Door) -> None:
    # Given
    second = services.create_project(organization=cast.organization, name="Second", actor=SYSTEM)
    _, value = services.create_key(
        user=cast.ada.user, label="second", scopes=[ALL_SCOPES], project=second, actor=SYSTEM
    )

    # When
    status = door.knock(client_with(value), cast)

    # Then
    assert status == (404 if door.path.startswith(PROJECT) else 403)


@pytest.mark.parametrize("door", [door for door in ALL_DOORS if door.method != "GET"], ids=str)
def test_door__written_by_a_browser_without_the_csrf_token__stays_shut(cast: Cast, door: Door) -> None:
    # When
    response = cast.ada.browser.generic(door.method, door.address(cast), b"{}", content_type="application/json")

    # Then
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]


@pytest.mark.parametrize("door", [door for door in ALL_DOORS if door.method == "GET"], ids=str)
def test_door__read_by_a_browser__opens(cast: Cast, door: Door) -> None:
    # When
    status = door.knock(cast.ada.browser, cast)

    # Then
    assert status == 200


def test_doors__of_accounts__are_all_in_this_table() -> None:
    # Given
    own = {"personal_api_keys/<str:key_id>/", "users/set_password/"}  # test_personal_keys.py, test_set_password.py

    # When
    served = {str(each.pattern) for each in import_module("apps.accounts.api.urls").urlpatterns} - own

    # Then
    known = {
        door.path.removeprefix("/api/")
        .replace("{organization}", "<str:organization_id>")
        .replace("{project}", "<str:project_id>")
        .replace("{vera}", "<str:user_id>")
        for door in ALL_DOORS
    }
    assert served == known
