"""REST over the dead letters of a project."""

from datetime import UTC
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.access import ProjectAPIView
from apps.ingest import selectors


class DeadLetterQuery(serializers.Serializer[dict[str, object]]):
    """Which page of the dead letters."""

    before = serializers.DateTimeField(required=False, default_timezone=UTC)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=selectors.DEAD_LETTERS_LIMIT, default=50)


class DeadLetterOutput(serializers.Serializer[dict[str, object]]):
    """One refused event."""

    received_at = serializers.DateTimeField()
    entry = serializers.CharField()
    index = serializers.IntegerField()
    code = serializers.CharField()
    reason = serializers.CharField()
    event = serializers.CharField()
    distinct_id = serializers.CharField()
    payload = serializers.CharField()
    path = serializers.CharField()


class DeadLetterPage(serializers.Serializer[dict[str, object]]):
    """Dead letters, newest first."""

    results = DeadLetterOutput(many=True)


class DeadLettersView(ProjectAPIView):
    """Events that were refused, with the reason and the text as sent."""

    scope: ClassVar[str] = "event"

    @extend_schema(parameters=[DeadLetterQuery], responses=DeadLetterPage)
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved by the base view
        """List dead letters; `before` is the received_at of the last one seen."""
        query = DeadLetterQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = selectors.list_dead_letters(self.project.id, **query.validated_data)
        return Response(DeadLetterPage({"results": rows}).data)
