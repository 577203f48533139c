import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings
from time_machine import TimeMachineFixture

from apps.accounts.models import User
from tests.factories.accounts import PASSWORD, Cast, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]


@pytest.fixture(autouse=True)
def _forget_rates() -> None:
    cache.clear()


def _log_in(client: Client, email: str, password: str) -> int:
    return client.post("/login/", {"login": email, "password": password}).status_code


def test_login__right_password__leads_to_the_dashboard() -> None:
    # Given
    user = UserFactory.create(email="ada@example.com")
    client = Client()
    # When
    answer = client.post("/login/", {"login": "Ada@Example.com", "password": PASSWORD})
    # Then
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_login__wrong_password__says_so_and_keeps_the_door_shut() -> None:
    # Given
    UserFactory.create(email="ada@example.com")
    client = Client()
    # When
    answer = client.post("/login/", {"login": "ada@example.com", "password": "wrong"})
    # Then
    assert answer.status_code == 200
    assert "not correct" in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_login__without_csrf_token__is_refused() -> None:
    # Given
    UserFactory.create(email="ada@example.com")
    # When
    answer = Client(enforce_csrf_checks=True).post("/login/", {"login": "ada@example.com", "password": PASSWORD})
    # Then
    assert answer.status_code == 403
    assert "You may not do this" in answer.content.decode()


def test_login__guessed_over_and_over__is_stopped_even_with_the_right_password() -> None:
    # Given
    UserFactory.create(email="ada@example.com")
    client = Client()
    for guess in range(8):
        _log_in(client, "ada@example.com", f"guess {guess}")
    # When
    client.post("/login/", {"login": "ada@example.com", "password": PASSWORD})
    # Then
    assert "_auth_user_id" not in client.session


def test_login__next_of_another_host__is_not_followed() -> None:
    # Given
    UserFactory.create(email="ada@example.com")
    # When
    answer = Client().post(
        "/login/", {"login": "ada@example.com", "password": PASSWORD, "next": "https://evil.example/"}
    )
    # Then
    assert answer["Location"] == "/"


def test_signup__once_somebody_exists__is_closed() -> None:
    # Given
    UserFactory.create()
    # When
    answer = Client().post("/signup/", {"email": "eve@example.com", "password1": "a long enough secret"})
    # Then
    assert "By invitation" in answer.content.decode()
    assert not User.objects.filter(email="eve@example.com").exists()


def test_signup__of_the_very_first_person__makes_the_owner_of_an_organization() -> None:
    # Given
    client = Client()
    # When
    answer = client.post("/signup/", {"email": "ada@example.com", "password1": "a long enough secret"}, follow=True)
    # Then
    assert answer.status_code == 200
    place = User.objects.get(email="ada@example.com").memberships.get()
    assert place.role == "owner"
    assert "New project" in answer.content.decode()


def test_logout__by_post__ends_the_session() -> None:
    # Given
    client = Client()
    client.force_login(UserFactory.create())
    # When
    answer = client.post("/logout/")
    # Then
    assert (answer.status_code, answer["Location"]) == (302, "/login/")
    assert "_auth_user_id" not in client.session


def test_logout__by_get__asks_first() -> None:
    # Given: an image of a foreign page could send a GET
    client = Client()
    client.force_login(UserFactory.create())
    # When
    client.get("/logout/")
    # Then
    assert "_auth_user_id" in client.session


def test_set_password__by_an_invited_person__opens_the_login() -> None:
    # Given
    cast = Cast()
    page = cast.grace.browser.get(f"/projects/{cast.project.pk}/settings/members/")
    invited = cast.grace.browser
    invited.get(f"/projects/{cast.project.pk}/settings/members/")
    answer = invited.post(
        f"/projects/{cast.project.pk}/settings/members/",
        {"email": "new@example.com", "role": "member", "csrfmiddlewaretoken": invited.cookies["csrftoken"].value},
    )
    assert page.status_code == 200
    link = answer.context["link"]
    client = Client()
    # When
    weak = client.post(link, {"password": "short"})
    strong = client.post(link, {"password": "a long enough secret"})
    again = client.post(link, {"password": "another long secret"})
    # Then
    assert "too short" in weak.content.decode()
    assert (strong.status_code, strong["Location"]) == (302, "/login/")
    assert "no longer valid" in again.content.decode()
    assert _log_in(client, "new@example.com", "a long enough secret") == 302


def test_password_reset__on_a_server_without_mail__promises_no_letter() -> None:
    # When
    answer = Client().get("/password/reset/")
    # Then
    assert "sends no mail" in answer.content.decode()


def test_password_reset__with_a_forged_host__links_to_the_deployments_own_address(
    mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    # Given
    settings.BALEEN_PUBLIC_URL = "https://baleen.example"
    UserFactory.create(email="ada@example.com")
    # When
    Client().post("/password/reset/", {"email": "ada@example.com"}, headers={"Host": "evil.example"})
    # Then
    letter = str(mailoutbox[0].body)
    link = re.search(r"https?://\S+", letter)
    assert "evil" not in letter
    assert link is not None
    assert link[0].startswith("https://baleen.example/password/reset/key/")
    client = Client()
    form = client.get(link[0].removeprefix("https://baleen.example"), follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "a brand new secret", "password2": "a brand new secret"})
    assert _log_in(client, "ada@example.com", "a brand new secret") == 302


def test_password_reset__of_nobody__looks_the_same_and_writes_to_no_one(mailoutbox: list[EmailMessage]) -> None:
    # When
    answer = Client().post("/password/reset/", {"email": "nobody@example.com"})
    # Then
    assert (answer.status_code, answer["Location"]) == (302, "/password/reset/done/")
    assert mailoutbox == []


@pytest.mark.parametrize("path", ["/two-factor/", "/password/change/"])
def test_own_pages__of_a_stranger__lead_to_the_login(path: str) -> None:
    # When
    answer = Client().get(path)
    # Then
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


def test_two_factor__once_activated__asks_every_login_for_the_code(time_machine: TimeMachineFixture) -> None:
    # Given
    start = datetime.now(tz=UTC)
    later = start + timedelta(minutes=1)
    UserFactory.create(email="ada@example.com")
    client = Client()
    assert _log_in(client, "ada@example.com", PASSWORD) == 302
    gate = client.get("/two-factor/totp/activate/")
    page = client.post(gate["Location"], {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret
    # When
    answer = client.post("/two-factor/totp/activate/", {"code": _code(secret, start)})
    # Then
    assert answer.status_code == 302, answer.context["form"].errors
    stranger = Client()
    half_way = stranger.post("/login/", {"login": "ada@example.com", "password": PASSWORD})
    assert half_way["Location"].startswith("/two-factor/authenticate/")
    assert stranger.get("/projects/new/").status_code == 302
    assert "_auth_user_id" not in stranger.session
    wrong = stranger.post("/two-factor/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200
    # A code is good once; the next one is another.
    time_machine.move_to(later)
    right = stranger.post("/two-factor/authenticate/", {"code": _code(secret, later)})
    assert right.status_code == 302
    assert "_auth_user_id" in stranger.session


def _code(secret: str, moment: datetime) -> str:
    code: str = format_hotp_value(hotp_value(secret, int(moment.timestamp()) // 30))
    return code
