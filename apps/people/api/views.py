"""HTTP to the selectors and services and back."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers as rest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from apps.accounts.access import ProjectAPIView
from apps.accounts.contracts import Role
from apps.people import selectors, services
from apps.people.api import serializers
from apps.people.errors import DeletionNotFoundError, PersonNotFoundError


class PersonsView(ProjectAPIView):
    """The persons of a project."""

    scope = "person"

    @extend_schema(
        operation_id="projects_persons_list",
        parameters=[serializers.PersonQuery],
        responses=serializers.PersonPage,
        summary="List persons",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - `resolve` has used it
        """List them, the latest first; each with up to ten distinct ids."""
        asked = _asked(serializers.PersonQuery, request)
        found = selectors.list_persons(self.project.id, **asked)
        following = asked | {"offset": asked["offset"] + asked["limit"], "limit": 1}
        more = len(found) == asked["limit"] and bool(selectors.list_persons(self.project.id, **following))
        return Response(_page(request, asked, serializers.PersonOutput(found, many=True).data, more=more))


class PersonView(ProjectAPIView):
    """One person."""

    scope = "person"
    write_role = Role.ADMIN

    @extend_schema(responses=serializers.PersonOutput, summary="Show a person")
    def get(self, request: Request, project_id: str, person_id: str) -> Response:  # noqa: ARG002 - as above
        """Show what is known of them; distinct ids up to a thousand."""
        found = selectors.get_person(self.project.id, _uuid(person_id, PersonNotFoundError("There is no such person.")))
        return Response(serializers.PersonOutput(found).data)

    @extend_schema(
        parameters=[serializers.DeletionQuery],
        request=None,
        responses={202: serializers.DeletionOutput},
        summary="Delete a person",
    )
    def delete(self, request: Request, project_id: str, person_id: str) -> Response:  # noqa: ARG002 - as above
        """Delete them, with their events if asked to; the receipt says when it is done."""
        asked = _asked(serializers.DeletionQuery, request)
        receipt = services.delete_person(
            project=self.project,
            person_id=_uuid(person_id, PersonNotFoundError("There is no such person.")),
            actor=self.actor,
            with_events=asked["delete_events"],
        )
        return Response(serializers.DeletionOutput(receipt).data, status=202)


class DeletionView(ProjectAPIView):
    """The receipt of a person's deletion."""

    scope = "person"

    @extend_schema(responses=serializers.DeletionOutput, summary="Show the receipt of a deletion")
    def get(self, request: Request, project_id: str, deletion_id: str) -> Response:  # noqa: ARG002 - as above
        """Say whether it is done."""
        missing = DeletionNotFoundError("There is no such deletion.")
        receipt = selectors.get_deletion(self.project.id, _uuid(deletion_id, missing))
        return Response(serializers.DeletionOutput(receipt).data)


class GroupTypesView(ProjectAPIView):
    """The group types of a project."""

    scope = "person"

    @extend_schema(responses=serializers.GroupTypeOutput(many=True), summary="List group types")
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """List them by index."""
        return Response(serializers.GroupTypeOutput(selectors.list_group_types(self.project.id), many=True).data)


class GroupsView(ProjectAPIView):
    """The groups of a project."""

    scope = "person"

    @extend_schema(parameters=[serializers.GroupQuery], responses=serializers.GroupPage, summary="List groups")
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """List the groups of one type by key."""
        asked = _asked(serializers.GroupQuery, request)
        index, limit = asked["group_type_index"], asked["limit"]
        page = {"search": asked["search"], "offset": asked["offset"]}
        found = selectors.list_groups(self.project.id, index, limit=limit, **page)
        page["offset"] += limit
        more = len(found) == limit and bool(selectors.list_groups(self.project.id, index, limit=1, **page))
        return Response(_page(request, asked, serializers.GroupOutput(found, many=True).data, more=more))


def _asked(kind: type[rest.Serializer[Any]], request: Request) -> dict[str, Any]:
    query = kind(data=request.query_params)
    query.is_valid(raise_exception=True)
    return dict(query.validated_data)


def _page(request: Request, asked: dict[str, Any], results: object, *, more: bool) -> dict[str, object]:
    """Give a page and the addresses of its neighbours."""
    here, offset, limit = request.build_absolute_uri(), asked["offset"], asked["limit"]
    before = replace_query_param(here, "offset", offset - limit)
    if offset <= limit:
        before = remove_query_param(here, "offset")
    return {
        "next": replace_query_param(here, "offset", offset + limit) if more else None,
        "previous": before if offset else None,
        "results": results,
    }


def _uuid(text: str, missing: Exception) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        raise missing from exc
