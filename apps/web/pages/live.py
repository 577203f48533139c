"""Live events: what arrives now, and one event whole."""

import hashlib
import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.catalog.selectors import list_event_names
from apps.query.kinds.events import ListedEvent
from apps.query.selectors import find_event, list_events
from apps.web.pages.asking import with_chosen
from apps.web.pages.moments import read_moment
from apps.web.pages.shell import Visit, project_page, show

PAGE_SIZE: Final = 50
_PREVIEWED: Final = 3
_PREVIEW_LENGTH: Final = 60


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to."""

    event: str = ""
    person: str = ""

    @classmethod
    def read(cls, request: HttpRequest) -> "Filters":
        """Read the filters from an address."""
        return cls(request.GET.get("event", ""), request.GET.get("person", "").strip())

    def address(self) -> str:
        """Spell the filters as a query string."""
        return urlencode({name: value for name, value in (("event", self.event), ("person", self.person)) if value})


@dataclass(frozen=True, slots=True)
class Row:
    """One event of the list, with a glimpse of its properties."""

    event: ListedEvent
    preview: list[tuple[str, str]]
    more: int


@project_page()
def live(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the newest events; the list then renews itself."""
    filters = Filters.read(request)
    names = [seen.name for seen in list_event_names(visit.project.pk)]
    context = {
        "heading": "Live events",
        "filters": filters,
        "events": with_chosen(names, filters.event),
        **_list(visit, filters),
    }
    return show(request, "web/live.html", context, visit=visit, active="live")


@project_page()
def rows(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Give the list again, or nothing when the browser has it already."""
    filters = Filters.read(request)
    context = _list(visit, filters)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    response = render(request, "web/live_rows.html", {**context, "filters": filters, "project": visit.project})
    page = reverse("web:live", args=[visit.project.pk])
    address = filters.address()
    response["HX-Replace-Url"] = f"{page}?{address}" if address else page
    return response


@project_page()
def event(request: HttpRequest, visit: Visit, uuid: UUID) -> HttpResponse:
    """Show one event with all its properties."""
    found = find_event(visit.context, uuid, read_moment(request.GET.get("at", "")))
    if found is None:
        raise Http404
    properties = [(name, readable(value)) for name, value in sorted(found.properties.items(), key=own_first)]
    return render(request, "web/event.html", {"event": found, "properties": properties, "project": visit.project})


def _list(visit: Visit, filters: Filters) -> dict[str, object]:
    found = list_events(visit.context, event=filters.event or None, distinct_id=filters.person or None, limit=PAGE_SIZE)
    shown = "\n".join([filters.address(), *(str(item.uuid) for item in found)])
    seen = hashlib.blake2b(shown.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return {"rows": [_row(item) for item in found], "seen": seen}


def _row(item: ListedEvent) -> Row:
    own = [(name, value) for name, value in sorted(item.properties.items()) if not name.startswith("$")]
    preview = [(name, readable(value)[:_PREVIEW_LENGTH]) for name, value in own[:_PREVIEWED]]
    return Row(item, preview, len(item.properties) - len(preview))


def own_first(pair: tuple[str, object]) -> tuple[bool, str]:
    """Sort the app's own properties before those an SDK adds, which begin with a dollar sign."""
    return pair[0].startswith("$"), pair[0]


def readable(value: object) -> str:
    """Write a property's value for people: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
