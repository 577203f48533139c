"""OTLP in JSON: ids in hexadecimal, 64-bit numbers as text or number, names in camel case, enums as numbers.

(opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding)
"""

import math
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from apps.ingest.errors import MalformedPayloadError
from apps.ingest.otlp.spans import Origin, RawSpan, Span, SpanEvent, SpanRejectedError, check_ids
from apps.ingest.protocols import text

CONTENT_TYPE: Final = "application/json"

_MANY_OBJECTS: Final = 200_000
_BYTES_AN_OBJECT: Final = 8
_ERROR: Final = (2, "2", "STATUS_CODE_ERROR")
_LARGEST: Final = (1 << 63) - 1
_BEYOND_FLOAT: Final = 1 << 1023


class _KeyValue(Struct, gc=False):
    key: str = ""
    value: Any = None


class _Resource(Struct):
    attributes: list[_KeyValue] | None = None


class _Scope(Struct):
    name: str | None = None
    version: str | None = None


class _ScopeSpans(Struct):
    scope: _Scope | None = None
    spans: list[Raw] | None = None


class _ResourceSpans(Struct, rename="camel"):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] | None = None


class _Request(Struct, rename="camel"):
    resource_spans: list[_ResourceSpans] | None = None


class _Event(Struct, rename="camel"):
    name: str | None = None
    time_unix_nano: int | float | str | None = None
    attributes: list[_KeyValue] | None = None


class _Status(Struct):
    code: int | str | None = None
    message: str | None = None


class _Span(Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str | None = None
    name: str | None = None
    start_time_unix_nano: int | float | str | None = None
    end_time_unix_nano: int | float | str | None = None
    attributes: list[_KeyValue] | None = None
    events: list[_Event] | None = None
    status: _Status | None = None


class _ErrorStatus(Struct):
    code: int
    message: str


_REQUEST: Final = msgspec.json.Decoder(_Request)
_SPAN: Final = msgspec.json.Decoder(_Span)


def split(body: bytes, depth: int) -> Iterator[RawSpan]:
    """Give the spans of a request's body, each still as its own text.

    Raises MalformedPayloadError.
    """
    body = text.clean(body.strip())
    objects = body.count(b"{")
    if objects > _MANY_OBJECTS and objects * _BYTES_AN_OBJECT > len(body):
        # Empty objects take a multiple of their text in memory; no exporter writes so many.
        raise MalformedPayloadError("The body is made of more empty objects than spans need.")
    try:
        request = _REQUEST.decode(body or b"{}")
        for group in request.resource_spans or ():
            resource = _attributes(group.resource.attributes if group.resource else None, depth)
            for part in group.scope_spans or ():
                scope = part.scope or _Scope()
                origin = Origin(resource, scope.name or "", scope.version or "")
                for raw in part.spans or ():
                    yield RawSpan(origin, bytes(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedPayloadError(f"The body is no OTLP export in JSON: {exc}.") from exc
    except SpanRejectedError as exc:
        raise MalformedPayloadError(f"A resource cannot be read: {exc.reason}") from exc


def read(raw: RawSpan, depth: int) -> Span:
    """Read one span. Raises SpanRejectedError."""
    try:
        wire = _SPAN.decode(raw.content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise SpanRejectedError("span_malformed", f"The span cannot be read: {exc}.") from exc
    trace_id, span_id = wire.trace_id.lower(), wire.span_id.lower()
    check_ids(trace_id, span_id)
    status = wire.status or _Status()
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=(wire.parent_span_id or "").lower(),
        name=wire.name or "",
        start_ns=_nanoseconds(wire.start_time_unix_nano),
        end_ns=_nanoseconds(wire.end_time_unix_nano),
        attributes=_attributes(wire.attributes, depth),
        events=[
            SpanEvent(event.name or "", _nanoseconds(event.time_unix_nano), _attributes(event.attributes, depth))
            for event in wire.events or ()
        ],
        is_error=status.code in _ERROR,
        status_message=status.message or "",
        origin=raw.origin,
    )


def success(rejected: int = 0, message: str = "", *, of: str = "Spans") -> bytes:
    """Encode the response to an export of spans, log records or data points; 64-bit numbers are text."""
    partial: dict[str, str] = {f"rejected{of}": str(rejected)} if rejected else {}
    if message:
        partial["errorMessage"] = message
    return msgspec.json.encode({"partialSuccess": partial} if partial else {})


def failure(code: int, message: str) -> bytes:
    """Encode a google.rpc.Status."""
    return msgspec.json.encode(_ErrorStatus(code, message))


def _attributes(members: list[_KeyValue] | None, depth: int) -> dict[str, Any]:
    return {member.key: _value(member.value, depth) for member in members or ()}


def _value(value: Any, depth: int) -> Any:  # noqa: ANN401, PLR0911 - AnyValue, one branch a kind of it
    if depth <= 0:
        raise SpanRejectedError("properties_too_deep", "A value of the span is nested too deeply.")
    if not isinstance(value, dict) or not value:
        return None
    kind, content = next(iter(value.items()))
    match kind:
        case "stringValue" if isinstance(content, str):
            return content
        case "boolValue" if isinstance(content, bool):
            return content
        case "intValue" | "doubleValue":
            return _number(content)
        case "bytesValue":
            return content if isinstance(content, str) else None
        case "arrayValue" if isinstance(content, dict):
            values = content.get("values")
            return [_value(item, depth - 1) for item in values] if isinstance(values, list) else []
        case "kvlistValue" if isinstance(content, dict):
            values = content.get("values")
            if not isinstance(values, list):
                return {}
            return {
                str(item.get("key", "")): _value(item.get("value"), depth - 1)
                for item in values
                if isinstance(item, dict)
            }
        case _:
            return None


def _number(content: Any) -> int | float | None:  # noqa: ANN401 - a sender's JSON value
    number = _read_number(content)
    if isinstance(number, int) and not -_LARGEST - 1 <= number <= _LARGEST:
        return float(number) if abs(number) < _BEYOND_FLOAT else None
    return number


def _nanoseconds(value: float | str | None) -> int:
    number = _read_number(value)
    return int(number) if number is not None and 0 < number < 1 << 64 else 0


def _read_number(content: Any) -> int | float | None:  # noqa: ANN401 - a sender's JSON value
    if isinstance(content, str):
        for kind in (int, float):
            try:
                content = kind(content)
                break
            except ValueError:
                pass
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    return content if isinstance(content, int) and not isinstance(content, bool) else None
