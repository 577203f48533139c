"""`manage.py prepare` on real stores."""

import json
import secrets
import stat
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from pytest_django import Settings

from analytics.management.commands.prepare import FIRST_EMAIL
from apps.clickhouse import migrator
from tests.conftest import Stack

pytestmark = pytest.mark.django_db


def _prepare(**options: object) -> str:
    output = StringIO()
    call_command("prepare", stdout=output, **options)
    return output.getvalue()


def test_prepare__both_databases_are_up_to_date__says_so_and_changes_nothing(stack: Stack, tmp_path: Path) -> None:
    # Given
    marker = tmp_path / "prepared"

    # When
    text = _prepare(marker=marker)

    # Then
    assert text.splitlines() == ["Database is up to date.", "ClickHouse is up to date."]
    assert marker.exists()
    assert migrator.pending() == []
    assert not get_user_model().objects.exists()


def test_prepare__first_user_wanted__makes_one_who_can_log_in(stack: Stack, tmp_path: Path, settings: Settings) -> None:
    # Given
    settings.BALEEN_DATA_DIR = tmp_path

    # When
    text = _prepare(first_user=True)

    # Then
    path = tmp_path / "first-user.json"
    made = json.loads(path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made["email"] == FIRST_EMAIL
    assert made["project_token"].startswith("phc_")
    assert get_user_model().objects.get(email=FIRST_EMAIL).check_password(made["password"])
    assert made["password"] not in text


def test_prepare__password_begins_with_a_dash__is_taken_for_no_option(
    stack: Stack, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given what chance makes once in 64 starts
    settings.BALEEN_DATA_DIR = tmp_path
    monkeypatch.setattr(secrets, "token_urlsafe", lambda count: "-" + "p" * count)

    # When
    _prepare(first_user=True)

    # Then
    assert get_user_model().objects.get(email=FIRST_EMAIL).check_password("-" + "p" * 12)


def test_prepare__somebody_is_there_already__makes_nobody(stack: Stack, tmp_path: Path, settings: Settings) -> None:
    # Given
    settings.BALEEN_DATA_DIR = tmp_path
    _prepare(first_user=True)
    before = (tmp_path / "first-user.json").read_text()

    # When
    _prepare(first_user=True)

    # Then
    assert (tmp_path / "first-user.json").read_text() == before
    assert get_user_model().objects.count() == 1
