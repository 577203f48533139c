"""The template tags, and the icons templates name."""

import json
import re

import pytest
from django.conf import settings

from apps.web.pages.shell import MENU
from apps.web.templatetags.baleen import duration, percent, thousands

WEB = settings.BASE_DIR / "apps" / "web"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "\N{EN DASH}"), (0.2, "< 1 s"), (1, "1 s"), (61, "1 min 1 s"), (3607, "1 h"), (93_784, "1 d 2 h")],
)
def test_duration__any_span__is_written_in_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "\N{EN DASH}"), (1234567, "1,234,567"), (2.0, "2"), (1.239, "1.24")]
)
def test_thousands__any_number__has_separators(value: float | None, text: str) -> None:
    assert thousands(value) == text


def test_percent__ratio__has_one_digit() -> None:
    assert percent(0.4567) == "45.7 %"


def test_icons__every_one_a_page_names__is_in_the_sprite() -> None:
    # Given
    built = set(json.loads((WEB / "assets" / "icons.json").read_text()))
    # When
    templates = (path.read_text() for path in (WEB / "templates").rglob("*.html"))
    named = {name for text in templates for name in re.findall(r'{% icon "([^"]+)"', text)}
    # Then
    assert named | {icon for *_, icon in MENU} == built


def test_templates__none__holds_inline_script_style_or_another_host() -> None:
    # Given: what the Content-Security-Policy would block, or would leave the server
    forbidden = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|https?://", re.IGNORECASE)
    # When
    found = {
        str(path.relative_to(WEB)): forbidden.findall(path.read_text()) for path in (WEB / "templates").rglob("*.html")
    }
    # Then
    assert {name: hits for name, hits in found.items() if hits} == {}
