"""Which spans are about AI, and which event each becomes."""

from dataclasses import dataclass
from typing import Final

from apps.ingest.otlp.mapping.attributes import Attributes
from apps.ingest.otlp.spans import Span

GENERATION: Final = "$ai_generation"
EMBEDDING: Final = "$ai_embedding"
STEP: Final = "$ai_span"
TRACE: Final = "$ai_trace"

_PREFIXES: Final = (
    "gen_ai.",
    "llm.",
    "ai.",
    "traceloop.",
    "openinference.",
    "pydantic_ai.",
    "langfuse.",
    "mcp.",
    "$ai_",
)
VERCEL_SCOPE: Final = "gen_ai"
"""What version 7 of Vercel's SDK calls itself."""
_SCOPES: Final = ("pydantic-ai", "openinference.", "opentelemetry.instrumentation.openai")
_UNFINISHED: Final = "pending_span"
"""Logfire announces a span when it starts; what counts is the span itself, exported at its end."""

_GENERATING: Final = frozenset({"chat", "text_completion", "generate_content", "responses", "completion", "messages"})
_EMBEDDING: Final = frozenset({"embeddings", "embedding"})
_OPERATIONS: Final = {
    "execute_tool": "tool",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "agent_step": "agent",
    "invoke_workflow": "workflow",
    "retrieval": "retriever",
    "rerank": "reranker",
}
_LANGFUSE: Final = "langfuse.observation.type"
_STEP_KINDS: Final = frozenset({"tool", "agent", "chain", "retriever"})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a span becomes: the event, and for a step what kind of step."""

    event: str
    span_type: str = ""


def is_ai(span: Span) -> bool:
    """Say whether a span is about AI; all the others an exporter sends are none of our business."""
    attributes = span.attributes
    if attributes.get("logfire.span_type") == _UNFINISHED:
        return False
    return (
        span.name.startswith(_PREFIXES)
        or any(name.startswith(_PREFIXES) for name in attributes)
        or (bool(span.origin.scope) and span.origin.scope.startswith(_SCOPES))
    )


def kind_of(span: Span, attributes: Attributes) -> Kind:
    """Decide by the conventions in turn: OpenTelemetry GenAI, OpenLLMetry, Vercel AI SDK, OpenInference, Langfuse."""
    if _is_around_embedding(span, attributes):
        return Kind(STEP if span.parent_id else TRACE, "embedding")
    for decide in (_by_operation, _by_request_type, _by_vercel, _by_openinference, _by_langfuse, _by_content):
        kind = decide(attributes)
        if kind is not None:
            break
    else:
        kind = Kind("", attributes.text("traceloop.span.kind").lower() or _of_mcp(attributes))
    attributes.spend("openinference.span.kind", "traceloop.span.kind", "llm.request.type", _LANGFUSE)
    return kind if kind.event else Kind(STEP if span.parent_id else TRACE, kind.span_type)


def _is_around_embedding(span: Span, attributes: Attributes) -> bool:
    """Know the outer one of the two spans that version 7 of Vercel's SDK writes of an embedding: it counts nothing."""
    return (
        span.origin.scope == VERCEL_SCOPE
        and attributes.text("gen_ai.operation.name") == "embeddings"
        and "gen_ai.usage.input_tokens" not in attributes
    )


def _by_operation(attributes: Attributes) -> Kind | None:
    operation = attributes.text("gen_ai.operation.name").lower()
    if not operation:
        return None
    if operation in _GENERATING:
        return Kind(GENERATION)
    if operation in _EMBEDDING:
        return Kind(EMBEDDING)
    return Kind("", _OPERATIONS.get(operation, operation))


def _by_request_type(attributes: Attributes) -> Kind | None:
    match attributes.text("llm.request.type").lower():
        case "chat" | "completion":
            return Kind(GENERATION)
        case "embedding" | "embeddings":
            return Kind(EMBEDDING)
        case "rerank":
            return Kind("", "reranker")
        case _:
            return None


def _by_vercel(attributes: Attributes) -> Kind | None:
    # Before version 3.4 only operation.name was there: the operation and, after a space, the function's id.
    operation = attributes.text("ai.operationId") or attributes.text("operation.name").partition(" ")[0]
    if not operation.startswith("ai."):
        return None
    match operation.removeprefix("ai."):
        case "embed.doEmbed" | "embedMany.doEmbed":
            return Kind(EMBEDDING)
        case inner if inner.endswith((".doGenerate", ".doStream")):
            return Kind(GENERATION)
        case "toolCall":
            return Kind("", "tool")
        case "rerank" | "rerank.doRerank":
            return Kind("", "reranker")
        case _:
            return Kind("")


def _by_openinference(attributes: Attributes) -> Kind | None:
    kind = attributes.text("openinference.span.kind").lower()
    match kind:
        case "":
            return None
        case "llm":
            return Kind(GENERATION)
        case "embedding":
            return Kind(EMBEDDING)
        case _:
            return Kind(STEP if kind in _STEP_KINDS else "", kind)


def _by_langfuse(attributes: Attributes) -> Kind | None:
    kind = attributes.text(_LANGFUSE).lower()
    match kind:
        case "":
            return None
        case "generation":
            return Kind(GENERATION)
        case "embedding":
            return Kind(EMBEDDING)
        case _:
            return Kind("", "" if kind == "span" else kind)


def _by_content(attributes: Attributes) -> Kind | None:
    """Know a model call that does not say it is one by what only a model call has: a model, and tokens out of it."""
    if attributes.text("traceloop.span.kind"):
        return None
    has_model = attributes.look("gen_ai.response.model", "gen_ai.request.model", "llm.model_name") is not None
    tokens = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion")
    return Kind(GENERATION) if has_model and attributes.look(*tokens) is not None else None


def _of_mcp(attributes: Attributes) -> str:
    method = attributes.text("mcp.method.name")
    return "tool" if method == "tools/call" else method
