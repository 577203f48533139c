"""HTTP to the selectors and services and back."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from apps.accounts.access import ProjectAPIView
from apps.catalog import search, selectors, services
from apps.catalog.api import serializers
from apps.catalog.contracts import Scope
from apps.catalog.errors import InvalidParameterError
from apps.catalog.filters.schema import MAX_KEY_LENGTH

T = TypeVar("T")


class EventDefinitionsView(ProjectAPIView):
    """The events a project has sent."""

    scope = "event"

    @extend_schema(
        operation_id="projects_event_definitions_list",
        parameters=[serializers.EventQuery],
        responses=serializers.EventPage,
        summary="List event definitions",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - `resolve` has used it
        """List them, most frequent first."""
        asked = _asked(serializers.EventQuery, request)
        found = search.events(selectors.list_events(self.project.id), **search.wanted(asked), order=asked["ordering"])
        page = _page(request, found, asked, lambda few: serializers.EventOutput(few, many=True).data)
        return Response(page)


class EventDefinitionView(ProjectAPIView):
    """One event."""

    scope = "event"

    @extend_schema(responses=serializers.EventOutput, summary="Show an event definition")
    def get(self, request: Request, project_id: str, definition_id: str) -> Response:  # noqa: ARG002 - as above
        """Show what was seen of it and what people wrote."""
        return Response(serializers.EventOutput(selectors.get_event(self.project.id, definition_id)).data)

    @extend_schema(
        request=serializers.NotePatch, responses=serializers.EventOutput, summary="Describe, verify or hide an event"
    )
    def patch(self, request: Request, project_id: str, definition_id: str) -> Response:  # noqa: ARG002 - as above
        """Change what people wrote about it."""
        event = selectors.get_event(self.project.id, definition_id)
        changes = _changes(request)
        event = services.describe_event(project=self.project, event=event, changes=changes, actor=self.actor)
        return Response(serializers.EventOutput(event).data)

    @extend_schema(responses={204: None}, summary="Forget an event definition")
    def delete(self, request: Request, project_id: str, definition_id: str) -> Response:  # noqa: ARG002 - as above
        """Forget it; the events stay, and one more of them brings it back."""
        event = selectors.get_event(self.project.id, definition_id)
        services.forget_event(project=self.project, event=event, actor=self.actor)
        return Response(status=204)


class PropertyDefinitionsView(ProjectAPIView):
    """The properties a project's events, persons or groups carry."""

    scope = "event"

    @extend_schema(
        operation_id="projects_property_definitions_list",
        parameters=[serializers.PropertyQuery],
        responses=serializers.PropertyPage,
        summary="List property definitions",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """List them by name."""
        asked = _asked(serializers.PropertyQuery, request)
        events = [asked["event"]] if asked["event"] else []
        found = search.properties(
            selectors.list_properties(self.project.id, scope=Scope(asked["type"]), events=events),
            **search.wanted(asked),
            order=asked["ordering"],
            group_type=asked["group_type"],
            kind=asked["property_type"],
        )
        page = _page(request, found, asked, lambda few: serializers.PropertyOutput(few, many=True).data)
        return Response(page | {"refused": selectors.count_refused(self.project.id)})


class PropertyDefinitionView(ProjectAPIView):
    """One property."""

    scope = "event"

    @extend_schema(responses=serializers.PropertyDetailOutput, summary="Show a property definition")
    def get(self, request: Request, project_id: str, definition_id: str) -> Response:  # noqa: ARG002 - as above
        """Show it with the events that carry it."""
        return self._show(definition_id)

    @extend_schema(
        request=serializers.NotePatch,
        responses=serializers.PropertyDetailOutput,
        summary="Describe, verify or hide a property",
    )
    def patch(self, request: Request, project_id: str, definition_id: str) -> Response:  # noqa: ARG002 - as above
        """Change what people wrote about it."""
        one = selectors.get_property(self.project.id, definition_id)
        services.describe_property(project=self.project, definition=one, changes=_changes(request), actor=self.actor)
        return self._show(definition_id)

    @extend_schema(responses={204: None}, summary="Forget a property definition")
    def delete(self, request: Request, project_id: str, definition_id: str) -> Response:  # noqa: ARG002 - as above
        """Forget it; the next time it is seen brings it back."""
        one = selectors.get_property(self.project.id, definition_id)
        services.forget_property(project=self.project, definition=one, actor=self.actor)
        return Response(status=204)

    def _show(self, definition_id: str) -> Response:
        one = selectors.get_property(self.project.id, definition_id)
        events = selectors.list_carriers(self.project.id, one.name) if one.scope is Scope.EVENT else []
        shown = serializers.PropertyOutput(one).data
        return Response({**shown, "events": serializers.CarrierOutput(events, many=True).data})


class PropertyValuesView(ProjectAPIView):
    """The values of one property."""

    scope = "event"

    @extend_schema(
        parameters=[
            OpenApiParameter("key", OpenApiTypes.STR, required=True, description="The property."),
            OpenApiParameter("event_name", OpenApiTypes.STR, description="Only values of this event."),
            OpenApiParameter("value", OpenApiTypes.STR, description="Only values that contain this text."),
        ],
        responses=serializers.ValueOutput(many=True),
        summary="List property values",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - as above
        """List them, most frequent first."""
        key = _text(request, "key")
        if not key:
            raise InvalidParameterError("Expected the name of a property.", attr="key")
        event, wanted = _text(request, "event_name") or None, _text(request, "value") or None
        found = selectors.list_property_values(self.project.id, key, event=event, search=wanted)
        return Response(serializers.ValueOutput(found, many=True).data)


def _asked(shape: type[serializers.PageQuery], request: Request) -> dict[str, Any]:
    query = shape(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    asked: dict[str, Any] = query.validated_data
    return asked


def _changes(request: Request) -> dict[str, Any]:
    patch = serializers.NotePatch(data=request.data)
    patch.is_valid(raise_exception=True)
    return patch.changes()


def _page(
    request: Request, found: Sequence[T], asked: dict[str, Any], render: Callable[[Sequence[T]], object]
) -> dict[str, object]:
    """Cut a page out of what was found, with links to those beside it."""
    limit, offset = asked["limit"], asked["offset"]
    here = request.build_absolute_uri()
    after, before = offset + limit, max(0, offset - limit)
    previous = replace_query_param(here, "offset", before) if before else remove_query_param(here, "offset")
    return {
        "count": len(found),
        "next": replace_query_param(here, "offset", after) if after < len(found) else None,
        "previous": previous if offset else None,
        "results": render(found[offset:after]),
    }


def _text(request: Request, name: str) -> str:
    value: str = request.query_params.get(name) or ""
    if len(value) > MAX_KEY_LENGTH:
        raise InvalidParameterError(f"Expected {MAX_KEY_LENGTH} characters at most.", attr=name)
    return value
