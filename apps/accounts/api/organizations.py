"""REST of organizations, their members and their audit log."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import selectors, services
from apps.accounts.access import AccountAPIView, OrganizationAPIView, parse_id
from apps.accounts.api.serializers import (
    AuditPage,
    AuditPageOutput,
    InvitationOutput,
    MemberInput,
    MemberOutput,
    MemberPatch,
    OrganizationOutput,
    OrganizationPatch,
)
from apps.accounts.contracts import Role
from apps.accounts.models import Membership
from apps.common.errors import NotFoundError


class OrganizationsView(AccountAPIView):
    """The caller's organizations."""

    scope = "organization"

    @extend_schema(responses=OrganizationOutput(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """List the organizations the caller belongs to, with their role in each."""
        places = self.memberships()
        context = {"roles": {place.organization_id: place.role for place in places}}
        organizations = [place.organization for place in places]
        return Response(OrganizationOutput(organizations, many=True, context=context).data)


class OrganizationView(OrganizationAPIView):
    """One organization."""

    scope = "organization"
    write_role = Role.ADMIN

    @extend_schema(responses=OrganizationOutput)
    def get(self, request: Request, organization_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Show an organization."""
        return self._answer()

    @extend_schema(request=OrganizationPatch, responses=OrganizationOutput)
    def patch(self, request: Request, organization_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Rename an organization."""
        data = OrganizationPatch(data=request.data)
        data.is_valid(raise_exception=True)
        if data.validated_data:
            services.rename_organization(organization=self.organization, actor=self.actor, **data.validated_data)
        return self._answer()

    def _answer(self) -> Response:
        context = {"roles": {self.organization.pk: self.role.value}}
        return Response(OrganizationOutput(self.organization, context=context).data)


class MembersView(OrganizationAPIView):
    """The members of an organization."""

    scope = "organization_member"
    write_role = Role.ADMIN

    @extend_schema(responses=MemberOutput(many=True))
    def get(self, request: Request, organization_id: str) -> Response:  # noqa: ARG002 - resolved already
        """List the members."""
        return Response(MemberOutput(selectors.list_members(self.organization.pk), many=True).data)

    @extend_schema(request=MemberInput, responses={201: InvitationOutput})
    def post(self, request: Request, organization_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Invite someone by e-mail; a newcomer gets a link at which to choose a password."""
        data = MemberInput(data=request.data)
        data.is_valid(raise_exception=True)
        invitation = services.add_member(
            organization=self.organization,
            email=data.validated_data["email"],
            role=Role(data.validated_data["role"]),
            granted_by=self.role,
            actor=self.actor,
        )
        context = {"set_password_path": invitation.set_password_path}
        body = InvitationOutput(invitation.membership, context=context).data
        return Response(body, status=status.HTTP_201_CREATED)


class MemberView(OrganizationAPIView):
    """One member of an organization."""

    scope = "organization_member"
    write_role = Role.VIEWER  # anyone may leave; the services check the rest

    @extend_schema(request=MemberPatch, responses=MemberOutput)
    def patch(self, request: Request, organization_id: str, user_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Change a member's role; only owners make, change or remove owners."""
        data = MemberPatch(data=request.data)
        data.is_valid(raise_exception=True)
        membership = services.change_role(
            membership=self._member(user_id),
            role=Role(data.validated_data["role"]),
            granted_by=self.role,
            actor=self.actor,
        )
        return Response(MemberOutput(membership).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, organization_id: str, user_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Remove a member, or leave."""
        services.remove_member(membership=self._member(user_id), granted_by=self.role, actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _member(self, user_id: str) -> Membership:
        number = parse_id(user_id)
        found = selectors.find_membership(number, self.organization.pk) if number is not None else None
        if found is None:
            raise NotFoundError("There is no such member.")
        return found


class AuditLogView(OrganizationAPIView):
    """The audit log of an organization."""

    scope = "audit_log"
    read_role = Role.ADMIN

    @extend_schema(parameters=[AuditPage], responses=AuditPageOutput)
    def get(self, request: Request, organization_id: str) -> Response:  # noqa: ARG002 - resolved already
        """List changes, newest first, a page at a time."""
        page = AuditPage(data=request.query_params)
        page.is_valid(raise_exception=True)
        limit = page.validated_data["limit"]
        entries = selectors.list_audit_entries(
            self.organization.pk,
            project_id=page.validated_data.get("project"),
            before=page.validated_data.get("before"),
            limit=limit + 1,
        )
        following = None
        if len(entries) > limit:
            entries = entries[:limit]
            query = request.query_params.copy()
            query["before"] = str(entries[-1].pk)
            following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return Response(AuditPageOutput({"results": entries, "next": following}).data)
