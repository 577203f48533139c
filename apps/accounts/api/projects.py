"""REST of projects."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import selectors, services
from apps.accounts.access import AccountAPIView, OrganizationAPIView, ProjectAPIView
from apps.accounts.api.serializers import ProjectInput, ProjectOutput, ProjectPatch
from apps.accounts.contracts import Role


class OrganizationProjectsView(OrganizationAPIView):
    """The projects of an organization."""

    scope = "project"
    write_role = Role.ADMIN

    @extend_schema(responses=ProjectOutput(many=True))
    def get(self, request: Request, organization_id: str) -> Response:  # noqa: ARG002 - resolved already
        """List the projects of an organization."""
        projects = selectors.list_organization_projects(self.organization.pk)
        return Response(ProjectOutput(projects, many=True).data)

    @extend_schema(request=ProjectInput, responses={201: ProjectOutput})
    def post(self, request: Request, organization_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Create a project; it takes events the moment this answers."""
        data = ProjectInput(data=request.data)
        data.is_valid(raise_exception=True)
        project = services.create_project(organization=self.organization, actor=self.actor, **data.validated_data)
        return Response(ProjectOutput(project).data, status=status.HTTP_201_CREATED)


class ProjectsView(AccountAPIView):
    """Every project the caller may see."""

    scope = "project"

    @extend_schema(responses=ProjectOutput(many=True))
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """List every project the caller may see."""
        projects = [project for project in selectors.list_projects(self.user.pk) if self.reaches_project(project)]
        return Response(ProjectOutput(projects, many=True).data)


class ProjectView(ProjectAPIView):
    """One project."""

    scope = "project"
    write_role = Role.ADMIN

    @extend_schema(responses=ProjectOutput)
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Show a project."""
        return Response(ProjectOutput(self.project_row).data)

    @extend_schema(request=ProjectPatch, responses=ProjectOutput)
    def patch(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Change a project's name, time zone or first day of the week."""
        data = ProjectPatch(data=request.data)
        data.is_valid(raise_exception=True)
        project = services.update_project(project=self.project_row, actor=self.actor, **data.validated_data)
        return Response(ProjectOutput(project).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Delete a project: out of reach at once, its data erased by a job."""
        services.delete_project(project=self.project_row, actor=self.actor)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProjectTokenView(ProjectAPIView):
    """A project's token."""

    scope = "project"
    write_role = Role.ADMIN

    @extend_schema(request=None, responses=ProjectOutput)
    def patch(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Replace the project's token; the old one is refused within seconds."""
        return Response(ProjectOutput(services.reset_token(project=self.project_row, actor=self.actor)).data)
