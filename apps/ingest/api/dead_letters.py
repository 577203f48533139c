"""REST over the dead letters of a project."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.access import ProjectAPIView
from apps.common.serializers import MomentField, StrictSerializer, TextField, WholeField
from apps.ingest.dead_letters import replay, selectors
from apps.ingest.dead_letters.contracts import LIMIT, Letter, Name, Search

_STATES = ("open", "replayed", "all")
_TEXT_LENGTH = 200
_Cursor = tuple[Annotated[datetime, msgspec.Meta(tz=True)], str, int]


class _Filters(StrictSerializer):
    """Which dead letters."""

    code = TextField(required=False, max_length=_TEXT_LENGTH)
    event = TextField(required=False, max_length=_TEXT_LENGTH)
    distinct_id = TextField(required=False, max_length=_TEXT_LENGTH)
    search = TextField(required=False, max_length=_TEXT_LENGTH)
    since = MomentField(required=False, default_timezone=UTC)
    before = MomentField(required=False, default_timezone=UTC)
    state = serializers.ChoiceField(choices=_STATES, required=False)


class DeadLetterQuery(_Filters):
    """Which page of the dead letters."""

    cursor = TextField(required=False, max_length=_TEXT_LENGTH)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=LIMIT, default=50)


class DeadLetterOutput(serializers.Serializer[Letter]):
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
    replayed_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField()
    is_replayable = serializers.BooleanField()


class DeadLetterPage(serializers.Serializer[dict[str, object]]):
    """Dead letters, newest first; `next` is the cursor of the following page, `counts` has all that match by code."""

    results = DeadLetterOutput(many=True)
    next = serializers.CharField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())


class LetterName(StrictSerializer):
    """What names a letter."""

    received_at = MomentField(default_timezone=UTC)
    entry = TextField(max_length=_TEXT_LENGTH)
    index = WholeField(min_value=0, max_value=2**32 - 1)


class ReplayInput(StrictSerializer):
    """Which letters to send through the door again: named ones, or the newest that match."""

    letters = serializers.ListField(child=LetterName(), required=False, max_length=replay.MOST)
    filter = _Filters(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Want one of the two."""
        if ("letters" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError({"letters": ["Give either letters or filter."]}, code="required")
        return attrs


class RefusedAgain(serializers.Serializer[dict[str, object]]):
    """A letter that did not get through this time either."""

    received_at = serializers.DateTimeField()
    entry = serializers.CharField()
    index = serializers.IntegerField()
    code = serializers.CharField()
    reason = serializers.CharField()


class ReplayOutput(serializers.Serializer[dict[str, object]]):
    """What became of them; `has_more` tells that more match than one call replays."""

    accepted = serializers.IntegerField()
    refused = RefusedAgain(many=True)
    has_more = serializers.BooleanField()


class DeadLettersView(ProjectAPIView):
    """Events that were refused, with the reason and the text as sent."""

    scope: ClassVar[str] = "event"

    @extend_schema(parameters=[DeadLetterQuery], responses=DeadLetterPage)
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved by the base view
        """List and search dead letters, newest first."""
        query = DeadLetterQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted, limit = _search(query.validated_data), query.validated_data["limit"]
        after = _read_cursor(query.validated_data.get("cursor", ""))
        letters = selectors.search(self.project.id, wanted, after=after, limit=limit + 1)
        page: dict[str, object] = {
            "results": letters[:limit],
            "next": _cursor(letters[limit - 1]) if len(letters) > limit else None,
            "counts": selectors.count_by_code(self.project.id, wanted),
        }
        return Response(DeadLetterPage(page).data)


class DeadLetterReplayView(ProjectAPIView):
    """Sending refused events through the door again."""

    scope: ClassVar[str] = "event"

    @extend_schema(request=ReplayInput, responses=ReplayOutput)
    def post(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved by the base view
        """Try letters again; each is counted once, however often it is replayed."""
        wanted = ReplayInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        has_more = False
        if "letters" in wanted.validated_data:
            names = [Name(**name) for name in wanted.validated_data["letters"]]
            letters = selectors.find(self.project.id, names)
        else:
            letters, has_more = replay.matching(self.project.id, _search(wanted.validated_data["filter"]))
        report = replay.replay(self.project, letters, self.actor)
        refused = [
            {
                "received_at": letter.received_at,
                "entry": letter.entry,
                "index": letter.index,
                "code": code,
                "reason": reason,
            }
            for letter, code, reason in report.refused
        ]
        return Response(ReplayOutput({"accepted": report.accepted, "refused": refused, "has_more": has_more}).data)


def _search(data: dict[str, Any]) -> Search:
    fields = {name: data[name] for name in ("code", "event", "distinct_id", "since", "before", "state") if name in data}
    return Search(text=data.get("search", ""), **fields)


def _cursor(letter: Letter) -> str:
    text = msgspec.json.encode([letter.received_at, letter.entry, letter.index])
    return base64.urlsafe_b64encode(text).decode()


def _read_cursor(text: str) -> Name | None:
    if not text:
        return None
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        received_at, entry, index = msgspec.json.decode(raw, type=_Cursor)
    except (binascii.Error, msgspec.MsgspecError, ValueError) as exc:
        raise serializers.ValidationError({"cursor": ["This is no cursor of ours."]}, code="invalid") from exc
    return Name(received_at, entry, index)
