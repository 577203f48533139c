"""REST of oneself: the login, its keys, and choosing a password by link."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors, services
from apps.accounts.access import AccountAPIView, choose_project, parse_id
from apps.accounts.api.serializers import (
    MeOutput,
    MePatch,
    NewPersonalKeyOutput,
    PasswordInput,
    PersonalKeyInput,
    PersonalKeyOutput,
)
from apps.accounts.contracts import ALL_SCOPES, Role
from apps.accounts.errors import InvalidValueError, NotAllowedError
from apps.accounts.models import Organization, PersonalKey, Project
from apps.common.errors import NotFoundError
from apps.common.http import client_ip


class MeView(AccountAPIView):
    """The caller."""

    scope = "user"

    @extend_schema(responses=MeOutput)
    def get(self, request: Request) -> Response:
        """Show who is calling, where they belong, and what `@current` means."""
        return self._answer(request)

    @extend_schema(request=MePatch, responses=MeOutput)
    def patch(self, request: Request) -> Response:
        """Change one's name, or the session's current project."""
        data = MePatch(data=request.data)
        data.is_valid(raise_exception=True)
        if "current_project" in data.validated_data:
            self._choose(request, data.validated_data["current_project"])
        if "name" in data.validated_data:
            services.rename_user(user=self.user, name=data.validated_data["name"], actor=self.actor)
        return self._answer(request)

    def _choose(self, request: Request, project_id: int) -> None:
        if self.key is not None:
            raise NotAllowedError("A personal key has no current project to choose.", attr="current_project")
        if selectors.find_visible_project(self.user.pk, project_id) is None:
            raise InvalidValueError("There is no such project, or it is not yours to see.", attr="current_project")
        choose_project(request, project_id)

    def _answer(self, request: Request) -> Response:
        places = self.memberships()
        context = {
            "roles": {place.organization_id: place.role for place in places},
            "organizations": [place.organization for place in places],
            "current_project": self.current_project(request),
        }
        return Response(MeOutput(self.user, context=context).data)


class SetPasswordView(APIView):
    """Choosing a password by link; the link is the proof, so no login is asked for."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(request=PasswordInput, responses={204: None}, auth=[])
    def post(self, request: Request) -> Response:
        """Choose a password with the parts of a `/set-password/{uid}/{token}/` link, which works once."""
        data = PasswordInput(data=request.data)
        data.is_valid(raise_exception=True)
        services.set_password(ip=client_ip(request), **data.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PersonalKeysView(AccountAPIView):
    """The caller's personal keys."""

    scope = "personal_api_key"
    write_role = Role.VIEWER

    @extend_schema(responses=PersonalKeyOutput(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """List one's keys that still work or did once; values are never shown again."""
        return Response(PersonalKeyOutput(selectors.list_keys(self.user.pk), many=True).data)

    @extend_schema(request=PersonalKeyInput, responses={201: NewPersonalKeyOutput})
    def post(self, request: Request) -> Response:
        """Create a key; this answer is the only one that carries its value."""
        data = PersonalKeyInput(data=request.data)
        data.is_valid(raise_exception=True)
        wanted: dict[str, Any] = data.validated_data
        organization, project = self._limits(wanted["organization"], wanted["project"])
        self._check_no_wider(wanted["scopes"], organization, project)
        key, value = services.create_key(
            user=self.user,
            label=wanted["label"],
            scopes=wanted["scopes"],
            organization=organization,
            project=project,
            expires_at=wanted["expires_at"],
            actor=self.actor,
        )
        return Response(NewPersonalKeyOutput(key, context={"value": value}).data, status=status.HTTP_201_CREATED)

    def _limits(
        self, organization_id: int | None, project_id: int | None
    ) -> tuple[Organization | None, Project | None]:
        places = {place.organization_id: place.organization for place in self.memberships()}
        if organization_id is not None and organization_id not in places:
            raise InvalidValueError("You are no member of such an organization.", attr="organization")
        if project_id is None:
            return (None if organization_id is None else places[organization_id]), None
        found = selectors.find_visible_project(self.user.pk, project_id)
        if found is None or not self.reaches_project(found[0]):
            raise InvalidValueError("There is no such project, or it is not yours to see.", attr="project")
        if organization_id not in {None, found[0].organization_id}:
            raise InvalidValueError("The project belongs to another organization.", attr="project")
        return places[found[0].organization_id], found[0]

    def _check_no_wider(self, scopes: list[str], organization: Organization | None, project: Project | None) -> None:
        """Refuse a key that would reach further than the key it is made with."""
        if self.key is None:
            return
        held = set(self.key.scopes)
        held |= {scope.replace(":write", ":read") for scope in held}
        if ALL_SCOPES not in held and not held.issuperset(scopes):
            raise NotAllowedError("A key cannot make one with more scopes than its own.", attr="scopes")
        if self.key.organization_id is not None and organization is None:
            raise NotAllowedError("Name the organization that this key is limited to.", attr="organization")
        if self.key.project_id is not None and project is None:
            raise NotAllowedError("Name the project that this key is limited to.", attr="project")
        # Expiry is left open on purpose: a key in rotation must be able to make its successor.


class PersonalKeyView(AccountAPIView):
    """One of the caller's personal keys."""

    scope = "personal_api_key"
    write_role = Role.VIEWER

    @extend_schema(responses=PersonalKeyOutput)
    def get(self, request: Request, key_id: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Show a key, without its value."""
        return Response(PersonalKeyOutput(self._key(key_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key_id: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Revoke a key; it is refused from the next request on."""
        services.revoke_key(key=self._key(key_id), actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _key(self, key_id: str) -> PersonalKey:
        number = parse_id(key_id)
        key = selectors.find_key(self.user.pk, number) if number is not None else None
        if key is None:
            raise NotFoundError("You have no such key.")
        return key
