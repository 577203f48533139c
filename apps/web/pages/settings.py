"""Settings: the project, its organization's members, one's own keys, and the audit log."""

import json
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from apps.accounts import selectors, services
from apps.accounts.access import parse_id
from apps.accounts.contracts import Role
from apps.accounts.models import Membership
from apps.common.clock import now
from apps.common.errors import DomainError
from apps.web.forms import KeyForm, MemberForm, ProjectForm, attempt
from apps.web.pages.shell import Visit, actor_of, project_page, show

PAGE_SIZE: Final = 50


@project_page()
def project(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the project's settings; an admin changes them."""
    row = visit.project
    if request.method == "POST" and not visit.may_administer:
        raise PermissionDenied
    initial = {"name": row.name, "timezone": row.timezone, "week_start_day": row.week_start_day}
    form = ProjectForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        saved = attempt(
            form, lambda: services.update_project(project=row, actor=actor_of(request), **form.cleaned_data)
        )
        if saved is not None:
            messages.success(request, "Saved.")
            return redirect("web:settings", row.pk)
        row.refresh_from_db()
    return show_tab(request, visit, "project", {"form": form})


@require_POST
@project_page(needs=Role.ADMIN)
def reset_token(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Give the project another key."""
    services.reset_token(project=visit.project, actor=actor_of(request))
    messages.success(request, "The project has a new key. Apps that send with the old one are refused from now on.")
    return redirect("web:settings", visit.project.pk)


@project_page()
def members(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show who belongs to the organization; an admin adds people."""
    if request.method == "POST" and not visit.may_administer:
        raise PermissionDenied
    form = MemberForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        invitation = attempt(
            form,
            lambda: services.add_member(
                organization=visit.project.organization,
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                granted_by=visit.role,
                actor=actor_of(request),
            ),
        )
        if invitation is not None and invitation.set_password_path is None:
            messages.success(request, f"{invitation.membership.user.email} is a member now.")
            return redirect("web:members", visit.project.pk)
        if invitation is not None and invitation.set_password_path is not None:
            link = request.build_absolute_uri(invitation.set_password_path)
            context = {"form": MemberForm(None), "invited": invitation.membership.user.email, "link": link}
    places = Membership.objects.select_related("user").filter(organization_id=visit.project.organization_id)
    return show_tab(request, visit, "members", {**context, "places": places, "roles": list(Role)})


@require_POST
@project_page(needs=Role.ADMIN)
def change_member(request: HttpRequest, visit: Visit, membership_id: int) -> HttpResponse:
    """Change what a member may do, or let them go."""
    place = _place(visit, membership_id)
    wanted = request.POST.get("role", "")
    try:
        if wanted == "remove":
            services.remove_member(membership=place, granted_by=visit.role, actor=actor_of(request))
            messages.success(request, f"{place.user.email} is no member any more.")
        elif wanted in set(Role):
            services.change_role(membership=place, role=Role(wanted), granted_by=visit.role, actor=actor_of(request))
            messages.success(request, f"{place.user.email} is now {wanted}.")
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect("web:members", visit.project.pk)


@sensitive_variables("made", "value")
@project_page()
def keys(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show one's personal keys and make new ones; the value is on the page once and never again."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["expires"]
        made = attempt(
            form,
            lambda: services.create_key(
                user=visit.user,
                label=form.cleaned_data["label"],
                scopes=form.wanted_scopes(),
                expires_at=now() + timedelta(days=int(days)) if days else None,
                actor=actor_of(request),
            ),
        )
        if made is not None:
            context = {"form": KeyForm(None), "value": made[1], "made": made[0]}
    own = visit.user.personal_keys.filter(revoked_at__isnull=True).order_by("-id")
    return show_tab(request, visit, "keys", {**context, "keys": own})


@require_POST
@project_page()
def revoke_key(request: HttpRequest, visit: Visit, key_id: int) -> HttpResponse:
    """Make one of one's own keys worthless."""
    key = visit.user.personal_keys.filter(pk=key_id).first()
    if key is None:
        raise Http404
    services.revoke_key(key=key, actor=actor_of(request))
    messages.success(request, f"The key “{key.label}” works no longer.")
    return redirect("web:keys", visit.project.pk)


@project_page(needs=Role.ADMIN)
def audit(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show who changed what, newest first."""
    before = request.GET.get("before", "")
    entries = selectors.list_audit_entries(
        visit.project.organization_id,
        before=parse_id(before),
        limit=PAGE_SIZE + 1,
    )
    older = entries[PAGE_SIZE - 1].pk if len(entries) > PAGE_SIZE else None
    shown = [(entry, [_change(*change) for change in entry.changes.items()]) for entry in entries[:PAGE_SIZE]]
    return show_tab(request, visit, "audit", {"entries": shown, "older": older})


def _change(field: str, change: object) -> tuple[str, str, str]:
    """Name a changed field with what it was and what it is; an entry without a before has only the latter."""
    match change:
        case [before, after]:
            return field, _plain(before), _plain(after)
        case _:
            return field, "", _plain(change)


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _place(visit: Visit, membership_id: int) -> Membership:
    place = (
        Membership.objects.select_related("user")
        .filter(pk=membership_id, organization_id=visit.project.organization_id)
        .first()
    )
    if place is None:
        raise Http404
    return place


def show_tab(request: HttpRequest, visit: Visit, tab: str, context: dict[str, object]) -> HttpResponse:
    """Render one of the settings pages among their tabs."""
    tabs = [
        ("project", "settings", "Project"),
        ("ingestion", "ingestion", "Ingestion"),
        ("members", "members", "Members"),
        ("keys", "keys", "API keys"),
    ]
    if visit.may_administer:
        tabs.append(("audit", "audit", "Audit log"))
    shared: dict[str, object] = {"heading": "Settings", "tab": tab, "tabs": tabs}
    return show(request, f"web/settings/{tab}.html", {**shared, **context}, visit=visit, active="settings")
