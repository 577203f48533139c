"""REST of a project's rules: who may read and change them, what is refused by name, what is noted."""

from typing import Any

import pytest

from apps.accounts.contracts import Role
from apps.accounts.models import AuditEntry
from apps.ingest.controls import services, tallies
from apps.ingest.controls.models import IngestionSettings
from tests.factories.accounts import Cast, make_cast, patch

pytestmark = pytest.mark.django_db

DEFAULTS = {
    "allowed_origins": [],
    "denied_events": [],
    "denied_properties": [],
    "masking": [],
    "detectors": {"email": False, "card": False, "secret": False, "jwt": False, "phone": False},
    "prompt_policy": "keep",
    "sampling": 1.0,
    "monthly_quota": None,
    "rate_per_minute": None,
    "ip_policy": "keep",
    "cookieless": False,
}


@pytest.fixture
def cast(project_id: int) -> Cast:
    return make_cast(project_id=project_id)


def path(cast: Cast, rest: str = "") -> str:
    return f"/api/projects/{cast.project.pk}/ingestion/{rest}"


def test_get__a_project_without_rules__shows_the_defaults(cast: Cast) -> None:
    # Given / When
    answer = cast.vera.client.get(path(cast))
    # Then
    assert answer.status_code == 200
    assert answer.json() == DEFAULTS
    assert not IngestionSettings.objects.exists()


def test_patch__every_field__is_kept_and_noted_with_what_it_was(cast: Cast) -> None:
    # Given
    wanted = {
        "allowed_origins": ["https://App.Example.com/", "*.example.org"],
        "denied_events": ["debug*"],
        "denied_properties": ["password", "/secret$/"],
        "masking": [
            {"match": "phone", "action": "hash"},
            {"match": "name", "action": "truncate", "length": 1},
            {"match": "distinct_id", "action": "hash"},
        ],
        "detectors": {"email": True},
        "prompt_policy": "metadata",
        "sampling": 0.25,
        "monthly_quota": 1_000_000,
        "rate_per_minute": 6_000,
        "ip_policy": "truncate",
        "cookieless": True,
    }
    # When
    answer = patch(cast.grace.client, path(cast), wanted)
    # Then
    kept = wanted | {
        "allowed_origins": ["https://app.example.com", "*.example.org"],
        "detectors": DEFAULTS["detectors"] | {"email": True},  # type: ignore[operator]
    }
    assert answer.status_code == 200, answer.content
    assert answer.json() == kept == cast.vera.client.get(path(cast)).json()
    # And
    entry = AuditEntry.objects.get(action="ingestion_settings.updated")
    assert entry.changes["sampling"] == [1.0, 0.25]
    assert entry.changes["detectors"] == [[], ["email"]]
    assert set(entry.changes) == set(wanted)


def test_patch__one_detector__leaves_the_others(cast: Cast) -> None:
    # Given
    patch(cast.ada.client, path(cast), {"detectors": {"email": True, "card": True}})
    # When
    answer = patch(cast.ada.client, path(cast), {"detectors": {"card": False, "jwt": True}})
    # Then
    assert answer.json()["detectors"] == {"email": True, "card": False, "secret": False, "jwt": True, "phone": False}


def test_patch__what_is_there_already__notes_nothing(cast: Cast) -> None:
    # Given
    patch(cast.ada.client, path(cast), {"sampling": 0.5})
    # When
    patch(cast.ada.client, path(cast), {"sampling": 0.5})
    # Then
    assert AuditEntry.objects.filter(action="ingestion_settings.updated").count() == 1


@pytest.mark.parametrize(
    ("wrong", "attr"),
    [
        ({"allowed_origin": []}, "allowed_origin"),
        ({"allowed_origins": ["exa mple"]}, "allowed_origins.0"),
        ({"allowed_origins": "example.com"}, "allowed_origins"),
        ({"denied_events": ["ok", ""]}, "denied_events.1"),
        ({"denied_events": [5]}, "denied_events.0"),
        ({"denied_properties": ["/(/"]}, "denied_properties.0"),
        ({"denied_properties": ["/(?=look)/"]}, "denied_properties.0"),
        ({"denied_properties": ["x" * 201]}, "denied_properties.0"),
        ({"denied_properties": [f"p{number}" for number in range(201)]}, "denied_properties"),
        ({"masking": [{"match": "a", "action": "blur"}]}, "masking.0.action"),
        ({"masking": [{"match": "a"}]}, "masking.0.action"),
        ({"masking": [{"match": "a", "action": "truncate"}]}, "masking.0.length"),
        ({"masking": [{"match": "a", "action": "hash", "length": 3}]}, "masking.0.length"),
        ({"masking": [{"match": "distinct_id", "action": "drop"}]}, "masking.0.action"),
        ({"masking": [{"match": "/(/", "action": "drop"}]}, "masking.0.match"),
        ({"detectors": {"emails": True}}, "detectors.emails"),
        ({"detectors": {"email": "yes"}}, "detectors.email"),
        ({"prompt_policy": "none"}, "prompt_policy"),
        ({"sampling": 1.5}, "sampling"),
        ({"sampling": 1e-300}, "sampling"),
        ({"sampling": 0.00009}, "sampling"),
        ({"sampling": True}, "sampling"),
        ({"sampling": "0.5"}, "sampling"),
        ({"monthly_quota": -1}, "monthly_quota"),
        ({"monthly_quota": 1.5}, "monthly_quota"),
        ({"rate_per_minute": "many"}, "rate_per_minute"),
        ({"ip_policy": "hash"}, "ip_policy"),
        ({"cookieless": None}, "cookieless"),
    ],
)
def test_patch__a_wrong_value__is_refused_by_name(cast: Cast, wrong: dict[str, Any], attr: str) -> None:
    # Given / When
    answer = patch(cast.ada.client, path(cast), wrong)
    # Then
    assert answer.status_code == 400
    assert answer.json()["attr"] == attr, answer.json()
    assert not IngestionSettings.objects.exists()


@pytest.mark.parametrize("role", list(Role))
def test_patch__by_role__is_for_admins(cast: Cast, role: Role) -> None:
    # Given / When
    answer = patch(cast.with_role(role).client, path(cast), {"cookieless": True})
    # Then
    assert answer.status_code == (200 if role.covers(Role.ADMIN) else 403)


@pytest.mark.parametrize("rest", ["", "usage/", "stored/"])
def test_rules__of_a_foreign_project__are_not_there(cast: Cast, rest: str) -> None:
    # Given / When / Then
    assert cast.eve.client.get(path(cast, rest)).status_code == 404


def test_usage__counts__are_shown_by_day(cast: Cast, stack: object) -> None:
    # Given
    day = tallies.today()
    tallies.tallies.add(cast.project.pk, {"events": 7, "sampled": 3})
    # When
    shown = cast.vera.client.get(path(cast, "usage/")).json()
    # Then
    assert shown["month"] == f"{day:%Y-%m}"
    assert shown["quota"] is None
    assert shown["totals"]["events"] == 7
    assert shown["totals"]["sampled"] == 3
    assert shown["days"][-1]["date"] == day.isoformat()
    assert shown["days"][-1]["counts"]["events"] == 7
    assert len(shown["days"]) == day.day


def test_usage__a_month_long_ago__is_empty(cast: Cast, stack: object) -> None:
    # Given / When
    shown = cast.vera.client.get(path(cast, "usage/?month=2024-02")).json()
    # Then
    assert len(shown["days"]) == 29
    assert shown["resets_on"] == "2024-03-01"
    assert not any(shown["totals"].values())


@pytest.mark.parametrize(
    ("rest", "attr"),
    [
        ("usage/?month=May", "month"),
        ("usage/?month=9999-12", "month"),
        ("usage/?month=0001-01", "month"),
        ("stored/?limit=0", "limit"),
        ("stored/?limit=x", "limit"),
    ],
)
def test_reading__a_wrong_parameter__is_refused_by_name(cast: Cast, rest: str, attr: str) -> None:
    # Given / When
    answer = cast.vera.client.get(path(cast, rest))
    # Then
    assert answer.status_code == 400
    assert answer.json()["attr"] == attr


@pytest.mark.parametrize("share", [0, 0.0001, 1])
def test_patch__a_share_that_keeps_somebody_or_nobody__is_taken(cast: Cast, share: float) -> None:
    # Given / When
    answer = patch(cast.ada.client, path(cast), {"sampling": share})
    # Then
    assert (answer.status_code, answer.json()["sampling"]) == (200, share)


def test_purge__a_deleted_project__leaves_no_rules_key_or_counts(cast: Cast, stack: object) -> None:
    # Given
    patch(cast.ada.client, path(cast), {"cookieless": True})
    tallies.tallies.add(cast.project.pk, {"events": 7})
    tallies.tallies.flush()
    # When
    services.purge_project(cast.project.pk)
    # Then
    assert not IngestionSettings.objects.exists()
    assert tallies.month(cast.project.pk, tallies.today()) == {}
