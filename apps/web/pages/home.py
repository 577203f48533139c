"""A project's first page: how to send events until there are some, the key numbers from then on."""

from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from redis.exceptions import RedisError

from apps.catalog.selectors import list_event_names
from apps.clickhouse.errors import ClickHouseError
from apps.ingest.dead_letters import selectors as dead_letters
from apps.ingest.dead_letters.contracts import Search
from apps.ingest.selectors import list_writers, log_state
from apps.query.errors import QueryError, QueryUnavailableError
from apps.query.selectors import list_events
from apps.web.pages.asking import ask
from apps.web.pages.ranges import Range
from apps.web.pages.shell import Visit, project_page, show
from apps.web.pages.snippets import Snippet, install_snippets
from apps.web.pages.trend_question import Series, TrendQuestion
from apps.web.pages.trends import draw

TOP: Final = 8
log = structlog.get_logger(__name__)

WEEK: Final = TrendQuestion(series=(Series(), Series(math="dau")), range=Range("7d"), chart="area")


@project_page()
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the install snippets, or what the last week brought; while ClickHouse is away, what is wrong."""
    if not _has_events(visit):
        return show(
            request,
            "web/install.html",
            {"heading": "Send your first event", "snippets": _snippets(request, visit)},
            visit=visit,
            active="home",
        )
    return show(request, "web/home.html", {"heading": "Home"}, visit=visit, active="home")


def _has_events(visit: Visit) -> bool:
    try:
        return bool(list_events(visit.context, limit=1))
    except QueryError as exc:
        # The page's own parts say what they cannot show, and its banner says why.
        log.warning("home.no_answer", reason=exc.detail)
        return True


@project_page()
def install(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the install snippets of a project that has events already."""
    context = {"heading": "Send events", "snippets": _snippets(request, visit), "has_events": True}
    return show(request, "web/install.html", context, visit=visit)


@project_page()
def waiting(request: HttpRequest, visit: Visit) -> HttpResponse:  # noqa: ARG001 - every page takes it
    """Tell a waiting page to turn over once the first event is there; nothing until then."""
    if not list_events(visit.context, limit=1):
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Redirect": reverse("web:home", args=[visit.project.pk])})


@project_page()
def summary(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Answer what the home page asks: the week in numbers, the top events, how ingest is doing."""
    try:
        return render(request, "web/home_summary.html", _summary(visit))
    except QueryError as error:
        refusal = error
    except ClickHouseError:
        refusal = QueryUnavailableError("The analytics engine cannot be reached for now.")
    return render(request, "web/parts/failed.html", {"error": refusal}, status=refusal.status)


def _summary(visit: Visit) -> dict[str, object]:
    week = ask(visit, WEEK.query())
    people = ask(
        visit, {**WEEK.query(), "series": [Series(math="dau").node()], "trendsFilter": {"display": "BoldNumber"}}
    )
    events, users = week["results"]
    events["label"], users["label"] = "Events", "People"
    newest = list_events(visit.context, limit=1)
    letters = dead_letters.search(visit.project.pk, Search(), limit=1)
    return {
        "visit": visit,
        "drawing": draw(week["results"], "area", "day", unfinished=True),
        "events_week": events["count"],
        "events_today": events["data"][-1],
        "people_week": people["results"][0]["aggregated_value"],
        "people_today": users["data"][-1],
        "top": list_event_names(visit.project.pk)[:TOP],
        "newest": newest[0] if newest else None,
        "letter": letters[0] if letters else None,
        "question": WEEK,
        "health": _health(),
    }


def _health() -> dict[str, object] | None:
    """Say whether events are being written, for the whole deployment; None while the event log is out of reach."""
    try:
        state, writers = log_state(), list_writers()
    except RedisError:
        return None
    trouble = next((writer.trouble for writer in writers if writer.trouble), "")
    return {"waiting": state.entries, "oldest": state.oldest_age, "writers": len(writers), "trouble": trouble}


def _snippets(request: HttpRequest, visit: Visit) -> list[Snippet]:
    return install_snippets(token=visit.project.api_token, host=request.build_absolute_uri("/")[:-1])
