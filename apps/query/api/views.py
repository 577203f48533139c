"""HTTP to the runner and back: authenticate, find the project, call, render."""

from typing import Any, Final
from urllib.parse import urlencode

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.access import ProjectAPIView
from apps.query import runner, selectors
from apps.query.api import parameters
from apps.query.errors import InvalidQueryError
from apps.query.kinds.events import ListedEvent, Mark
from apps.query.schema import QueryRequest, RefreshMode, parse_request

_LISTED_BY: Final = frozenset({"after", "before", "before_id", "event", "distinct_id", "person_id", "limit"})


class QueryView(ProjectAPIView):
    """Answers one query of the public JSON; see docs/reference/query-api.md."""

    scope = "query"
    scope_reads = ("POST",)

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT, summary="Ask a question")
    def post(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - `resolve` has used it
        """Compute the answer, or give a very fresh one from the cache."""
        asked = parse_request(request.data)
        _refuse_overrides(asked)
        return Response(
            runner.run(self.project, asked.query, mode=_mode(asked.refresh), query_id=_query_id(self, asked))
        )


class EventListView(ProjectAPIView):
    """Lists what happened, newest first."""

    scope = "event"

    @extend_schema(
        parameters=[
            OpenApiParameter("after", OpenApiTypes.DATETIME, description="Only later events."),
            OpenApiParameter("before", OpenApiTypes.DATETIME, description="Only earlier events."),
            OpenApiParameter("before_id", OpenApiTypes.UUID, description="With before: the last event of the page."),
            OpenApiParameter("event", OpenApiTypes.STR),
            OpenApiParameter("distinct_id", OpenApiTypes.STR),
            OpenApiParameter("person_id", OpenApiTypes.UUID, description="Of this person, under any distinct id."),
            OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100, default 100."),
        ],
        responses=OpenApiTypes.OBJECT,
        summary="List events",
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - `resolve` has used it
        """Give one page and the address of the next."""
        params = request.query_params
        parameters.check(params, _LISTED_BY)
        limit = parameters.number(params, "limit", selectors.MAX_EVENTS, selectors.MAX_EVENTS)
        before = parameters.moment(params, "before")
        found = selectors.list_events(
            self.project,
            after=parameters.moment(params, "after"),
            before=Mark(before, parameters.uuid(params, "before_id")) if before else None,
            event=parameters.text(params, "event"),
            distinct_id=parameters.text(params, "distinct_id"),
            person_id=parameters.uuid(params, "person_id"),
            limit=limit,
        )
        following = _next_page(request, found[-1]) if len(found) == limit else None
        return Response({"results": [_shown(event) for event in found], "next": following})


def _mode(refresh: RefreshMode | bool | None) -> RefreshMode:  # noqa: FBT001 - the public field's own type
    """Read how fresh the answer must be; at this door the public contract takes `force_cache` for `blocking`."""
    if isinstance(refresh, RefreshMode):
        return RefreshMode.BLOCKING if refresh is RefreshMode.FORCE_CACHE else refresh
    return RefreshMode.FORCE_BLOCKING if refresh else RefreshMode.BLOCKING


def _query_id(view: QueryView, asked: QueryRequest) -> str | None:
    """Put the project before the client's own id: no project can name another's query."""
    return f"{view.project.id}:{asked.client_query_id}" if asked.client_query_id else None


def _refuse_overrides(asked: QueryRequest) -> None:
    for name in ("filters_override", "variables_override"):
        if getattr(asked, name):
            raise InvalidQueryError("Overrides are not supported yet.", attr=name)


def _shown(event: ListedEvent) -> dict[str, Any]:
    return {
        "id": str(event.uuid),
        "event": event.event,
        "distinct_id": event.distinct_id,
        "person_id": str(event.person_id),
        "timestamp": event.timestamp.isoformat(),
        "properties": event.properties,
    }


def _next_page(request: Request, last: ListedEvent) -> str:
    params = request.query_params.dict() | {"before": last.timestamp.isoformat(), "before_id": str(last.uuid)}
    return request.build_absolute_uri(f"{request.path}?{urlencode(params)}")
