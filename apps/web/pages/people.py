"""People: who uses the app, and all that is known of one of them."""

from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.people import selectors, services
from apps.people.contracts import PersonSummary
from apps.people.errors import PersonNotFoundError
from apps.query.kinds.events import ListedEvent, Mark
from apps.query.selectors import list_events
from apps.web.pages.live import own_first, readable
from apps.web.pages.moments import read_moment
from apps.web.pages.shell import Visit, actor_of, project_page, show

PAGE_SIZE: Final = 50
_TEXT_LENGTH: Final = 200
_LARGEST_PAGE: Final = 10_000
_GLIMPSED: Final = ("$geoip_country_code", "$browser", "$os", "plan")
"""Properties the list shows."""


@project_page()
def people(request: HttpRequest, visit: Visit) -> HttpResponse:
    """List persons, the latest first, or those that fit what is searched for."""
    text = request.GET.get("q", "").replace("\0", "")[:_TEXT_LENGTH].strip()
    page = _page(request.GET.get("page", ""))
    found = selectors.list_persons(visit.project.pk, search=text, limit=PAGE_SIZE + 1, offset=page * PAGE_SIZE)
    context: dict[str, object] = {
        "heading": "People",
        "text": text,
        "persons": [{"person": one, "glimpse": _glimpse(one)} for one in found[:PAGE_SIZE]],
        "earlier": f"?{urlencode({'q': text, 'page': page - 1})}" if page else "",
        "later": f"?{urlencode({'q': text, 'page': page + 1})}" if len(found) > PAGE_SIZE else "",
    }
    return show(request, "web/people.html", context, visit=visit, active="people")


@project_page()
def person(request: HttpRequest, visit: Visit, uuid: UUID) -> HttpResponse:
    """Show one person: properties, ids, and what they did, the latest first."""
    try:
        found = selectors.get_person(visit.project.pk, uuid)
    except PersonNotFoundError as error:
        raise Http404 from error
    before = None
    if "before" in request.GET:
        before = Mark(read_moment(request.GET["before"]), _uuid(request.GET.get("id", "")))
    events = list_events(visit.context, person_id=uuid, before=before, limit=PAGE_SIZE)
    properties = [(name, readable(value)) for name, value in sorted(found.properties.items(), key=own_first)]
    context = {
        "heading": found.name,
        "person": found,
        "properties": properties,
        "events": events,
        "is_first": before is None,
        "older": _older(events),
    }
    return show(request, "web/person.html", context, visit=visit, active="people")


@project_page()
def find(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Lead from a distinct id to its person; to its events when it has none, as of senders who want no profiles."""
    distinct_id = request.GET.get("distinct_id", "")
    found = selectors.find_person_id(visit.project.pk, distinct_id.replace("\0", ""))
    if found is None:
        return redirect(f"{reverse('web:live', args=[visit.project.pk])}?{urlencode({'person': distinct_id})}")
    return redirect("web:person", visit.project.pk, found)


@require_POST
@project_page()
def delete(request: HttpRequest, visit: Visit, uuid: UUID) -> HttpResponse:
    """Delete a person, with their events when that is wanted."""
    if not visit.may_administer:
        raise PermissionDenied
    try:
        services.delete_person(
            project=visit.context,
            person_id=uuid,
            actor=actor_of(request),
            with_events=request.POST.get("with_events") == "on",
        )
    except PersonNotFoundError as error:
        raise Http404 from error
    return redirect("web:people", visit.project.pk)


def _glimpse(one: PersonSummary) -> list[str]:
    return [readable(one.properties[key]) for key in _GLIMPSED if one.properties.get(key)]


def _page(text: str) -> int:
    return min(int(text), _LARGEST_PAGE) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004 - digits of the largest


def _older(events: list[ListedEvent]) -> str:
    """Give the address of what comes after a full page."""
    if len(events) < PAGE_SIZE:
        return ""
    return f"?{urlencode({'before': events[-1].timestamp.isoformat(), 'id': events[-1].uuid})}"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
