"""The page of definitions: which events and properties a project sends, and what people say of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.catalog import search, selectors, services
from apps.catalog.contracts import EventDefinition, PropertyDefinition, PropertyType, Scope
from apps.catalog.errors import DefinitionNotFoundError
from apps.web.forms import DefinitionForm
from apps.web.pages.shell import Visit, actor_of, project_page, show

Definition = TypeVar("Definition", EventDefinition, PropertyDefinition)

PAGE_SIZE: Final = 100
_TEXT_LENGTH: Final = 200
_LARGEST_PAGE: Final = 10_000
_STATES: Final = (("", "All"), ("verified", "Verified"), ("shown", "Not hidden"), ("hidden", "Hidden"))
_SIFTED: Final[dict[str, dict[str, bool]]] = {
    "verified": {"verified": True},
    "shown": {"hidden": False},
    "hidden": {"hidden": True},
}
_SCOPES: Final = ((Scope.EVENT, "Of events"), (Scope.PERSON, "Of persons"), (Scope.GROUP, "Of groups"))
_TABS: Final = (("event_definitions", "Events"), ("property_definitions", "Properties"))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the page's form asks for."""

    text: str
    state: str
    scope: Scope
    kind: str
    event: str
    page: int

    @classmethod
    def read(cls, request: HttpRequest) -> "Filters":
        """Read the form from an address; what it does not know counts as not said."""
        text, state, scope, kind, event = (
            request.GET.get(name, "").replace("\0", "")[:_TEXT_LENGTH] for name in ("q", "state", "of", "type", "event")
        )
        page = request.GET.get("page", "")
        return cls(
            text.strip(),
            state if state in _SIFTED else "",
            Scope(scope) if scope in set(Scope) else Scope.EVENT,
            kind if kind in set(PropertyType) else "",
            event,
            min(int(page), _LARGEST_PAGE) if page.isascii() and page.isdigit() and len(page) < 6 else 0,  # noqa: PLR2004
        )

    @property
    def sifted(self) -> dict[str, Any]:
        """The same as the catalog is asked."""
        return {"search": self.text, **_SIFTED.get(self.state, {})}

    def address(self, page: int) -> str:
        """Give the query of an address that shows another page of the same."""
        fields = {
            "q": self.text,
            "state": self.state,
            "of": "" if self.scope is Scope.EVENT else str(self.scope),
            "type": self.kind,
            "event": self.event,
            "page": str(page) if page else "",
        }
        return "?" + urlencode({name: value for name, value in fields.items() if value})


@project_page()
def events(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the events a project ever sent."""
    filters = Filters.read(request)
    found = search.events(selectors.list_events(visit.project.pk), **filters.sifted)
    is_filtered = filters.sifted != {"search": ""}
    return _list(request, visit, filters, found, tab="event_definitions", is_filtered=is_filtered)


@project_page()
def properties(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the properties of events, persons or groups."""
    filters, project_id = Filters.read(request), visit.project.pk
    carried_by = [filters.event] if filters.event and filters.scope is Scope.EVENT else []
    listed = selectors.list_properties(project_id, scope=filters.scope, events=carried_by)
    found = search.properties(listed, **filters.sifted, kind=filters.kind or None)
    names = [event.name for event in selectors.list_events(project_id)]
    more = {
        "is_filtered": bool(filters.kind or carried_by) or filters.sifted != {"search": ""},
        "scopes": _SCOPES,
        "kinds": list(PropertyType),
        "events": names if not filters.event or filters.event in names else [filters.event, *names],
        "refused": selectors.count_refused(project_id),
    }
    return _list(request, visit, filters, found, tab="property_definitions", **more)


@project_page()
def event(request: HttpRequest, visit: Visit, uuid: UUID) -> HttpResponse:
    """Show one row of the events, its form, or take what was written in it."""
    one = _found(selectors.get_event, visit, uuid)

    def save(changes: dict[str, Any]) -> EventDefinition:
        return services.describe_event(project=visit.context, event=one, changes=changes, actor=actor_of(request))

    return _row(request, visit, "event_definitions", one, save)


@project_page()
def property_(request: HttpRequest, visit: Visit, uuid: UUID) -> HttpResponse:
    """Show one row of the properties, its form, or take what was written in it."""
    one = _found(selectors.get_property, visit, uuid)

    def save(changes: dict[str, Any]) -> PropertyDefinition:
        return services.describe_property(
            project=visit.context, definition=one, changes=changes, actor=actor_of(request)
        )

    return _row(request, visit, "property_definitions", one, save)


def _found(get: Callable[[int, str], Definition], visit: Visit, uuid: UUID) -> Definition:
    try:
        return get(visit.project.pk, str(uuid))
    except DefinitionNotFoundError as exc:
        raise Http404 from exc


def _list(
    request: HttpRequest, visit: Visit, filters: Filters, found: Sequence[Definition], **more: object
) -> HttpResponse:
    start = filters.page * PAGE_SIZE
    context = {
        "heading": "Data",
        "tabs": _TABS,
        "filters": filters,
        "states": _STATES,
        "count": len(found),
        "definitions": found[start : start + PAGE_SIZE],
        "earlier": filters.address(filters.page - 1) if filters.page else "",
        "later": filters.address(filters.page + 1) if len(found) > start + PAGE_SIZE else "",
        **more,
    }
    return show(request, f"web/{more['tab']}.html", context, visit=visit, active="event_definitions")


def _row(
    request: HttpRequest, visit: Visit, tab: str, one: Definition, save: Callable[[dict[str, Any]], Definition]
) -> HttpResponse:
    """Answer with one row of the table: as it is, with its form, or as it is after saving."""
    is_edited = "edit" in request.GET
    if (request.method == "POST" or is_edited) and not visit.may_write:
        raise PermissionDenied
    form = DefinitionForm.of(one.remarks)
    if request.method == "POST":
        form = DefinitionForm(request.POST)
        is_edited = not form.is_valid()
        if not is_edited:
            one = save(form.changes())
            if not request.headers.get("HX-Request"):
                return redirect(f"web:{tab}", visit.project.pk)
    context = {"one": one, "form": form, "is_edited": is_edited, "project": visit.project, "visit": visit, "tab": tab}
    return render(request, "web/definition_row.html", context)
