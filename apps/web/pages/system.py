"""How ingest does, for the whole deployment: what waits, who writes, and whether an event still gets through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import RedisError

from apps.ingest import selectors
from apps.ingest.canary import state as canary
from apps.ingest.flow import SLICE_SECONDS
from apps.ingest.selectors import LogState, Slice, Writer
from apps.web.pages.shell import Visit, project_page, show

SLICES: Final = 90
"""A quarter of an hour."""

_RECENT: Final = 6
_STILL: Final = 2
"""So many slices without anything written mean that nothing is being written, whatever the minute before brought."""
_FRESH_SECONDS: Final = 5
_WIDTH, _HEIGHT = 300, 60
LINKS: Final = (("web", "Web"), ("log", "Event log"), ("writer", "Writer"), ("clickhouse", "ClickHouse"))
REFUSALS: Final = (
    ("backlog", "the backlog was at its bound"),
    ("memory", "the event log was out of memory"),
    ("disk", "the disk was nearly full"),
    ("away", "the event log was away"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """One part of the way of an event, and whether the canary seems to be stuck there."""

    name: str
    is_broken: bool


@dataclass(frozen=True, slots=True)
class Curves:
    """Two curves over the same time, as points of an SVG polyline, and the rate that the top stands for."""

    acknowledged: str
    written: str
    most: int
    acknowledged_now: int
    written_now: int


@dataclass(frozen=True, slots=True)
class Ingest:
    """What the event log knows of the deployment."""

    log: LogState
    writers: list[Writer]
    curves: Curves
    drain_seconds: float | None
    """How long the backlog takes at the rates of the last minute; None while it does not shrink."""
    keeps_up: bool
    """Whether what waits is only what has just come."""
    counts: dict[str, int]
    refusals: list[tuple[str, int]]
    insert_seconds: float | None


@project_page()
def system(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the page; it then renews itself."""
    return show(request, "web/system.html", {"heading": "System", **_facts()}, visit=visit, active="system")


@project_page()
def state(request: HttpRequest, visit: Visit) -> HttpResponse:  # noqa: ARG001 - every page takes it
    """Answer the page's question for what has changed."""
    return render(request, "web/system_state.html", _facts())


@project_page()
def alarm(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Answer the home page's question whether events still get through; asks nothing of ClickHouse."""
    return render(request, "web/parts/alarm.html", {"canary": canary.look(), "project": visit.project})


def _facts() -> dict[str, object]:
    verdict = canary.look()
    return {
        "canary": verdict,
        "links": [Link(title, is_broken=verdict.link == name) for name, title in LINKS],
        "ingest": _ingest(),
    }


def _ingest() -> Ingest | None:
    """Ask the event log; None while it does not answer."""
    try:
        log, writers, counts = selectors.log_state(), selectors.list_writers(), selectors.counters()
        # The one that is not over yet would look like a fall.
        slices = selectors.list_slices(SLICES + 1)[:-1]
    except RedisError:
        return None
    batches = counts.get("batches_written", 0)
    return Ingest(
        log=log,
        writers=writers,
        curves=draw(slices),
        drain_seconds=drain_seconds(log.entries, slices),
        keeps_up=log.oldest_age < _FRESH_SECONDS,
        counts=counts,
        refusals=[(text, count) for name, text in REFUSALS if (count := counts.get(f"requests_refused_{name}", 0))],
        insert_seconds=counts.get("insert_microseconds", 0) / 1e6 / batches if batches else None,
    )


def drain_seconds(entries: int, slices: Sequence[Slice]) -> float | None:
    """Estimate when the log is empty, from what came and went in the last minute; None while it does not shrink."""
    if not entries:
        return 0
    if not any(part.requests_written for part in slices[-_STILL:]):
        return None
    recent = slices[-_RECENT:]
    shrunk = sum(part.requests_written - part.requests_acknowledged for part in recent)
    return entries * len(recent) * SLICE_SECONDS / shrunk if shrunk > 0 else None


def draw(slices: Sequence[Slice]) -> Curves:
    """Draw events a second; both curves stand on the same scale."""
    acknowledged = [part.events_acknowledged / SLICE_SECONDS for part in slices]
    written = [part.events_written / SLICE_SECONDS for part in slices]
    most = max(*acknowledged, *written)
    rounded = (round(value) for value in (most, acknowledged[-1], written[-1]))
    return Curves(_points(acknowledged, most), _points(written, most), *rounded)


def _points(values: Sequence[float], most: float) -> str:
    step = _WIDTH / (len(values) - 1)
    scale = (_HEIGHT - 2) / most if most else 0
    return " ".join(f"{place * step:.1f},{_HEIGHT - 1 - value * scale:.1f}" for place, value in enumerate(values))
