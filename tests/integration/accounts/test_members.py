"""REST of members: inviting, changing what they may do, letting them go, leaving."""

import pytest
from django.core import mail as outbox
from django.test import Client
from pytest_django import Settings

from apps.accounts import mail, services
from apps.accounts.contracts import SYSTEM, Role
from apps.accounts.models import AuditEntry, Membership, User
from tests.factories.accounts import PASSWORD, Cast, Person, patch, post

pytestmark = pytest.mark.django_db

PATH = "/api/organizations/@current/members/"


def role_of(person: Person) -> str:
    return Membership.objects.get(user=person.user).role


def address(person: Person) -> str:
    return f"{PATH}{person.user.pk}/"


def test_list__shows_members_of_the_organization_only(cast: Cast) -> None:
    # Given
    everyone = [cast.ada, cast.ben]
    assert cast.eve.user.pk

    # When
    listed = cast.ben.client.get(PATH).json()

    # Then
    assert [(each["email"], each["role"]) for each in listed] == [
        (person.user.email, person.role) for person in everyone
    ]
    assert not any(each["is_pending"] for each in listed)


def test_invite__of_a_newcomer_without_mail__hands_the_link_over_once(cast: Cast) -> None:
    # When
    response = post(cast.ada.client, PATH, {"email": "  New.Person@Example.COM "})

    # Then
    assert response.status_code == 201, response.content
    made = response.json()
    assert (made["email"], made["role"], made["is_pending"]) == ("new.person@example.com", "member", True)
    assert made["set_password_path"].startswith("/set-password/")
    assert "set_password_path" not in cast.ada.client.get(PATH).json()[-1]
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.target_id) == ("member.added", str(made["id"]))
    assert entry.changes == {"email": [None, "new.person@example.com"], "role": [None, "member"]}


def test_invite__of_a_newcomer_with_mail__sends_the_link_to_them_alone(cast: Cast, settings: Settings) -> None:
    # Given
    settings.BALEEN_SENDS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    # When
    response = post(cast.ada.client, PATH, {"email": "new@example.com"})
    mail.send_invitation(Membership.objects.get(user__email="new@example.com").pk)

    # Then
    assert response.json()["set_password_path"] is None
    (letter,) = outbox.outbox
    assert letter.to == ["new@example.com"]
    assert f"{settings.BALEEN_PUBLIC_URL}/set-password/" in letter.body
    assert "Acme" in letter.subject


def test_invite__of_someone_with_a_login__gives_no_link(cast: Cast) -> None:
    # Given
    assert cast.eve.user.has_usable_password()

    # When
    response = post(cast.ada.client, PATH, {"email": "eve@example.com", "role": "viewer"})

    # Then
    assert response.status_code == 201
    assert response.json()["set_password_path"] is None
    assert cast.eve.client.get(f"/api/projects/{cast.project.pk}/").status_code == 200


def test_invite__of_a_member__is_refused(cast: Cast) -> None:
    # Given
    email = cast.ben.user.email.upper()

    # When
    response = post(cast.ada.client, PATH, {"email": email})

    # Then
    assert response.status_code == 409
    assert (response.json()["code"], response.json()["attr"]) == ("already_taken", "email")


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": 5}, "email"),
        ({"email": "a@b.de\r\nBcc: x@y.de"}, "email"),
        ({"email": "x" * 300 + "@b.de"}, "email"),
        ({"email": "a@b.de", "role": "king"}, "role"),
        ({"email": "a@b.de", "role": 1}, "role"),
        ({"email": "a@b.de", "rôle": "viewer"}, "rôle"),
    ],
)
def test_invite__with_a_field_at_fault__names_it(cast: Cast, body: dict[str, object], attr: str) -> None:
    # When
    response = post(cast.ada.client, PATH, body)

    # Then
    assert response.status_code == 400, response.content
    assert response.json()["attr"] == attr


def test_owner__is_made_by_owners_only(cast: Cast) -> None:
    # When
    invited = post(cast.grace.client, PATH, {"email": "new@example.com", "role": "owner"})
    raised = patch(cast.grace.client, address(cast.ben), {"role": "owner"})
    herself = patch(cast.grace.client, address(cast.grace), {"role": "owner"})
    by_ada = patch(cast.ada.client, address(cast.ben), {"role": "owner"})

    # Then
    assert [invited.status_code, raised.status_code, herself.status_code] == [403, 403, 403]
    assert not User.objects.filter(email="new@example.com").exists()
    assert by_ada.status_code == 200
    assert role_of(cast.ben) == "owner"


def test_owner__is_changed_and_removed_by_owners_only(cast: Cast) -> None:
    # When
    lowered = patch(cast.grace.client, address(cast.ada), {"role": "viewer"})
    removed = cast.grace.client.delete(address(cast.ada))

    # Then
    assert (lowered.status_code, removed.status_code) == (403, 403)
    assert role_of(cast.ada) == "owner"


def test_owner__who_is_the_last__stays(cast: Cast) -> None:
    # When
    lowered = patch(cast.ada.client, address(cast.ada), {"role": "admin"})
    left = cast.ada.client.delete(address(cast.ada))

    # Then
    assert (lowered.status_code, left.status_code) == (409, 409)
    assert lowered.json()["code"] == left.json()["code"] == "last_owner"
    assert role_of(cast.ada) == "owner"


def test_owner__with_another_beside__may_leave(cast: Cast) -> None:
    # Given
    patch(cast.ada.client, address(cast.ben), {"role": "owner"})

    # When
    response = cast.ada.client.delete(address(cast.ada))

    # Then
    assert response.status_code == 204
    assert not Membership.objects.filter(user=cast.ada.user).exists()


def test_role__changed__is_noted_with_before_and_after(cast: Cast) -> None:
    # When
    response = patch(cast.grace.client, address(cast.ben), {"role": "viewer"})

    # Then
    assert response.json()["role"] == "viewer"
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.changes) == ("member.role_changed", {"role": ["member", "viewer"]})
    assert entry.actor_email == "grace@example.com"


def test_member__who_leaves__needs_nobody(cast: Cast) -> None:
    # When
    response = cast.vera.client.delete(address(cast.vera))

    # Then
    assert response.status_code == 204
    assert AuditEntry.objects.latest("pk").action == "member.removed"
    assert cast.vera.client.get(PATH).status_code == 404


def test_member__cannot_remove_or_raise_anyone(cast: Cast) -> None:
    # When
    removed = cast.ben.client.delete(address(cast.vera))
    raised = patch(cast.ben.client, address(cast.ben), {"role": "admin"})

    # Then
    assert (removed.status_code, raised.status_code) == (403, 403)
    assert role_of(cast.ben) == "member"


@pytest.mark.parametrize("user_id", ["0", "abc", "999999999", "9" * 30])
def test_member__who_is_none__is_404(cast: Cast, user_id: str) -> None:
    # When
    response = cast.ada.client.delete(f"{PATH}{user_id}/")

    # Then
    assert response.status_code == 404


def test_member__of_another_organization__is_404(cast: Cast) -> None:
    # When
    response = cast.ada.client.delete(address(cast.eve))

    # Then
    assert response.status_code == 404
    assert role_of(cast.eve) == "owner"


# --- the set-password link ----------------------------------------------------
def link_of(email: str, cast: Cast) -> dict[str, str]:
    """Invite someone and take their link apart."""
    path = post(cast.ada.client, PATH, {"email": email}).json()["set_password_path"]
    _, _, uid, token, _ = path.split("/")
    return {"uid": uid, "token": token}


def test_set_password__by_link__works_once(cast: Cast) -> None:
    # Given
    link = link_of("new@example.com", cast)
    body = {**link, "password": "a-long-enough-secret"}

    # When
    first = post(Client(), "/api/users/set_password/", body)
    second = post(Client(), "/api/users/set_password/", {**body, "password": "another-long-secret"})

    # Then
    assert first.status_code == 204, first.content
    assert (second.status_code, second.json()["code"]) == (400, "link_expired")
    user = User.objects.get(email="new@example.com")
    assert user.check_password("a-long-enough-secret")
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.actor_id, entry.changes) == ("user.password_set", user.pk, {})


def test_set_password__too_weak__says_why_and_keeps_the_link(cast: Cast) -> None:
    # Given
    link = link_of("new@example.com", cast)

    # When
    weak = post(Client(), "/api/users/set_password/", {**link, "password": "12345"})
    strong = post(Client(), "/api/users/set_password/", {**link, "password": "a-long-enough-secret"})

    # Then
    assert (weak.status_code, weak.json()["attr"]) == (400, "password")
    assert "short" in weak.json()["detail"]
    assert strong.status_code == 204


@pytest.mark.parametrize(
    "change", [{"token": "made-up"}, {"uid": "MQ"}, {"uid": "%%%"}, {"uid": "é"}, {"token": ""}, {"uid": "OTk5OTk5"}]
)
def test_set_password__by_a_made_up_link__is_refused(cast: Cast, change: dict[str, str]) -> None:
    # Given
    link = link_of("new@example.com", cast)

    # When
    body = {**link, "password": "a-long-enough-secret", **change}
    response = post(Client(), "/api/users/set_password/", body)

    # Then
    assert response.status_code == 400, response.content
    assert not User.objects.get(email="new@example.com").has_usable_password()


def test_login__of_the_cast__works_with_any_case_of_the_address(cast: Cast) -> None:
    # Given
    assert cast.ada.user.email == "ada@example.com"

    # When
    client = Client()

    # Then
    assert client.login(email="ADA@Example.com", password=PASSWORD)
    assert not client.login(email="ada@example.com", password="wrong")
    assert services.rename_user(user=cast.ada.user, name="Ada", actor=SYSTEM).name == "Ada"
    assert Role(role_of(cast.ada)) is Role.OWNER
