"""Spans for the tests of the mapping, and the event one becomes."""

import json
from typing import Any

from apps.ingest.otlp.mapping.event import to_event
from apps.ingest.otlp.spans import Origin, Span, SpanEvent

TRACE_ID, SPAN_ID, PARENT_ID = "5b8aa5a2d2c872e8321cf37308d69df2", "051581bf3cb55c13", "5fb397be34d26b51"
START_NS = 1_795_341_600_000_000_000
PROJECT = 7


def span(name: str = "operation", *, ms: int = 1_000, **fields: Any) -> Span:  # noqa: ANN401 - fields of Span
    """Make a span that took so many milliseconds."""
    defaults: dict[str, Any] = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "start_ns": START_NS,
        "end_ns": START_NS + ms * 1_000_000,
    }
    return Span(name=name, **(defaults | fields))


def event_of(attributes: dict[str, Any], **fields: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401 - as span()
    """Give name and properties of the event that a span with these attributes becomes."""
    wire = to_event(span(**fields, attributes=attributes), PROJECT)
    properties: dict[str, Any] = json.loads(bytes(wire.properties))
    return wire.event, properties


def message(name: str, ms: int = 0, /, **attributes: Any) -> SpanEvent:  # noqa: ANN401 - attributes of the event
    """Make an event within a span."""
    return SpanEvent(name, START_NS + ms * 1_000_000, attributes)


__all__ = ["Origin", "event_of", "message", "span"]
