"""System checks: a deployment that would be open is told so by id."""

import pytest
from django.core import checks
from pytest_django import Settings


def found(*, deploy: bool = False) -> set[str | None]:
    """Run the checks of security and give our ids."""
    messages = checks.run_checks(tags=[checks.Tags.security], include_deployment_checks=deploy)
    return {message.id for message in messages if str(message.id).startswith("accounts.")}


def test_checks__of_a_sound_deployment__find_nothing(settings: Settings) -> None:
    # Given
    settings.BALEEN_PUBLIC_URL = "https://baleen.example.com"
    settings.SECURE_HSTS_SECONDS = 3600

    # When / Then
    assert found(deploy=True) == set()


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("SECRET_KEY", "short", "accounts.E001"),
        ("BALEEN_PUBLIC_URL", "baleen.example.com", "accounts.E002"),
        ("PROJECT_PURGERS", ["apps.accounts.nowhere.purge"], "accounts.E003"),
    ],
)
def test_checks__of_an_unsound_setting__name_it(settings: Settings, name: str, value: object, check: str) -> None:
    # Given
    setattr(settings, name, value)

    # When / Then
    assert found() == {check}


def test_checks__of_a_deployment_without_https__warn_it(settings: Settings) -> None:
    # Given
    settings.BALEEN_PUBLIC_URL = "http://baleen.example.com"

    # When / Then
    assert found() == set()
    assert found(deploy=True) == {"accounts.W001"}
