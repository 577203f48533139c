"""OTLP in protobuf, read with OpenTelemetry's own message definitions.

Only this module imports protobuf, and only the first protobuf export imports this module: it takes 8 MB of memory
that a web process without such exports does not need.
"""

import math
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from apps.ingest.errors import MalformedPayloadError
from apps.ingest.otlp.spans import Origin, RawSpan, Span, SpanEvent, SpanRejectedError, check_ids

CONTENT_TYPE: Final = "application/x-protobuf"

_PACKAGE: Final = "baleen.otlp"
# The fields of ExportTraceServiceRequest, ResourceSpans and ScopeSpans as bytes. An embedded message and bytes look
# the same on the wire, so what these give is each span unread: it can be measured before it takes a multiple of its
# bytes in memory, and one that is damaged leaves its neighbours alone.
_SHELLS: Final = {
    "Request": {"resource_spans": (1, True)},
    "ResourceSpans": {"resource": (1, False), "scope_spans": (2, True)},
    "ScopeSpans": {"scope": (1, False), "spans": (2, True)},
    "Status": {"message": (2, False)},
}


def _make_shells() -> dict[str, type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(name="baleen/otlp.proto", package=_PACKAGE, syntax="proto3")
    field_type = descriptor_pb2.FieldDescriptorProto
    for name, fields in _SHELLS.items():
        message = file.message_type.add(name=name)
        for field_name, (number, is_repeated) in fields.items():
            label = field_type.LABEL_REPEATED if is_repeated else field_type.LABEL_OPTIONAL
            message.field.add(name=field_name, number=number, type=field_type.TYPE_BYTES, label=label)
    file.message_type[-1].field.add(
        name="code", number=1, type=field_type.TYPE_INT32, label=field_type.LABEL_OPTIONAL
    )  # google.rpc.Status
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _SHELLS}


_MESSAGES: Final = _make_shells()


def split(body: bytes, depth: int) -> Iterator[RawSpan]:
    """Give the spans of a request's body, each still as its own bytes.

    Raises MalformedPayloadError.
    """
    try:
        for group in _shell("Request", body).resource_spans:
            resource_spans = _shell("ResourceSpans", group)
            resource = _attributes(Resource.FromString(resource_spans.resource).attributes, depth)
            for part in resource_spans.scope_spans:
                scope_spans = _shell("ScopeSpans", part)
                scope = InstrumentationScope.FromString(scope_spans.scope)
                origin = Origin(resource, scope.name, scope.version)
                for content in scope_spans.spans:
                    yield RawSpan(origin, content)
    except DecodeError as exc:
        raise MalformedPayloadError("The body is no OTLP export in protobuf.") from exc
    except SpanRejectedError as exc:
        raise MalformedPayloadError(f"A resource cannot be read: {exc.reason}") from exc


def read(raw: RawSpan, depth: int) -> Span:
    """Read one span. Raises SpanRejectedError."""
    try:
        wire = trace_pb2.Span.FromString(raw.content)
    except DecodeError as exc:
        raise SpanRejectedError("span_malformed", "The span is no protobuf, or nested too deeply.") from exc
    trace_id, span_id = wire.trace_id.hex(), wire.span_id.hex()
    check_ids(trace_id, span_id)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=wire.parent_span_id.hex(),
        name=wire.name,
        start_ns=wire.start_time_unix_nano,
        end_ns=wire.end_time_unix_nano,
        attributes=_attributes(wire.attributes, depth),
        events=[
            SpanEvent(event.name, event.time_unix_nano, _attributes(event.attributes, depth)) for event in wire.events
        ],
        is_error=wire.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        status_message=wire.status.message,
        origin=raw.origin,
    )


def success(rejected: int = 0, message: str = "", *, of: str = "Spans") -> bytes:  # noqa: ARG001 - named in JSON only
    """Encode an ExportTraceServiceResponse; full success is no bytes at all.

    The responses to log records and data points are the same on the wire, where fields are numbers.
    """
    answer = ExportTraceServiceResponse()
    if rejected or message:
        answer.partial_success.rejected_spans = rejected
        answer.partial_success.error_message = message
    return answer.SerializeToString()


def failure(code: int, message: str) -> bytes:
    """Encode a google.rpc.Status."""
    status: Any = _MESSAGES["Status"]()
    status.code, status.message = code, message.encode()
    content: bytes = status.SerializeToString()
    return content


def _shell(name: str, content: bytes) -> Any:  # noqa: ANN401 - a message made at run time has no type of its own
    return _MESSAGES[name].FromString(content)


def _attributes(members: Iterable[KeyValue], depth: int) -> dict[str, Any]:
    return {member.key: _value(member.value, depth) for member in members}


def _value(value: AnyValue, depth: int) -> Any:  # noqa: ANN401, PLR0911 - AnyValue, one branch a kind of it
    if depth <= 0:
        raise SpanRejectedError("properties_too_deep", "A value of the span is nested too deeply.")
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value if math.isfinite(value.double_value) else None
        case "array_value":
            return [_value(item, depth - 1) for item in value.array_value.values]
        case "kvlist_value":
            return {item.key: _value(item.value, depth - 1) for item in value.kvlist_value.values}
        case "bytes_value":
            return b64encode(value.bytes_value).decode()
        case _:
            return None
