"""The shell around every page: who looks, at which project, and what its menu shows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.accounts import selectors
from apps.accounts.access import choose_project
from apps.accounts.contracts import Actor, ProjectContext, Role
from apps.accounts.models import Project, User
from apps.common.http import client_ip

MENU: Final = (
    ("home", "Home", "home"),
    ("live", "Live events", "activity"),
    ("trends", "Trends", "trending-up"),
    ("funnels", "Funnels", "filter-2"),
    ("paths", "Paths", "route"),
    ("people", "People", "user"),
    ("event_definitions", "Data", "database"),
    ("costs", "Model costs", "coin"),
    ("rejected", "Rejected events", "ban"),
    ("system", "System", "server"),
    ("settings", "Settings", "settings"),
)
"""URL name, title and icon of each entry."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in person looking at one project they may see."""

    user: User
    project: Project
    role: Role

    @property
    def context(self) -> ProjectContext:
        """The project as the query engine wants it."""
        return self.project.context

    @property
    def may_write(self) -> bool:
        """Whether forms that change something are shown."""
        return self.role.covers(Role.MEMBER)

    @property
    def may_administer(self) -> bool:
        """Whether forms about members and the project itself are shown."""
        return self.role.covers(Role.ADMIN)


View = Callable[..., HttpResponse]


def project_page(needs: Role = Role.VIEWER) -> Callable[[View], View]:
    """Turn `project_id` of the URL into a Visit.

    A stranger is led to the login, a foreign project is 404, a role below `needs` is 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, project_id: int, **kwargs: int | str) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_login(request)
            user = signed_in(request)
            found = selectors.find_visible_project(user.pk, project_id)
            if found is None:
                raise Http404
            project, role = found
            if not role.covers(needs):
                raise PermissionDenied
            choose_project(request, project.pk)
            return view(request, Visit(user, project, role), **kwargs)

        return wrapper

    return decorate


def _to_login(request: HttpRequest) -> HttpResponse:
    """Lead to the login and back; a part of a page takes the whole page there."""
    here = urlsplit(request.headers.get("HX-Current-URL", ""))
    if request.headers.get("HX-Request"):
        target = urlunsplit(("", "", here.path or "/", here.query, ""))
        return HttpResponse(headers={"HX-Redirect": f"{reverse('account_login')}?{urlencode({'next': target})}"})
    return redirect_to_login(request.get_full_path())


def signed_in(request: HttpRequest) -> User:
    """Name the user of a page that requires a login."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def actor_of(request: HttpRequest) -> Actor:
    """Name who acts, as the audit log notes them."""
    user = signed_in(request)
    return Actor(user_id=user.pk, email=user.email, ip=client_ip(request))


def show(  # noqa: PLR0913 - the options of rendering, all by keyword
    request: HttpRequest,
    template: str,
    context: dict[str, object],
    *,
    visit: Visit | None = None,
    active: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a whole page inside the shell."""
    shell = {
        "shell": {**_organizations(signed_in(request)), "menu": _menu(visit.project.pk, active) if visit else []},
        "visit": visit,
        "project": visit.project if visit else None,
    }
    return render(request, template, {**shell, **context}, status=status)


def _organizations(user: User) -> dict[str, object]:
    places = selectors.list_memberships(user.pk)
    projects = selectors.list_projects(user.pk)
    return {
        "organizations": [
            {
                "name": place.organization.name,
                "projects": [project for project in projects if project.organization_id == place.organization_id],
            }
            for place in places
        ],
        "may_create_project": any(Role(place.role).covers(Role.ADMIN) for place in places),
    }


def _menu(project_id: int, active: str) -> list[dict[str, object]]:
    return [
        {"title": title, "icon": icon, "href": reverse(f"web:{name}", args=[project_id]), "active": name == active}
        for name, title, icon in MENU
    ]
