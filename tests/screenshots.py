"""Takes the pictures in docs/images from a demo project: `make screenshots`, or `python -m tests.screenshots`.

A stack of its own is started on a throw-away directory and filled by `manage.py demo`, so the pictures show what
anybody gets, and nothing of anyone's data.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import launch
from tests.live import EMAIL, PASSWORD, Live, LiveProject, run_live
from tests.processes import ROOT

IMAGES = ROOT / "docs" / "images"
PEOPLE, DAYS = 1200, 60


@dataclass(frozen=True)
class Picture:
    """One file: which page, how large, in which theme, and what must be there before it is taken."""

    name: str
    path: str
    shown: str
    width: int = 1200
    height: int = 800
    theme: str = "light"


FUNNEL = "funnels/?step=user+signed+up&step=chat+started&step=upgraded+to+pro&range=90d&window=30"
TREND = "trends/?event=%24ai_generation&math=total&property=&breakdown=%24ai_model&range=30d"
PICTURES = (
    Picture("home", "", "[data-drawn]"),
    Picture("live", "live/", "#live tbody tr"),
    Picture("trend", TREND, "[data-drawn]"),
    Picture("trend-dark", TREND, "[data-drawn]", theme="dark"),
    Picture("funnel", FUNNEL, "#numbers"),
    Picture("costs", "costs/", "[data-drawn]", height=1000),
    Picture("funnel-phone", FUNNEL, "#numbers", width=390, height=844),
)


@contextmanager
def filled() -> Iterator[LiveProject]:
    """Start a stack, make a project and tell the demo story into it."""
    with tempfile.TemporaryDirectory(prefix="baleen-screenshots-") as folder, run_live(Path(folder)) as live:
        project = live.new_project(name="Otter chat")
        subprocess.run(
            [sys.executable, "manage.py", "demo", f"--host={live.url}", f"--project-token={project.token}",
             f"--people={PEOPLE}", f"--days={DAYS}"],
            cwd=ROOT, env={**os.environ, "BALEEN_DATA_DIR": folder}, check=True,
        )  # fmt: skip
        project.wait_for(100, seconds=120)
        yield project


def take(page: Page, project: LiveProject, picture: Picture) -> Path:
    """Take one picture."""
    page.set_viewport_size({"width": picture.width, "height": picture.height})
    page.emulate_media(color_scheme="dark" if picture.theme == "dark" else "light", reduced_motion="reduce")
    page.goto(f"{project.live.url}/projects/{project.id}/{picture.path}")
    page.wait_for_selector(picture.shown)
    page.wait_for_timeout(500)
    target = IMAGES / f"{picture.name}.png"
    page.screenshot(path=target)
    return target


def enter(page: Page, live: Live) -> None:
    """Log in as the owner."""
    page.goto(f"{live.url}/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/projects/**")


def main() -> None:
    """Take them all."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with filled() as project, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        enter(page, project.live)
        for picture in PICTURES:
            target = take(page, project, picture)
            sys.stdout.write(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1024} kB\n")
        browser.close()


if __name__ == "__main__":
    main()
