"""REST of the audit log, and that every change leaves its entry."""

import pytest

from apps.accounts import audit, services
from apps.accounts.contracts import ALL_SCOPES, SYSTEM, Actor, Target
from apps.accounts.models import AuditEntry
from tests.factories.accounts import Cast, patch, post

pytestmark = pytest.mark.django_db

PATH = "/api/organizations/@current/audit_log/"


def note(cast: Cast, number: int, project_id: int | None = None) -> None:
    target = Target("thing", number, cast.organization.pk, project_id)
    audit.record(
        Actor(cast.ada.user.pk, "ada@example.com", None, "2001:db8::1"), "thing.made", target, {"n": [0, number]}
    )


def test_log__pages__give_every_entry_once_newest_first(cast: Cast) -> None:
    # Given
    for number in range(7):
        note(cast, number)
    client = cast.ada.client

    # When
    seen: list[int] = []
    address: str | None = f"{PATH}?limit=3"
    while address is not None:
        page = client.get(address).json()
        seen += [each["id"] for each in page["results"]]
        address = page["next"]

    # Then
    assert seen == list(AuditEntry.objects.order_by("-pk").values_list("pk", flat=True))
    assert len(seen) > 7


def test_log__of_one_project__leaves_out_the_rest(cast: Cast) -> None:
    # Given
    note(cast, 1, cast.project.pk)
    note(cast, 2)

    # When
    page = cast.ada.client.get(PATH, {"project": cast.project.pk}).json()

    # Then
    assert [each["target_id"] for each in page["results"]] == ["1"]
    entry = page["results"][0]
    assert entry["ip"] == "2001:db8::1"
    assert entry["changes"] == {"n": [0, 1]}
    assert entry["actor_email"] == "ada@example.com"
    assert page["next"] is None


def test_log__of_another_organization__is_never_shown(cast: Cast) -> None:
    # Given
    note(cast, 1, cast.project.pk)

    # When
    own = cast.eve.client.get(PATH, {"project": cast.project.pk})
    foreign = cast.eve.client.get(f"/api/organizations/{cast.organization.pk}/audit_log/")

    # Then
    assert own.json()["results"] == []
    assert foreign.status_code == 404


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"before": "x"}, "before"),
        ({"before": "9" * 40}, "before"),
        ({"project": "1.5"}, "project"),
        ({"project": "\x00"}, "project"),
    ],
)
def test_log__with_a_parameter_at_fault__names_it(cast: Cast, query: dict[str, str | int], attr: str) -> None:
    # When
    response = cast.ada.client.get(PATH, query)

    # Then
    assert response.status_code == 400, response.content
    assert response.json()["attr"] == attr


def test_log__after_a_day_of_changes__has_each_of_them_and_no_secret(cast: Cast) -> None:
    # Given
    client = cast.ada.client
    AuditEntry.objects.all().delete()

    # When
    patch(client, "/api/organizations/@current/", {"name": "Acme 2"})
    project = post(client, "/api/organizations/@current/projects/", {"name": "New"}).json()
    patch(client, f"/api/projects/{project['id']}/", {"week_start_day": 1})
    token = patch(client, f"/api/projects/{project['id']}/reset_token/", {}).json()["api_token"]
    client.delete(f"/api/projects/{project['id']}/")
    member = post(client, "/api/organizations/@current/members/", {"email": "new@example.com"}).json()
    patch(client, f"/api/organizations/@current/members/{member['id']}/", {"role": "viewer"})
    client.delete(f"/api/organizations/@current/members/{member['id']}/")
    patch(client, "/api/users/@me/", {"name": "Ada"})
    key = post(client, "/api/personal_api_keys/", {"label": "CI", "scopes": [ALL_SCOPES]}).json()
    client.delete(f"/api/personal_api_keys/{key['id']}/")

    # Then
    page = client.get(PATH)
    assert [each["action"] for each in reversed(page.json()["results"])] == [
        "organization.renamed",
        "project.created",
        "project.updated",
        "project.token_reset",
        "project.deleted",
        "member.added",
        "member.role_changed",
        "member.removed",
        "user.renamed",
        "personal_key.created",
        "personal_key.revoked",
    ]
    assert all(each["actor"] == cast.ada.user.pk for each in page.json()["results"])
    for secret in (token, key["value"], cast.ada.value):
        assert secret not in page.content.decode()


def test_log__of_a_user_who_is_gone__keeps_their_address(cast: Cast) -> None:
    # Given
    note(cast, 1)
    services.create_project(organization=cast.organization, name="x", actor=SYSTEM)

    # When
    cast.ada.user.delete()

    # Then
    entry = AuditEntry.objects.get(action="thing.made")
    assert (entry.actor_id, entry.actor_email) == (None, "ada@example.com")
