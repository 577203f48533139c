"""Both encodings of OTLP give the same spans, and refuse what is none without asking for much memory."""

import contextlib
import json
from types import ModuleType
from typing import Any

import pytest
from google.protobuf import json_format as protobuf_json
from google.rpc import status_pb2  # type: ignore[import-untyped]  # has no stubs
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1 import trace_pb2

from apps.ingest.errors import MalformedPayloadError
from apps.ingest.otlp.formats import json_format, protobuf_format
from apps.ingest.otlp.spans import Origin, RawSpan, Span, SpanEvent, SpanRejectedError

TRACE_ID, SPAN_ID, PARENT_ID = "5b8aa5a2d2c872e8321cf37308d69df2", "051581bf3cb55c13", "5fb397be34d26b51"
DEPTH = 64


def spans(encoding: ModuleType, body: bytes) -> list[Span]:
    return [encoding.read(raw, DEPTH) for raw in encoding.split(body, DEPTH)]


def any_value(value: object) -> AnyValue:  # noqa: PLR0911 - one line a kind
    """Make OpenTelemetry's value of a plain one, as its SDK does."""
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
        case dict():
            pairs = [KeyValue(key=key, value=any_value(item)) for key, item in value.items()]
            return AnyValue(kvlist_value=KeyValueList(values=pairs))
        case _:
            return AnyValue()


def export(attributes: dict[str, Any]) -> ExportTraceServiceRequest:
    """Make an export of one span with these attributes."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name", value=any_value("bot"))
    part = group.scope_spans.add()
    part.scope.name, part.scope.version = "scope", "1.2"
    made = part.spans.add(name="chat", start_time_unix_nano=1_795_341_600_123_456_789, end_time_unix_nano=2**63 + 5)
    made.trace_id, made.span_id = bytes.fromhex(TRACE_ID), bytes.fromhex(SPAN_ID)
    made.parent_span_id = bytes.fromhex(PARENT_ID)
    made.attributes.extend(KeyValue(key=key, value=any_value(value)) for key, value in attributes.items())
    moment = made.events.add(name="exception", time_unix_nano=7)
    moment.attributes.add(key="exception.type", value=any_value("Boom"))
    made.status.code, made.status.message = trace_pb2.Status.STATUS_CODE_ERROR, "broken"
    return request


def as_json(request: ExportTraceServiceRequest) -> bytes:
    """Encode as OTLP wants JSON: protobuf's own mapping, but ids in hexadecimal."""
    content = json.loads(protobuf_json.MessageToJson(request))
    made = content["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    made |= {"traceId": TRACE_ID.upper(), "spanId": SPAN_ID, "parentSpanId": PARENT_ID}
    return json.dumps(content).encode()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.", max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(attributes=st.dictionaries(st.text("xyz._", max_size=6), VALUES, max_size=4))
def test_encodings__of_one_export__give_the_same_span(attributes: dict[str, Any]) -> None:
    # Given
    request = export(attributes)

    # When it is read from either encoding
    read = [
        spans(protobuf_format, request.SerializeToString()),
        spans(json_format, as_json(request)),
    ]

    # Then
    expected = Span(
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        parent_id=PARENT_ID,
        name="chat",
        start_ns=1_795_341_600_123_456_789,
        end_ns=2**63 + 5,
        attributes=attributes,
        events=[SpanEvent("exception", 7, {"exception.type": "Boom"})],
        is_error=True,
        status_message="broken",
        origin=Origin({"service.name": "bot"}, "scope", "1.2"),
    )
    assert read == [[expected], [expected]]


def test_json__what_exporters_write_otherwise__is_read_too() -> None:
    # Given numbers as text and as numbers, an empty value, an enum by name, nulls, fields nobody knows
    made = {
        "traceId": TRACE_ID,
        "spanId": SPAN_ID,
        "parentSpanId": "",
        "kind": "SPAN_KIND_CLIENT",
        "startTimeUnixNano": 1_795_341_600_000_000_000,
        "endTimeUnixNano": "1795341600000000001",
        "attributes": [
            {"key": "int", "value": {"intValue": "12"}},
            {"key": "number", "value": {"intValue": 12}},
            {"key": "huge", "value": {"intValue": "9" * 30}},
            {"key": "nan", "value": {"doubleValue": "NaN"}},
            {"key": "double", "value": {"doubleValue": 1}},
            {"key": "empty", "value": {}},
            {"key": "none"},
            {"key": "strange", "value": {"mapValue": {"a": 1}}},
            {"key": "list", "value": {"arrayValue": {}}},
            {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": True}}, 7]}}},
        ],
        "events": None,
        "status": {"code": "STATUS_CODE_ERROR"},
        "flags": 257,
    }
    body = json.dumps({"resourceSpans": [{"resource": None, "scopeSpans": [{"spans": [made]}], "schemaUrl": "x"}]})

    # When
    [read] = spans(json_format, b"\n " + body.encode())

    # Then
    assert read.attributes == {
        "int": 12,
        "number": 12,
        "huge": 1e30,
        "nan": None,
        "double": 1,
        "empty": None,
        "none": None,
        "strange": None,
        "list": [],
        "map": {"a": True},
    }
    assert read.is_error
    assert (read.start_ns, read.end_ns) == (1_795_341_600_000_000_000, 1_795_341_600_000_000_001)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (json_format, b"{"),
        (json_format, b"[]"),
        (json_format, b'{"resourceSpans": 7}'),
        (json_format, b'{"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}'),
        (json_format, b"[" * 5_000),
        (protobuf_format, b"\xff"),
        (protobuf_format, b"\x0a\x05ab"),
        (protobuf_format, b"{}"),
        (protobuf_format, b"\x0a\x02\x12\xff"),
    ],
)
def test_split__no_export__is_malformed(encoding: ModuleType, body: bytes) -> None:
    with pytest.raises(MalformedPayloadError):
        spans(encoding, body)


@pytest.mark.parametrize("encoding", [json_format, protobuf_format])
def test_split__nothing__is_an_export_without_spans(encoding: ModuleType) -> None:
    assert spans(encoding, b"") == []


def test_split__json_of_empty_objects__is_refused_before_it_is_read() -> None:
    body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * 300_000 + b"{}]}]}]}"
    with pytest.raises(MalformedPayloadError):
        spans(json_format, body)


@pytest.mark.parametrize(
    ("trace_id", "span_id"),
    [("", SPAN_ID), ("0" * 32, SPAN_ID), (TRACE_ID, "0" * 16), (TRACE_ID, SPAN_ID[:-1]), ("z" * 32, SPAN_ID)],
)
def test_read__ids_that_are_none__refuses_the_span(trace_id: str, span_id: str) -> None:
    with pytest.raises(SpanRejectedError) as refused:
        json_format.read(RawSpan(Origin(), json.dumps({"traceId": trace_id, "spanId": span_id}).encode()), DEPTH)
    assert refused.value.code == "span_malformed"


@pytest.mark.parametrize("levels", [70, 500, 5_000])
@pytest.mark.parametrize("encoding", [json_format, protobuf_format])
def test_read__value_nested_too_deep__refuses_the_span(encoding: ModuleType, levels: int) -> None:
    # Given a value deeper than is stored, and one deeper than any reader goes
    if encoding is json_format:
        value = '{"arrayValue": {"values": [' * levels + "]}}" * levels
        made = f'{{"traceId": "{TRACE_ID}", "spanId": "{SPAN_ID}", "attributes": [{{"key": "a", "value": {value}}}]}}'
        content = made.encode()
    else:
        content = b""
        for _ in range(levels):
            for tag in (b"\x0a", b"\x2a"):  # ArrayValue.values, AnyValue.array_value
                content = tag + varint(len(content)) + content
        pair = b"\x12" + varint(len(content)) + content  # KeyValue.value
        ids = trace_pb2.Span(trace_id=bytes.fromhex(TRACE_ID), span_id=bytes.fromhex(SPAN_ID)).SerializeToString()
        content = ids + b"\x4a" + varint(len(pair)) + pair  # Span.attributes

    # When / Then
    with pytest.raises(SpanRejectedError):
        encoding.read(RawSpan(Origin(), content), DEPTH)


def varint(number: int) -> bytes:
    """Encode a length as protobuf does."""
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


@settings(max_examples=200, deadline=None)
@given(noise=st.binary(max_size=40), place=st.integers(0, 200))
def test_protobuf__damaged_anywhere__is_refused_and_nothing_else(noise: bytes, place: int) -> None:
    body = export({"a": ["b"], "c": {"d": 1}}).SerializeToString()
    damaged = body[:place] + noise + body[place + len(noise) :]
    with contextlib.suppress(MalformedPayloadError, SpanRejectedError):
        spans(protobuf_format, damaged)


@settings(max_examples=200, deadline=None)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "resourceSpans",
                        "scopeSpans",
                        "spans",
                        "attributes",
                        "key",
                        "value",
                        "arrayValue",
                        "values",
                        "kvlistValue",
                        "traceId",
                        "spanId",
                        "events",
                        "status",
                    ]
                ),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_json__of_any_shape__is_refused_and_nothing_else(content: object) -> None:
    with contextlib.suppress(MalformedPayloadError, SpanRejectedError):
        spans(json_format, json.dumps(content).encode())


def test_answers__in_protobuf__are_what_the_definitions_say() -> None:
    # Success is no bytes; a partial one and an error are the messages of the specification
    assert protobuf_format.success() == b""
    partial = ExportTraceServiceResponse.FromString(protobuf_format.success(3, "three")).partial_success
    assert (partial.rejected_spans, partial.error_message) == (3, "three")
    status = status_pb2.Status.FromString(protobuf_format.failure(16, "näh"))
    assert (status.code, status.message) == (16, "näh")


def test_answers__in_json__have_numbers_of_64_bits_as_text() -> None:
    assert json_format.success() == b"{}"
    assert json.loads(json_format.success(3, "three")) == {
        "partialSuccess": {"rejectedSpans": "3", "errorMessage": "three"}
    }
    assert json.loads(json_format.success(2, of="LogRecords")) == {"partialSuccess": {"rejectedLogRecords": "2"}}
    assert json.loads(json_format.failure(16, "no")) == {"code": 16, "message": "no"}
