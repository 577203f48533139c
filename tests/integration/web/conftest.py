"""A real browser before the whole running stack, which fails a test for what no test would think to look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    StorageState,
    sync_playwright,
)

from tests.browser import launch
from tests.live import EMAIL, PASSWORD, Live


@dataclass
class Visitor:
    """A browser window on the running stack that remembers everything it should not have seen."""

    live: Live
    page: Page
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a page of the stack."""
        self.page.goto(self.live.url + path)
        return self.page

    def log_in(self, email: str = EMAIL, password: str = PASSWORD) -> Page:
        """Enter by the login page."""
        self.open("/login/")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_load_state("load")
        return self.page

    def watch(self) -> None:
        """Note errors of scripts, blocked content, dialogs and requests to anywhere else."""
        self.page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        self.page.on("console", self._note_console)
        self.page.on("dialog", self._note_dialog)
        self.context.on("request", self._note_request)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _note_dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and f"{address.scheme}://{address.netloc}" != self.live.url:
            self.complaints.append(f"outside request: {request.url}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; it ends with the module, because its event loop and Django's guard do not mix."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def entered(chromium: Browser, live: Live) -> StorageState:
    """Log in once and give the cookies, for windows whose test is not about the login."""
    context = chromium.new_context()
    Visitor(live, context.new_page(), context).log_in()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def visit(chromium: Browser, live: Live, entered: StorageState) -> Iterator[Callable[..., Visitor]]:
    """Open windows: `visit()` is one with a session; each must end without a complaint."""
    opened: list[Visitor] = []

    def open_window(*, width: int = 1280, height: int = 900, theme: str = "light", logged_in: bool = True) -> Visitor:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=entered if logged_in else None,
        )
        visitor = Visitor(live, context.new_page(), context)
        opened.append(visitor)
        visitor.watch()
        visitor.page.set_default_timeout(20_000)
        return visitor

    yield open_window
    for visitor in opened:
        visitor.context.close()
    assert [complaint for visitor in opened for complaint in visitor.complaints] == []
