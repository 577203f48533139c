"""Whose span it is, which session it belongs to, and the id its event has however often it is exported."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.ingest.otlp.mapping.attributes import Attributes
from apps.ingest.otlp.spans import Span

_NAMESPACE: Final = uuid.UUID("5b0e3a52-6c5e-5f0c-9a39-2f1f6f5d7a10")

_PERSON: Final = (
    "ai.telemetry.metadata.posthog_distinct_id",
    "ai.settings.context.posthog_distinct_id",
    "posthog.distinct_id",
    "user.id",
    "ai.telemetry.metadata.userId",
    "traceloop.association.properties.user_id",
    "langfuse.user.id",
    "enduser.id",
)
_PERSON_OF_RESOURCE: Final = ("posthog.distinct_id", "user.id")
_SESSION: Final = (
    "$ai_session_id",
    "ai.telemetry.metadata.$ai_session_id",
    "gen_ai.conversation.id",
    "session.id",
    "ai.telemetry.metadata.sessionId",
    "traceloop.association.properties.session_id",
    "langfuse.session.id",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who did it, and in which session; the anonymous get no person profile."""

    distinct_id: str
    session_id: str
    is_anonymous: bool


def event_id(project_id: int, span: Span) -> str:
    """Name the event of a span: the same span exported twice is the same event, in each project by itself."""
    return str(uuid.uuid5(_NAMESPACE, f"{project_id}/{span.trace_id}/{span.span_id}"))


def identify(project_id: int, span: Span, attributes: Attributes) -> Identity:
    """Find who a span is about: the span says it, or its resource; else its session stands for somebody unknown."""
    session = _text(attributes.pick(*_SESSION))
    person = _text(attributes.pick(*_PERSON)) or _first(span.origin.resource, _PERSON_OF_RESOURCE)
    if person:
        return Identity(person, session, is_anonymous=False)
    unknown = str(uuid.uuid5(_NAMESPACE, f"{project_id}/{session or span.trace_id}"))
    return Identity(unknown, session, is_anonymous=True)


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := _text(values.get(name)))), "")


def _text(value: Any) -> str:  # noqa: ANN401 - an attribute's value
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "\ufffd").strip()
