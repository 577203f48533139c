"""HTTP to the selectors and back."""

from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.access import ProjectAPIView
from apps.catalog import selectors
from apps.catalog.errors import InvalidParameterError
from apps.catalog.filters.schema import MAX_KEY_LENGTH


class EventDefinitionsView(ProjectAPIView):
    """The event names a project has sent."""

    scope = "event"

    @extend_schema(
        parameters=[OpenApiParameter("search", OpenApiTypes.STR)],
        responses=OpenApiTypes.OBJECT,
        summary="List event names",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - `resolve` has used it
        """List them, most frequent first."""
        search = _text(request.query_params, "search").lower()
        found = [seen for seen in selectors.list_event_names(self.project.id) if search in seen.name.lower()]
        results = [
            {
                "id": seen.name,
                "name": seen.name,
                "volume_30_day": seen.count,
                "last_seen_at": seen.last_seen.isoformat(),
            }
            for seen in found
        ]
        return Response({"count": len(results), "next": None, "previous": None, "results": results})


class PropertyDefinitionsView(ProjectAPIView):
    """The properties a project's events carry."""

    scope = "event"

    @extend_schema(
        parameters=[
            OpenApiParameter("event", OpenApiTypes.STR, description="Only properties of this event."),
            OpenApiParameter("search", OpenApiTypes.STR),
        ],
        responses=OpenApiTypes.OBJECT,
        summary="List property names",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - `resolve` has used it
        """List them by name."""
        event = _text(request.query_params, "event") or None
        search = _text(request.query_params, "search").lower()
        names = [name for name in selectors.list_property_names(self.project.id, event) if search in name.lower()]
        results = [{"id": name, "name": name, "type": "event"} for name in names]
        return Response({"count": len(results), "next": None, "previous": None, "results": results})


class PropertyValuesView(ProjectAPIView):
    """The values of one property."""

    scope = "event"

    @extend_schema(
        parameters=[
            OpenApiParameter("key", OpenApiTypes.STR, required=True, description="The property."),
            OpenApiParameter("event_name", OpenApiTypes.STR, description="Only values of this event."),
            OpenApiParameter("value", OpenApiTypes.STR, description="Only values that contain this text."),
        ],
        responses=OpenApiTypes.OBJECT,
        summary="List property values",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - `resolve` has used it
        """List them, most frequent first."""
        key = _text(request.query_params, "key")
        if not key:
            raise InvalidParameterError("Expected the name of a property.", attr="key")
        event = _text(request.query_params, "event_name") or None
        search = _text(request.query_params, "value") or None
        found = selectors.list_property_values(self.project.id, key, event=event, search=search)
        return Response([{"name": seen.value, "count": seen.count} for seen in found])


def _text(params: QueryDict, name: str) -> str:
    value: str = params.get(name) or ""
    if len(value) > MAX_KEY_LENGTH:
        raise InvalidParameterError(f"Expected {MAX_KEY_LENGTH} characters at most.", attr=name)
    return value
