"""The paths page in a real browser: the same numbers as the API, in every size and theme."""

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.integration.web.conftest import Visitor
from tests.live import Live, LiveProject

pytestmark = pytest.mark.browser

Visit = Callable[..., Visitor]
MARKUP = "<img src=x onerror=alert(1)>"
WAYS = ["/ /pricing /signup", "/ /pricing /signup", "/ /docs", f"/ {MARKUP.replace(' ', '_')}", f"/ /{'long' * 100}"]


def views() -> list[dict[str, Any]]:
    """One visitor a way, a page a minute, an hour ago."""
    begun = datetime.now(tz=UTC) - timedelta(hours=1)
    return [
        {
            "event": "$pageview",
            "distinct_id": f"visitor-{number}",
            "timestamp": (begun + timedelta(minutes=minute)).isoformat(),
            "uuid": f"0191d3f0-0000-7000-9000-{number:06x}{minute:06x}",
            "properties": {"$current_url": url},
        }
        for number, way in enumerate(WAYS)
        for minute, url in enumerate(way.split())
    ]


@pytest.fixture(scope="module")
def site(live: Live) -> LiveProject:
    project = live.new_project(name="Site")
    assert project.capture(*views()).status == 200
    project.wait_for(len(views()))
    return project


def test_paths__numbers_on_the_page__equal_those_of_the_api(visit: Visit, site: LiveProject) -> None:
    # Given
    asked = {
        "kind": "PathsQuery",
        "dateRange": {"date_from": "-7d"},
        "pathsFilter": {"includeEventTypes": ["$pageview"]},
    }
    answer = site.query(asked).body["results"]
    # When
    page = visit().open(f"/projects/{site.id}/paths/?kind=pages")
    page.wait_for_selector("[data-chart][data-drawn] canvas")
    # Then
    assert [edge["value"] for edge in answer] == [2, 2, 1, 1, 1]
    assert [int(text) for text in page.locator("#numbers [data-count]").all_inner_texts()] == [2, 2, 1, 1, 1]
    expect(page.locator("#numbers")).to_contain_text(MARKUP.replace(" ", "_"))


def test_paths__begun_elsewhere__change_the_flow_and_the_address(visit: Visit, site: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{site.id}/paths/")
    page.wait_for_selector("[data-drawn]")
    # When
    page.get_by_label("Beginning at").fill("/pricing/")
    page.get_by_label("Beginning at").press("Enter")
    # Then
    expect(page).to_have_url(re.compile(r"start=%2Fpricing%2F"))
    expect(page.locator("#numbers tbody tr")).to_have_count(1)
    expect(page.locator("#numbers tbody tr")).to_contain_text("1 m")
    # When
    page.get_by_label("Beginning at").fill("/nowhere")
    page.get_by_label("Beginning at").press("Enter")
    # Then
    expect(page.get_by_text("No paths")).to_be_visible()


def test_paths__in_every_size_and_theme__fit_and_can_be_pointed_at(visit: Visit, site: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{site.id}/paths/")
    page.wait_for_selector("[data-drawn]")
    for theme, width in itertools.product(("light", "dark"), (1280, 390)):
        # When
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 800})
        # Then
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # When
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("[data-chart] canvas").first.hover(position={"x": 12, "y": 200})
    # Then
    expect(page.locator(".chart-tooltip-title")).to_have_text("Step 1")
