"""The reference of accounts names every address, scope, action and check there is, and none that is not."""

import re
from pathlib import Path

from apps.accounts.api.urls import urlpatterns
from apps.accounts.contracts import RESOURCES, Role

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = (ROOT / "docs/reference/accounts.md").read_text()
SOURCES = "\n".join(path.read_text() for path in sorted((ROOT / "apps/accounts").rglob("*.py")))
SERVICES = "\n".join(path.read_text() for path in sorted((ROOT / "apps/accounts/services").glob("*.py")))


def test_reference__names_the_addresses_that_are_served() -> None:
    # When
    served = {re.sub(r"<[^>]+>", "{}", f"/api/{route.pattern}") for route in urlpatterns}
    documented = {re.sub(r"{[^}]+}", "{}", each) for each in re.findall(r"`(?:[A-Z]+ )?(/api/[^`]+/)[` ]", REFERENCE)}

    # Then
    assert documented - {"/api/schema/"} == served


def test_reference__names_every_resource_and_role() -> None:
    # When
    words = set(re.findall(r"`([a-z_]+)`", REFERENCE)) | set(re.findall(r"\b(viewer|member|admin|owner)\b", REFERENCE))

    # Then
    assert set(RESOURCES) | {role.value for role in Role} <= words


def test_reference__names_the_actions_that_are_recorded() -> None:
    # When
    recorded = set(re.findall(r'"((?:organization|project|member|personal_key|user)\.[a-z_]+)"', SERVICES))
    documented = set(re.findall(r"`((?:organization|project|member|personal_key|user)\.[a-z_]+)`", REFERENCE))

    # Then
    assert recorded == documented


def test_reference__names_the_checks_there_are() -> None:
    # When
    checks = set(re.findall(r'id="(accounts\.[EW]\d+)"', SOURCES))

    # Then
    assert checks
    assert checks == set(re.findall(r"`(accounts\.[EW]\d+)`", REFERENCE))
