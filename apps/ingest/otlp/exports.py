"""Take the spans of an export in: those about AI become events, and go the way all events go."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Final

import msgspec

from apps.common import clock
from apps.ingest import timestamps
from apps.ingest.bounds import DEAD_LETTER_BYTES, Bounds, bounds
from apps.ingest.contracts import Rejection
from apps.ingest.controls import Facts
from apps.ingest.controls.errors import QuotaExceededError
from apps.ingest.errors import IngestError, InvalidEventError, TooManyEventsError
from apps.ingest.flow import meter
from apps.ingest.normalise import Clock
from apps.ingest.otlp.mapping.event import to_event
from apps.ingest.otlp.mapping.kinds import is_ai
from apps.ingest.otlp.spans import RawSpan, Span, SpanRejectedError
from apps.ingest.protocols import text
from apps.ingest.protocols.posthog import Request, WireEvent
from apps.ingest.services import admit, project_of
from apps.ingest.validation import validate

_ZEROS: Final = 100_000
"""More empty messages than any span has; each takes many times its two bytes in memory."""


class SpansOverQuotaError(IngestError):
    """The project has no quota left for what these spans would become."""

    status, code = 400, "billing_limit_exceeded"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many spans were refused, and the first one's fault; the others are stored or none of our business."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Events(Request):
    """The events made of spans; a refused one is shown as the event it would have been."""

    def raw_events(self) -> list[bytes]:
        return [_shown(event) for event in self.events]


@dataclass(slots=True)
class _Sorted:
    events: list[WireEvent] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    ignored: int = 0


def take(  # noqa: PLR0913 - what a request says, by keyword
    body: bytes, encoding: ModuleType, *, token: str, path: str, ip: str = "", user_agent: str = "", origin: str = ""
) -> Outcome:
    """Take an export's spans; when this returns, the events made of them are durable.

    Raises an IngestError when the request is refused as a whole, LogUnavailableError when it may be sent again.
    """
    project = project_of(token)
    limits = replace(bounds(), event_bytes=bounds().ai_event_bytes)
    spans = _split(body, encoding, limits)
    sorted_ = _sort(spans, encoding, project.id, limits)
    meter().count(spans_ignored=sorted_.ignored)
    if not sorted_.events and not sorted_.rejections:
        return Outcome()
    now_us = timestamps.to_us(clock.now())
    request = _Events(b"", sorted_.events, token)
    entry = validate(request, project_id=project.id, path=path, clock=Clock(now_us), bounds=limits)
    entry.ip, entry.user_agent = ip, user_agent
    # A refusal is known by its place in the request, and validation saw only the events.
    entry.rejections = sorted_.rejections + [
        msgspec.structs.replace(refused, index=sorted_.places[refused.index]) for refused in entry.rejections
    ]
    rejected, first = len(entry.rejections), entry.rejections[0].reason if entry.rejections else ""
    try:
        admit(project, entry, Facts(origin, all_or_nothing=True))
    except QuotaExceededError as exc:
        # Final: an exporter told to come back would keep a month's spans in memory.
        raise SpansOverQuotaError(exc.detail) from exc
    except InvalidEventError:
        # They are dead letters now. That all the AI spans were bad does not make the others bad.
        if not sorted_.ignored:
            raise
    return Outcome(rejected, f"{rejected} of {len(spans)} spans were refused. The first: {first}" if rejected else "")


def _split(body: bytes, encoding: ModuleType, limits: Bounds) -> Sequence[RawSpan]:
    spans: list[RawSpan] = []
    for raw in encoding.split(body, limits.depth):
        spans.append(raw)
        if len(spans) > limits.events:
            raise TooManyEventsError(f"The request holds more than {limits.events} spans.")
    return spans


def _sort(spans: Sequence[RawSpan], encoding: ModuleType, project_id: int, limits: Bounds) -> _Sorted:
    sorted_ = _Sorted()
    for index, raw in enumerate(spans):
        try:
            span = _read(raw, encoding, limits)
            if is_ai(span):
                sorted_.events.append(to_event(span, project_id))
                sorted_.places.append(index)
            else:
                sorted_.ignored += 1
        except SpanRejectedError as exc:
            payload = text.clean(raw.content[:DEAD_LETTER_BYTES])
            sorted_.rejections.append(Rejection(index, exc.code, exc.reason, payload=payload))
    return sorted_


def _read(raw: RawSpan, encoding: ModuleType, limits: Bounds) -> Span:
    if len(raw.content) > limits.event_bytes:
        raise SpanRejectedError("event_too_large", f"The span is larger than {limits.event_bytes} bytes.")
    if raw.content.count(b"\0") > _ZEROS:
        raise SpanRejectedError("span_malformed", "The span is made of more empty messages than spans have.")
    span: Span = encoding.read(raw, limits.depth)
    return span


def _shown(event: WireEvent | None) -> bytes:
    if event is None:
        return b""
    shown: dict[str, Any] = {"event": event.event, "distinct_id": event.distinct_id, "uuid": event.uuid}
    return msgspec.json.encode(shown | {"timestamp": event.timestamp, "properties": event.properties})
