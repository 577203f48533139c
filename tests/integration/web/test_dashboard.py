"""The dashboard as a person meets it: Chromium before the whole running stack."""

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.integration.web.conftest import Visitor
from tests.live import EMAIL, PASSWORD, Live, LiveProject

pytestmark = pytest.mark.browser

Visit = Callable[..., Visitor]
MARKUP = "<script>alert('name')</script>"
LONG = "an event with a name that goes on " * 5
_uuids = itertools.count(1)


def _event(name: str, person: str, days_ago: float = 0, **properties: object) -> dict[str, Any]:
    moment = datetime.now(tz=UTC) - timedelta(days=days_ago, minutes=1)
    return {
        "event": name,
        "distinct_id": person,
        "timestamp": moment.isoformat(),
        "uuid": f"0191d3f0-0000-7000-8000-{next(_uuids):012x}",
        "properties": properties,
    }


@pytest.fixture(scope="module")
def shop(live: Live) -> LiveProject:
    """A project with a small story in it: 12 sign up, 8 of them chat, 3 of those pay."""
    project = live.new_project(name="Shop with a name that is far too long for any button " * 3)
    people = [f"person-{number}" for number in range(12)]
    events = [
        _event("signed up", person, days_ago=3, plan="pro" if i % 3 == 0 else "free") for i, person in enumerate(people)
    ]
    events += [_event("chat sent", person, days_ago=2, model="small") for person in people[:8] for _ in range(2)]
    events += [_event("paid", person, days_ago=1, amount=20) for person in people[:3]]
    events.append(_event(MARKUP, '<img src=x onerror="alert(1)">', 0, **{"<b>key</b>": '"><script>alert(2)</script>'}))
    events.append(_event(LONG, "somebody-" * 20, note="x" * 3000))
    assert project.capture(*events).status == 200
    project.wait_for(len(events))
    return project


def _numbers(page: Page, cell: str) -> list[int]:
    return [int(text.replace(",", "")) for text in page.locator(f"#numbers {cell}").all_inner_texts()]


def test_login__wrong_then_right_password__says_no_then_opens(visit: Visit) -> None:
    # Given
    visitor = visit(logged_in=False)
    page = visitor.open("/")
    expect(page).to_have_url(re.compile(r"/login/\?next=/$"))
    # When
    visitor.log_in(password="wrong")
    # Then
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    # When
    visitor.log_in(EMAIL, PASSWORD)
    # Then
    expect(page).to_have_url(re.compile(r"/projects/\d+/$"))


def test_switcher__another_project__leads_there(visit: Visit, live: Live, shop: LiveProject) -> None:
    # Given
    other = live.new_project(name="Other one")
    page = visit().open(f"/projects/{shop.id}/")
    # When
    page.get_by_role("button", name=re.compile("^Shop with")).click()
    page.get_by_role("link", name="Other one").click()
    # Then
    expect(page).to_have_url(f"{live.url}/projects/{other.id}/")


def test_empty_project__first_event_over_http__turns_the_page_over_by_itself(visit: Visit, live: Live) -> None:
    # Given
    project = live.new_project(name="Fresh")
    page = visit().open(f"/projects/{project.id}/")
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    page.get_by_role("tab", name="curl").click()
    expect(page.locator("#snippet-curl")).to_contain_text(project.token)
    expect(page.locator("#snippet-curl")).to_contain_text(live.url)
    # When
    assert project.capture(_event("first", "somebody"), path="/e/").status == 200
    # Then
    expect(page.get_by_role("heading", name="Home")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-key=events_week]")).to_have_text("1")


def test_trends__numbers_on_the_page__equal_those_of_the_api(visit: Visit, shop: LiveProject) -> None:
    # Given
    query = {
        "kind": "TrendsQuery",
        "dateRange": {"date_from": "-7d"},
        "series": [
            {"kind": "EventsNode", "event": "chat sent", "math": "total"},
            {"kind": "EventsNode", "event": "chat sent", "math": "dau"},
        ],
    }
    answer = shop.query(query).body["results"]
    # When
    page = visit().open(
        f"/projects/{shop.id}/trends/?event=chat+sent&math=total&property=&event=chat+sent&math=dau&property="
    )
    page.wait_for_selector("[data-chart][data-drawn] canvas")
    # Then
    assert [series["count"] for series in answer] == [16, 8]
    assert _numbers(page, "[data-total]") == [16, 8]
    days = [_numbers(page, f"tbody tr:nth-child({row}) td:nth-child(n+4)") for row in (1, 2)]
    assert days == [series["data"] for series in answer]


def test_trends__asked_by_hand__can_be_shared_and_gone_back_from(visit: Visit, shop: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{shop.id}/trends/")
    page.wait_for_selector("[data-drawn]")
    # When: the event is found by typing, the split and the chart are chosen
    page.get_by_role("button", name="Event: All events").click()
    page.keyboard.type("signed")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"event=signed\+up"))
    page.get_by_role("button", name=re.compile("^Split by")).click()
    page.keyboard.type("plan")
    page.keyboard.press("Enter")
    expect(page.locator("#numbers tbody tr")).to_have_count(2)
    page.locator("#chart").select_option("bar")
    expect(page).to_have_url(re.compile("chart=bar"))
    shared = page.url
    # Then: elsewhere the address alone gives the same page
    other = visit().page
    other.goto(shared)
    expect(other.locator("#numbers tbody tr")).to_have_count(2)
    expect(other.locator("#chart")).to_have_value("bar")
    assert _numbers(other, "[data-total]") == [8, 4]
    # When
    page.go_back()
    # Then
    expect(page.locator("#chart")).to_have_value("line")


def test_trends__answer_from_memory__is_counted_again_on_demand(visit: Visit, live: Live) -> None:
    # Given
    project = live.new_project(name="Counted twice")
    project.capture(_event("tick", "somebody"))
    project.wait_for(1)
    page = visit().open(f"/projects/{project.id}/trends/?event=tick")
    expect(page.locator("[data-total]")).to_have_text("1")
    project.capture(_event("tick", "somebody"))
    project.wait_for(2)
    # When
    page.get_by_role("button", name="Count again").click()
    # Then
    expect(page.locator("[data-total]")).to_have_text("2")
    expect(page).to_have_url(re.compile(r"/trends/\?event=tick$"))


def test_trends__sql_behind_a_chart__names_the_project(visit: Visit, shop: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{shop.id}/trends/")
    # When
    page.get_by_text("The SQL behind this").click()
    # Then
    expect(page.locator("#sql")).to_contain_text(str(shop.id))


def test_funnel__numbers_on_the_page__equal_those_of_the_api(visit: Visit, shop: LiveProject) -> None:
    # Given
    steps = ["signed up", "chat sent", "paid"]
    query = {
        "kind": "FunnelsQuery",
        "dateRange": {"date_from": "-30d"},
        "series": [{"kind": "EventsNode", "event": step} for step in steps],
    }
    answer = shop.query(query).body["results"]
    # When
    page = visit().open(f"/projects/{shop.id}/funnels/?step=signed+up&step=chat+sent&step=paid")
    page.wait_for_selector("#numbers")
    # Then
    assert [step["count"] for step in answer] == [12, 8, 3]
    assert _numbers(page, "[data-count]") == [12, 8, 3]
    expect(page.locator(".funnel")).to_contain_text("66.7 %")
    expect(page.locator(".funnel")).to_contain_text("1 d median")
    bars = page.locator(".funnel rect").evaluate_all("bars => bars.map(bar => Number(bar.getAttribute('height')))")
    assert bars == pytest.approx([100, 66.667, 25])


def test_funnel__steps_reordered_by_hand__are_another_question(visit: Visit, shop: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{shop.id}/funnels/?step=signed+up&step=paid")
    page.wait_for_selector("#numbers")
    # When
    page.get_by_role("button", name="Move step down").first.click()
    # Then
    expect(page).to_have_url(re.compile(r"step=paid&step=signed\+up"))
    expect(page.locator("#numbers [data-count]")).to_have_text(["3", "0"])


def test_live__new_event__appears_by_itself_unless_paused(visit: Visit, shop: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{shop.id}/live/?event=arrived")
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    # When
    shop.capture(_event("arrived", "walker", step=1))
    # Then
    expect(page.locator("#live tbody tr")).to_have_count(1, timeout=20_000)
    # When
    page.get_by_role("button", name="Pause").click()
    shop.capture(_event("arrived", "runner", step=2))
    page.wait_for_timeout(5_000)
    # Then
    expect(page.locator("#live tbody tr")).to_have_count(1)
    # When
    page.get_by_role("button", name="Go on").click()
    # Then
    expect(page.locator("#live tbody tr")).to_have_count(2, timeout=20_000)
    # When
    page.get_by_label("Distinct id").fill("walker")
    # Then
    expect(page.locator("#live tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("person=walker"))


def test_live__names_with_markup__are_shown_as_text(visit: Visit, shop: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{shop.id}/live/")
    # When
    page.locator("#live").get_by_role("button", name=MARKUP).click()
    # Then
    sheet = page.locator("#sheet")
    expect(sheet.get_by_role("heading", name=MARKUP)).to_be_visible()
    expect(sheet).to_contain_text("<b>key</b>")
    expect(sheet).to_contain_text('"><script>alert(2)</script>')
    expect(sheet.locator("script, img")).to_have_count(0)


def test_trends__series_with_markup__is_drawn_and_listed_as_text(visit: Visit, shop: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{shop.id}/trends/?event=%3Cscript%3Ealert(%27name%27)%3C%2Fscript%3E&chart=bar")
    page.wait_for_selector("[data-drawn]")
    # When: the pointer rests on the last day
    box = page.locator("[data-chart]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 60, box["y"] + box["height"] / 2)
    # Then
    expect(page.locator(".chart-tooltip-name")).to_have_text(MARKUP)
    expect(page.locator("#numbers tbody th")).to_have_text(MARKUP)


def test_rejected__refused_event__is_listed_with_its_reason(visit: Visit, shop: LiveProject) -> None:
    # Given
    answer = shop.capture(
        _event("fine", "somebody"), {"event": f"{MARKUP} lost", "properties": {}, "uuid": "not-a-uuid"}
    )
    assert answer.status == 200
    visitor = visit()
    # When
    page = visitor.open(f"/projects/{shop.id}/rejected/")
    for _ in range(20):
        if page.locator("main tbody tr").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    # Then
    expect(page.locator("main tbody tr").first).to_contain_text("lost")
    expect(page.locator("main tbody .badge").first).to_be_visible()


PAGES = [
    "", "live/", "rejected/", "install/", "settings/", "settings/members/", "settings/keys/", "settings/audit/",
    "system/", "data/", "data/properties/",
    "trends/?event=signed+up&breakdown=plan&range=90d&compare=1",
    "funnels/?step=signed+up&step=chat+sent&step=paid&breakdown=plan",
]  # fmt: skip


def test_pages__in_every_size_and_theme__fit_without_sideways_scrolling(visit: Visit, shop: LiveProject) -> None:
    # Given
    visitor = visit()
    for path in PAGES:
        page = visitor.open(f"/projects/{shop.id}/{path}")
        expect(page.locator(".skeleton")).to_have_count(0)
        for theme, width in itertools.product(("light", "dark"), (1280, 390)):
            # When
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.set_viewport_size({"width": width, "height": 800})
            # Then
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{page.url} scrolls sideways"


def test_theme__chosen_by_hand__is_remembered(visit: Visit) -> None:
    # Given
    page = visit(theme="light").open("/projects/new/")
    # When
    page.get_by_role("button", name="Switch between light and dark").locator("visible=true").click()
    # Then
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_keyboard__first_tab_of_a_page__offers_the_way_past_the_menu(visit: Visit, shop: LiveProject) -> None:
    # Given
    page = visit().open(f"/projects/{shop.id}/live/")
    # When
    page.keyboard.press("Tab")
    # Then
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()


def test_policy__injected_script__does_not_run(visit: Visit, shop: LiveProject) -> None:
    # Given
    visitor = visit()
    page = visitor.open(f"/projects/{shop.id}/live/")
    # When: markup gets into the page after all
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.broken = true";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.broken = true'>");
        }"""
    )
    page.wait_for_timeout(500)
    # Then
    assert page.evaluate("window.broken") is None
    blocked = [text for text in visitor.complaints if "Content Security Policy" in text]
    assert len(blocked) >= 2
    visitor.complaints.clear()
