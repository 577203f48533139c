"""A project's first page: how to send events until there are some, the key numbers from then on."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from redis.exceptions import RedisError

from apps.catalog.selectors import list_event_names
from apps.ingest.dead_letters import selectors as dead_letters
from apps.ingest.dead_letters.contracts import Search
from apps.ingest.selectors import backlog, writer_names
from apps.query.selectors import list_events
from apps.web.pages.asking import ask
from apps.web.pages.ranges import Range
from apps.web.pages.shell import Visit, project_page, show
from apps.web.pages.snippets import Snippet, install_snippets
from apps.web.pages.trend_question import Series, TrendQuestion
from apps.web.pages.trends import draw

TOP: Final = 8
WEEK: Final = TrendQuestion(series=(Series(), Series(math="dau")), range=Range("7d"), chart="area")


@project_page()
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the install snippets, or what the last week brought."""
    if not list_events(visit.context, limit=1):
        return show(
            request,
            "web/install.html",
            {"heading": "Send your first event", "snippets": _snippets(request, visit)},
            visit=visit,
            active="home",
        )
    return show(request, "web/home.html", {"heading": "Home"}, visit=visit, active="home")


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
    week = ask(visit, WEEK.query())
    people = ask(
        visit, {**WEEK.query(), "series": [Series(math="dau").node()], "trendsFilter": {"display": "BoldNumber"}}
    )
    events, users = week["results"]
    events["label"], users["label"] = "Events", "People"
    letters = dead_letters.search(visit.project.pk, Search(), limit=1)
    context = {
        "visit": visit,
        "drawing": draw(week["results"], "area", "day", unfinished=True),
        "events_week": events["count"],
        "events_today": events["data"][-1],
        "people_week": people["results"][0]["aggregated_value"],
        "people_today": users["data"][-1],
        "top": list_event_names(visit.project.pk)[:TOP],
        "newest": list_events(visit.context, limit=1)[0],
        "letter": letters[0] if letters else None,
        "question": WEEK,
        "health": _health(),
    }
    return render(request, "web/home_summary.html", context)


def _health() -> dict[str, object] | None:
    """Say whether events are being written, for the whole deployment; None while the event log is out of reach."""
    try:
        return {"waiting": backlog(), "writers": len(writer_names())}
    except RedisError:
        return None


def _snippets(request: HttpRequest, visit: Visit) -> list[Snippet]:
    return install_snippets(token=visit.project.api_token, host=request.build_absolute_uri("/")[:-1])
