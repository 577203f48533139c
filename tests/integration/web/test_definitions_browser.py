"""The Data page in a browser, before the whole running stack."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.integration.web.conftest import Visitor
from tests.live import Live
from tests.processes import wait_until


@pytest.mark.browser
def test_data__event_sent__is_listed_and_described_in_the_browser(visit: Callable[..., Visitor], live: Live) -> None:
    # Given
    project = live.new_project(name="Definitions")
    project.capture(
        {"event": "chat sent", "distinct_id": "p", "properties": {"tokens": 5, "$current_url": "https://a.example/x"}}
    )
    listed = f"/api/projects/{project.id}/event_definitions/"
    wait_until(lambda: live.get(listed, key=live.key).body["count"] == 1, seconds=20, what="the definition")

    # When
    visitor = visit()
    page = visitor.open(f"/projects/{project.id}/data/")
    page.get_by_role("button", name="Edit chat sent").click()
    page.get_by_label("Description").fill("A question to the model.")
    page.get_by_label("Verified").check()
    page.get_by_role("button", name="Save").click()

    # Then
    row = page.locator("tbody tr")
    expect(row).to_contain_text("A question to the model.")
    expect(row).to_contain_text("verified")
    one = live.get(listed, key=live.key).body["results"][0]
    assert (one["description"], one["verified"], one["volume_30_day"]) == ("A question to the model.", True, 1)

    # When
    page = visitor.open(f"/projects/{project.id}/data/properties/")

    # Then what the writer added is listed too
    expect(page.locator("tbody")).to_contain_text("$pathname")
    assert visitor.complaints == []
