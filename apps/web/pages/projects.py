"""Where a person enters, and how they make a project."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts import selectors, services
from apps.accounts.access import current_project
from apps.accounts.contracts import Role
from apps.web.forms import NewProjectForm, attempt
from apps.web.pages.shell import actor_of, show, signed_in


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """Lead to the project last looked at, or to making the first one."""
    user = signed_in(request)
    project = current_project(request, user)
    if project is not None:
        return redirect("web:home", project.pk)
    if _organizations(user.pk):
        return redirect("web:new_project")
    return show(request, "web/nothing.html", {"heading": "Welcome"})


@login_required
def new_project(request: HttpRequest) -> HttpResponse:
    """Make a project in an organization one administers."""
    organizations = _organizations(signed_in(request).pk)
    if not organizations:
        raise PermissionDenied
    form = NewProjectForm(request.POST if request.method == "POST" else None, organizations=organizations)
    if request.method == "POST" and form.is_valid():
        place = selectors.find_membership(signed_in(request).pk, form.cleaned_data["organization"])
        if place is None:
            raise PermissionDenied
        project = attempt(
            form,
            lambda: services.create_project(
                organization=place.organization,
                name=form.cleaned_data["name"],
                timezone=form.cleaned_data["timezone"],
                week_start_day=form.cleaned_data["week_start_day"],
                actor=actor_of(request),
            ),
        )
        if project is not None:
            return redirect("web:home", project.pk)
    return show(request, "web/new_project.html", {"heading": "New project", "form": form})


def _organizations(user_id: int) -> list[tuple[int, str]]:
    return [
        (place.organization_id, place.organization.name)
        for place in selectors.list_memberships(user_id)
        if Role(place.role).covers(Role.ADMIN)
    ]
