"""Reads of accounts."""

import threading
import time
from collections import OrderedDict
from typing import Final

from django.db.models import F

from apps.accounts import keys
from apps.accounts.contracts import ProjectContext, Role
from apps.accounts.models import AuditEntry, Membership, PersonalKey, Project

TOKEN_SECONDS: Final = 5.0
"""How long a process may go on using a token after it was rotated or its project was deleted."""

TOKEN_LIMIT: Final = 10_000

_ROLE: Final = "callers_role"


class _TokenCache:
    """Projects by token, for a few seconds each.

    Hits only: an unknown token is asked again each time, so a project made in another process takes events at once.
    """

    def __init__(self, *, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._entries: OrderedDict[str, tuple[float, ProjectContext]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, token: str) -> ProjectContext | None:
        entry = self._entries.get(token)
        return entry[1] if entry is not None and time.monotonic() < entry[0] else None

    def put(self, token: str, project: ProjectContext) -> None:
        with self._lock:
            self._entries[token] = (time.monotonic() + self._seconds, project)
            self._entries.move_to_end(token)
            while len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


_tokens = _TokenCache(seconds=TOKEN_SECONDS, limit=TOKEN_LIMIT)


def find_project_by_token(token: str) -> ProjectContext | None:
    """Find the living project that a public token names; None for a token nobody has."""
    cached = _tokens.get(token)
    if cached is not None:
        return cached
    if not keys.is_project_token(token):
        return None
    project = Project.objects.filter(api_token=token, deleted_at__isnull=True).first()
    if project is None:
        return None
    _tokens.put(token, project.context)
    return project.context


def forget_tokens() -> None:
    """Drop this process's memory of tokens, after one changed here."""
    _tokens.clear()


def list_memberships(user_id: int) -> list[Membership]:
    """List the places a user has, oldest first."""
    return list(Membership.objects.select_related("organization").filter(user_id=user_id).order_by("organization_id"))


def find_membership(user_id: int, organization_id: int) -> Membership | None:
    """Find a user's place in an organization."""
    return (
        Membership.objects.select_related("organization")
        .filter(user_id=user_id, organization_id=organization_id)
        .first()
    )


def list_projects(user_id: int) -> list[Project]:
    """List the living projects a user may see, oldest first."""
    return list(
        Project.objects.filter(deleted_at__isnull=True, organization__memberships__user_id=user_id).order_by("pk")
    )


def find_visible_project(user_id: int, project_id: int) -> tuple[Project, Role] | None:
    """Find a living project and what a user may do in it; None when it is not theirs to see."""
    project = (
        Project.objects.filter(pk=project_id, deleted_at__isnull=True, organization__memberships__user_id=user_id)
        .annotate(**{_ROLE: F("organization__memberships__role")})
        .first()
    )
    return (project, Role(getattr(project, _ROLE))) if project else None


def list_organization_projects(organization_id: int) -> list[Project]:
    """List the living projects of an organization, oldest first."""
    return list(Project.objects.filter(organization_id=organization_id, deleted_at__isnull=True).order_by("pk"))


def list_members(organization_id: int) -> list[Membership]:
    """List the members of an organization, oldest first."""
    return list(Membership.objects.select_related("user").filter(organization_id=organization_id).order_by("pk"))


def list_keys(user_id: int) -> list[PersonalKey]:
    """List a user's keys that were not revoked, oldest first."""
    return list(PersonalKey.objects.filter(user_id=user_id, revoked_at__isnull=True).order_by("pk"))


def find_key(user_id: int, key_id: int) -> PersonalKey | None:
    """Find one of a user's keys."""
    return PersonalKey.objects.filter(user_id=user_id, pk=key_id).first()


def list_audit_entries(
    organization_id: int, *, project_id: int | None = None, before: int | None = None, limit: int = 50
) -> list[AuditEntry]:
    """List changes, newest first; `before` is the id of the last entry already seen."""
    entries = AuditEntry.objects.filter(organization_id=organization_id)
    if project_id is not None:
        entries = entries.filter(project_id=project_id)
    if before is not None:
        entries = entries.filter(pk__lt=before)
    return list(entries.order_by("-pk")[:limit])
