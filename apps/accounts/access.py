"""The base of every REST view: who calls, which organization or project they mean, and whether they may.

The order of refusal is part of the promise: 401 for a stranger, 403 for a key without the scope, 404 for what is not
the caller's to see (foreign and missing look the same), 403 for a role that is too weak.
"""

from typing import ClassVar, Final

from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors
from apps.accounts.authentication import BrowserAuthentication, KeyAuthentication
from apps.accounts.contracts import ALL_SCOPES, Access, Actor, ProjectContext, Role
from apps.accounts.errors import NotAllowedError, ProjectNotFoundError
from apps.accounts.models import Membership, PersonalKey, Project, User
from apps.common.errors import NotFoundError
from apps.common.http import client_ip

CURRENT: Final = "@current"
SESSION_PROJECT: Final = "project_id"
_MAX_ID: Final = 2**63 - 1


class AccountAPIView(APIView):
    """A view for someone with a login: the scope is checked before the handler runs.

    A subclass names the resource in `scope`. Reading methods need `scope:read`, others `scope:write`; methods that read
    although they are no GET (a query by POST) are listed in `scope_reads`.
    """

    authentication_classes = (KeyAuthentication, BrowserAuthentication)
    permission_classes = (IsAuthenticated,)
    scope: ClassVar[str]
    scope_reads: ClassVar[tuple[str, ...]] = ()
    read_role: ClassVar[Role] = Role.VIEWER
    write_role: ClassVar[Role] = Role.MEMBER

    user: User
    key: PersonalKey | None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Authenticate, check the scope, and let subclasses find what the URL names."""
        super().initial(request, *args, **kwargs)
        assert isinstance(request.user, User)  # noqa: S101 - IsAuthenticated just said so; this tells mypy
        self.user = request.user
        self.key = request.auth if isinstance(request.auth, PersonalKey) else None
        self._check_scope()
        self.resolve(request, **kwargs)

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        """Keep what is one caller's out of every cache on the way."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def resolve(self, request: Request, **kwargs: object) -> None:
        """Find what the URL names; a subclass sets it on the view or raises."""

    @property
    def access(self) -> Access:
        """Whether this request reads or writes."""
        method = self.request.method or ""
        return Access.READ if method in SAFE_METHODS or method in self.scope_reads else Access.WRITE

    @property
    def actor(self) -> Actor:
        """The caller, as the audit log notes them."""
        return Actor(
            user_id=self.user.pk,
            email=self.user.email,
            key_id=self.key.pk if self.key else None,
            ip=client_ip(self.request),
        )

    def memberships(self) -> list[Membership]:
        """List the caller's places, as far as the key reaches."""
        return [place for place in selectors.list_memberships(self.user.pk) if self._reaches(place.organization_id)]

    def reaches_project(self, project: Project) -> bool:
        """Say whether the caller's key, if there is one, extends to a project of theirs."""
        if self.key is not None and self.key.project_id is not None:
            return self.key.project_id == project.pk
        return self._reaches(project.organization_id)

    def current_project(self, request: Request) -> Project | None:
        """Find what `@current` means: the session's last choice, or the oldest project the key reaches."""
        if self.key is None:
            return current_project(request, self.user)
        return next((each for each in selectors.list_projects(self.user.pk) if self.reaches_project(each)), None)

    def _check_scope(self) -> None:
        if self.key is None:
            return
        wanted = {ALL_SCOPES, f"{self.scope}:{Access.WRITE}", f"{self.scope}:{self.access}"}
        if wanted.isdisjoint(self.key.scopes):
            raise NotAllowedError(f"This personal key lacks the scope {self.scope}:{self.access}.")

    def _check_role(self, role: Role) -> None:
        needed = self.read_role if self.access is Access.READ else self.write_role
        if not role.covers(needed):
            raise NotAllowedError(f"This needs the role {needed} in the organization; yours is {role}.")

    def _reaches(self, organization_id: int) -> bool:
        if self.key is None:
            return True
        if self.key.project is not None:
            return self.key.project.organization_id == organization_id
        return self.key.organization_id in {None, organization_id}


class OrganizationAPIView(AccountAPIView):
    """A view below `/api/organizations/{organization_id}/`; sets `organization`, `membership` and `role`."""

    membership: Membership
    role: Role

    def resolve(self, request: Request, **kwargs: object) -> None:
        """Find the organization: by number, or the caller's current one."""
        if self.key is not None and self.key.project_id is not None:
            raise NotAllowedError("This personal key is limited to one project.")
        self.membership = self._find(request, str(kwargs["organization_id"]))
        self.organization = self.membership.organization
        self.role = Role(self.membership.role)
        self._check_role(self.role)

    def _find(self, request: Request, name: str) -> Membership:
        places = {place.organization_id: place for place in self.memberships()}
        if name == CURRENT:
            project = None if self.key else current_project(request, self.user)
            wanted = project.organization_id if project else next(iter(places), None)
        else:
            wanted = parse_id(name)
        if wanted is None or wanted not in places:
            raise NotFoundError("There is no such organization, or you are no member of it.")
        return places[wanted]


class ProjectAPIView(AccountAPIView):
    """A view below `/api/projects/{project_id}/`; sets `project` (the frozen context) and `role`."""

    project: ProjectContext
    project_row: Project
    role: Role

    def resolve(self, request: Request, **kwargs: object) -> None:
        """Find the project: by number, or the caller's current one."""
        name = str(kwargs["project_id"])
        current = self.current_project(request) if name == CURRENT else None
        project_id = current.pk if current else parse_id(name)
        found = selectors.find_visible_project(self.user.pk, project_id) if project_id is not None else None
        if found is None or not self.reaches_project(found[0]):
            raise ProjectNotFoundError("There is no such project, or it is not yours to see.")
        self.project_row, self.role = found
        self.project = self.project_row.context
        self._check_role(self.role)


def choose_project(request: HttpRequest | Request, project_id: int) -> None:
    """Remember a project as the session's current one; the caller has checked that it may be seen."""
    request.session[SESSION_PROJECT] = project_id


def current_project(request: HttpRequest | Request, user: User) -> Project | None:
    """Find the session's current project: the one last chosen, else the user's oldest."""
    chosen = request.session.get(SESSION_PROJECT)
    found = selectors.find_visible_project(user.pk, chosen) if isinstance(chosen, int) else None
    return found[0] if found else next(iter(selectors.list_projects(user.pk)), None)


def parse_id(text: str) -> int | None:
    """Read an id of a URL; None for what no id can be."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_ID))):
        return None
    return number if (number := int(text)) <= _MAX_ID else None
