"""The official PostHog client for browsers, unmodified, in a real one, on a page of another origin."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import launch
from tests.live import Live, LiveProject
from tests.node import CLIENTS, installed
from tests.processes import ROOT, wait_until

pytestmark = pytest.mark.browser

PAGE = ROOT / "tests" / "clients" / "web" / "page.html"
DIST = CLIENTS / "node_modules" / "posthog-js" / "dist"


class _Site(SimpleHTTPRequestHandler):
    """The app's own server: one page, and the client's build."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        is_script = path.startswith("/posthog-js/")
        content = (DIST / path.removeprefix("/posthog-js/")).read_bytes() if is_script else PAGE.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Site))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


class Visit:
    """One visitor of the site, and everything that went wrong in its browser."""

    def __init__(self, page: Page, site: str, project: LiveProject) -> None:
        self.page = page
        self._site = site
        self._project = project
        self.faults: list[str] = []
        self.requests: list[tuple[str, str, int]] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("response", self._note)

    def _note(self, response: Any) -> None:  # noqa: ANN401 - playwright's
        url = urlsplit(response.url)
        if response.url.startswith(self._project.live.url):
            self.requests.append((response.request.method, url.path, response.status))
            if response.status >= 300:
                self.faults.append(f"{response.status} {response.url}")

    def open(self, build: str) -> None:
        """Open the page and wait for the client."""
        query = {"build": build, "key": self._project.token, "host": self._project.live.url}
        self.page.goto(f"{self._site}/?{urlencode(query)}&utm_source=raft")
        self.page.wait_for_selector("body[data-loaded=yes]")

    def wait_for(self, *names: str) -> dict[str, dict[str, Any]]:
        """Wait until events of these names are stored, and give one of each name."""

        def rows() -> dict[str, dict[str, Any]]:
            return {row["event"]: row for row in self._project.events()}

        def is_told() -> bool:
            # The browser only works on while playwright waits.
            self.page.wait_for_timeout(200)
            return set(names) <= set(rows())

        wait_until(is_told, what=f"{names}")
        return rows()


@pytest.fixture
def visit(live: Live, site: str, browser: Browser) -> Iterator[Visit]:
    context = browser.new_context()
    yield Visit(context.new_page(), site, live.new_project())
    context.close()


@pytest.mark.parametrize("build", ["module.full.no-external.js", "module.js", "snippet"])
def test_posthog_js__visit_of_a_person__is_stored(visit: Visit, build: str) -> None:
    # Given a page with the client, pointed at this server
    visit.open(build)
    page = visit.page

    # When a person looks, clicks, is identified, belongs to a company, does something, and is forgotten
    seen = visit.wait_for("$pageview")["$pageview"]
    page.click("#send")
    clicked = visit.wait_for("$autocapture")["$autocapture"]
    page.evaluate("""() => {
        posthog.identify("ada", { plan: "pro" }, { first_seen: "today" });
        posthog.group("company", "acme", { size: 7 });
        posthog.capture("message sent", { length: 42 });
        posthog.reset();
        posthog.capture("after reset");
    }""")
    rows = visit.wait_for("$identify", "$groupidentify", "message sent", "after reset")

    # Then the browser met no error, and every event is stored as the SDK tells it
    assert visit.faults == []
    anonymous = seen["distinct_id"]
    assert seen["properties"]["title"] == "Otter chat"
    assert seen["properties"]["$lib"] == "web"
    assert seen["properties"]["$lib_version"] == installed("posthog-js")
    assert seen["properties"]["utm_source"] == "raft"
    assert seen["properties"]["$process_person_profile"] is False
    assert clicked["distinct_id"] == anonymous
    assert clicked["properties"]["$event_type"] == "click"
    assert clicked["properties"]["$el_text"] == "Send the message"
    assert 'attr__id="send"' in clicked["properties"]["$elements_chain"]
    assert "$elements" not in clicked["properties"]
    assert clicked["properties"]["$session_id"] == seen["properties"]["$session_id"]
    assert rows["$identify"]["distinct_id"] == "ada"
    assert rows["$identify"]["properties"]["$anon_distinct_id"] == anonymous
    assert rows["$identify"]["properties"]["$set"]["plan"] == "pro"
    assert rows["$identify"]["properties"]["$set_once"]["first_seen"] == "today"
    assert rows["$groupidentify"]["properties"]["$group_set"] == {"size": 7}
    assert rows["message sent"]["properties"]["$groups"] == {"company": "acme"}
    assert rows["message sent"]["properties"]["length"] == 42
    assert rows["after reset"]["distinct_id"] not in {"ada", anonymous}
    # It read its configuration, which tells it where to send, and was told of no flags after each change of person.
    paths = {path for _, path, _ in visit.requests}
    assert any(path.startswith("/array/") for path in paths)
    assert "/i/v0/e/" in paths
    assert ("POST", "/flags/", 200) in visit.requests


def test_posthog_js__page_is_left__last_words_arrive(visit: Visit) -> None:
    # Given a page that was just opened
    visit.open("module.full.no-external.js")
    visit.wait_for("$pageview")

    # When something happens and the page is left before the client would have sent it
    visit.page.evaluate("""() => {
        posthog.capture("last words");
        location.href = "about:blank";
    }""")

    # Then it arrives all the same, with the leaving itself
    rows = visit.wait_for("last words", "$pageleave")
    assert rows["$pageleave"]["distinct_id"] == rows["last words"]["distinct_id"]
    assert rows["$pageleave"]["properties"]["$prev_pageview_pathname"] == "/"
