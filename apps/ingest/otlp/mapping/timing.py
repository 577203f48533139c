"""How long an operation took, and how long until its first token came."""

from typing import Any, Final

from apps.ingest.otlp.mapping.attributes import Attributes, decimal
from apps.ingest.otlp.spans import Span

_SECOND_NS: Final = 1_000_000_000
_IN_SECONDS: Final = (
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.server.time_to_first_token",
    "gen_ai.response.time_to_first_token",
)
_IN_MILLISECONDS: Final = ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk")
# Events that instrumentations add when the first piece of a streamed answer comes.
_FIRST_PIECE: Final = frozenset(
    {
        "First Token Stream Event",
        "gen_ai.content.completion.chunk",
        "llm.content.completion.chunk",
        "ai.stream.firstChunk",
    }
)


def timing(span: Span, attributes: Attributes) -> dict[str, Any]:
    """Give latency and time to the first token, in seconds."""
    properties: dict[str, Any] = {}
    if 0 < span.start_ns <= span.end_ns:
        properties["$ai_latency"] = (span.end_ns - span.start_ns) / _SECOND_NS
    first = _first_token(span, attributes)
    if first is not None and first >= 0:
        properties["$ai_time_to_first_token"] = first
    return properties


def _first_token(span: Span, attributes: Attributes) -> float | None:
    seconds = decimal(attributes.take(*_IN_SECONDS))
    milliseconds = decimal(attributes.take(*_IN_MILLISECONDS))
    if seconds is not None:
        return seconds
    if milliseconds is not None:
        return milliseconds / 1_000
    times = [event.time_ns for event in span.events if event.name in _FIRST_PIECE and event.time_ns]
    return (min(times) - span.start_ns) / _SECOND_NS if times and span.start_ns else None
