"""Settings, Ingestion, in a browser: the month is drawn, what is stored is shown, and the rules can be changed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.integration.web.conftest import Visitor
from tests.live import Live

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_page__with_an_event__draws_the_month_shows_the_row_and_saves(
    visit: Callable[..., Visitor], live: Live, width: int, theme: str
) -> None:
    # Given
    project = live.new_project()
    project.capture({"event": "signed up", "distinct_id": "ada", "properties": {"plan": "pro"}})
    project.wait_for(1)
    # When
    page = visit(width=width, theme=theme).open(f"/projects/{project.id}/settings/ingestion/")
    # Then
    expect(page.locator("#usage [data-drawn]")).to_be_visible()
    expect(page.locator("#usage [data-key=used]")).to_have_text("1")
    expect(page.locator("#stored pre").first).to_contain_text('"plan": "pro"')
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # And
    page.get_by_label("E-mail addresses").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. The rules hold everywhere within five seconds.")).to_be_visible()
    expect(page.get_by_label("E-mail addresses")).to_be_checked()
