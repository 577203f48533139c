"""Settings, Ingestion: admins change the rules by a form, everybody sees what they do and what is stored."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from apps.accounts.contracts import Role
from apps.accounts.models import AuditEntry
from apps.ingest.controls import tallies
from apps.ingest.controls.models import IngestionSettings
from tests.factories.accounts import Cast, make_cast
from tests.factories.events import Sent, insert

pytestmark = pytest.mark.django_db

FORM = {
    "allowed_origins": "https://example.com\n\n *.example.org ",
    "denied_events": "debug*",
    "denied_properties": "password\n/secret$/",
    "masking": "phone number hash\nname truncate 1\nssn drop",
    "detect_email": "on",
    "prompt_policy": "metadata",
    "ip_policy": "drop",
    "sampling": "12.5",
    "monthly_quota": "1000",
    "rate_per_minute": "",
}


@pytest.fixture
def cast(project_id: int, stack: object) -> Cast:
    return make_cast(project_id=project_id)


def path(cast: Cast, part: str = "") -> str:
    return f"/projects/{cast.project.pk}/settings/ingestion/{part}"


def save(client: Client, address: str, **fields: str) -> tuple[int, str]:
    """Send the form as a browser does."""
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(address).content.decode())
    assert token is not None
    answer = client.post(address, {**FORM, **fields, "csrfmiddlewaretoken": token.group(1)})
    return answer.status_code, answer.content.decode()


def test_form__saved_by_an_admin__holds_and_is_shown_again(cast: Cast) -> None:
    # Given
    browser = cast.grace.browser
    # When
    status, _ = save(browser, path(cast))
    # Then
    row = IngestionSettings.objects.get(pk=cast.project.pk)
    assert status == 302
    assert row.allowed_origins == ["https://example.com", "*.example.org"]
    assert row.masking == [
        {"match": "phone number", "action": "hash"},
        {"match": "name", "action": "truncate", "length": 1},
        {"match": "ssn", "action": "drop"},
    ]
    assert (row.detectors, row.sampling, row.monthly_quota, row.rate_per_minute) == (["email"], 0.125, 1000, None)
    assert AuditEntry.objects.filter(action="ingestion_settings.updated").count() == 1
    # And
    page = browser.get(path(cast)).content.decode()
    assert "name truncate 1" in page
    assert 'value="12.5"' in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"masking": "email blur"}, "“email blur” is no rule"),
        ({"masking": "hash"}, "“hash” is no rule"),
        ({"masking": "distinct_id drop"}, "distinct_id can only be hashed"),
        ({"denied_properties": "/(/"}, "is no regular expression that can be used"),
        ({"allowed_origins": "exa mple"}, "is no host or origin"),
        ({"sampling": "101"}, "less than or equal to 100"),
        ({"monthly_quota": "-1"}, "greater than or equal to 0"),
    ],
)
def test_form__a_wrong_line__is_refused_beside_its_field(cast: Cast, fields: dict[str, str], sentence: str) -> None:
    # Given / When
    status, page = save(cast.ada.browser, path(cast), **fields)
    # Then
    assert status == 200
    found = re.search(r'class="invalid-feedback[^"]*" id="id_(\w+)_error">([^<]*)', page)
    assert found is not None
    assert found.group(1) == next(iter(fields))
    assert sentence in found.group(2)
    assert not IngestionSettings.objects.exists()


def test_form__below_admin__is_shown_but_not_taken(cast: Cast) -> None:
    # Given
    browser = cast.with_role(Role.MEMBER).browser
    page = browser.get(path(cast)).content.decode()
    # When
    status, _ = save(browser, path(cast))
    # Then
    assert status == 403
    assert "disabled" in page
    assert 'type="submit">Save' not in page
    assert not IngestionSettings.objects.exists()


@pytest.mark.parametrize("part", ["", "usage/", "stored/"])
def test_page__of_another_organization__is_not_there(cast: Cast, part: str) -> None:
    # Given / When / Then
    assert cast.eve.browser.get(path(cast, part)).status_code == 404


def test_usage__with_a_quota__shows_how_much_is_used_and_what_was_dropped(cast: Cast) -> None:
    # Given
    save(cast.ada.browser, path(cast))
    key = tallies.key(cast.project.pk, tallies.today())
    tallies.valkey().hset(key, "charged", 250)
    tallies.tallies.add(cast.project.pk, {"events": 250, "sampled": 1_234})
    # When
    part = cast.vera.browser.get(path(cast, "usage/")).content.decode()
    # Then
    assert "of 1,000 events" in part
    assert 'value="25.00"' in part
    assert "1,234" in part
    assert "Events of people outside the share" in part


def test_stored__strange_texts__are_shown_as_texts(cast: Cast) -> None:
    # Given
    insert(cast.project.pk, [Sent("<b>event</b>", "<i>ada</i>", datetime.now(UTC), {"a": "</pre><script>1</script>"})])
    # When
    part = cast.vera.browser.get(path(cast, "stored/")).content.decode()
    # Then
    assert "<script>" not in part
    assert "&lt;/pre&gt;&lt;script&gt;1&lt;/script&gt;" in part
    assert "<b>event" not in part
