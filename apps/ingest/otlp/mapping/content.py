"""What went into a span and what came out of it, whatever convention carries it.

All the places a convention may put the same content are spent together, so that no copy of a prompt is left among
the properties under a name that no privacy rule looks at.
"""

from collections.abc import Iterator
from typing import Any, Final

from apps.ingest.otlp.mapping.attributes import Attributes, parsed, unquoted
from apps.ingest.otlp.mapping.flattened import gather
from apps.ingest.otlp.mapping.media import redacted
from apps.ingest.otlp.mapping.messages import from_events, from_flat, function, instructions, messages
from apps.ingest.otlp.spans import Span

_DETAILS: Final = "gen_ai.client.inference.operation.details"
_STEP_INPUT: Final = (
    "gen_ai.tool.call.arguments",
    "ai.toolCall.args",
    "ai.toolCall.input",
    "traceloop.entity.input",
    "tool_arguments",
    "gen_ai.retrieval.query.text",
    "reranker.query",
    "ai.documents",
    "ai.decision.state",
    "gen_ai.task.input",
    "mcp.request.argument",
    "langfuse.observation.input",
)
_STEP_OUTPUT: Final = (
    "gen_ai.tool.call.result",
    "ai.toolCall.result",
    "ai.toolCall.output",
    "traceloop.entity.output",
    "tool_response",
    "gen_ai.retrieval.documents",
    "ai.ranking",
    "ai.decision.answers",
    "final_result",
    "gen_ai.task.output",
    "mcp.response.value",
    "langfuse.observation.output",
)
_DOCUMENTS: Final = ("retrieval.documents.", "reranker.output_documents.")


def asked(span: Span, attributes: Attributes) -> Any:  # noqa: ANN401 - messages, or what a sender calls its input
    """Give the messages a model call was made with; None when the sender keeps them to itself."""
    return _first(_asked(span, attributes))


def answered(span: Span, attributes: Attributes) -> Any:  # noqa: ANN401 - as asked
    """Give the messages a model call came back with; None when the sender keeps them to itself."""
    return _first(_answered(span, attributes))


def embedded(attributes: Attributes) -> Any:  # noqa: ANN401 - as asked
    """Give the texts that were embedded. The vectors are nobody's to read and stay out."""
    attributes.spend("ai.embedding", "ai.embeddings", "output.value", "output.mime_type", "input.mime_type")
    values = attributes.take("ai.value", "ai.values")
    listed = [item for item in gather(attributes.under("embedding.embeddings.")) if isinstance(item, dict)]
    texts = [inner.get("text") for item in listed if isinstance(inner := item.get("embedding"), dict)]
    prompts = [item.get("content") for item in gather(attributes.under("gen_ai.prompt.")) if isinstance(item, dict)]
    messages_ = parsed(attributes.take("gen_ai.input.messages"))
    raw = parsed(attributes.take("input.value"))
    if values is not None:
        return _texts(values)
    for found in (texts, prompts):
        if any(item is not None for item in found):
            return found
    if isinstance(raw, dict):
        raw = raw.get("input", raw)
    return messages_ if messages_ is not None else raw


def step_input(span: Span, attributes: Attributes) -> Any:  # noqa: ANN401 - any JSON
    """Give what a step (a tool, an agent, a chain) was started with."""
    own = unquoted(attributes.take(*_STEP_INPUT))
    texts = _texts(attributes.take("ai.value", "ai.values", "ai.request.text"))
    attributes.spend("ai.embedding", "ai.embeddings")
    conversation = asked(span, attributes)
    return redacted(own if own is not None else texts) or conversation


def step_output(span: Span, attributes: Attributes) -> Any:  # noqa: ANN401 - any JSON
    """Give what a step ended with."""
    own = unquoted(attributes.take(*_STEP_OUTPUT))
    documents = [gather(attributes.under(prefix)) for prefix in _DOCUMENTS]
    conversation = answered(span, attributes)
    if own is not None:
        return redacted(own)
    return next((listed for listed in documents if listed), conversation)


def _texts(values: Any) -> Any:  # noqa: ANN401 - an attribute's value
    return [unquoted(item) for item in values] if isinstance(values, list) else unquoted(values)


def _first(candidates: Iterator[Any]) -> Any:  # noqa: ANN401 - as asked
    """Walk all candidates, since each spends its attributes, and give the first that holds something."""
    found = [item for item in candidates if item not in (None, "", [], {})]
    return found[0] if found else None


def _asked(span: Span, attributes: Attributes) -> Iterator[Any]:
    system = instructions(attributes.take("gen_ai.system_instructions"))
    told = attributes.take("gen_ai.input.messages")
    yield system + messages(told) if told is not None else None
    yield _details(span, "gen_ai.input.messages", "gen_ai.system_instructions")
    yield _with(system, from_events(_events(span, attributes), choices=False))
    yield [from_flat(item) for item in gather(attributes.under("gen_ai.prompt.", keep=_PROMPT_META))]
    yield _messages(attributes.take("gen_ai.prompt") or _of_event(span, "gen_ai.content.prompt", "gen_ai.prompt"))
    yield _messages(attributes.take("ai.prompt.messages", "ai.prompt"))
    yield [from_flat(item) for item in gather(attributes.under("llm.input_messages."))]
    yield [_member(item, "prompt", "text") for item in gather(attributes.under("llm.prompts."))]
    data = parsed(attributes.take("request_data"))
    yield messages(data) if isinstance(data, dict) and "messages" in data else None
    attributes.spend("input.mime_type")
    yield _value(attributes.take("pydantic_ai.all_messages", "all_messages_events"))
    yield _value(attributes.take("input.value", "traceloop.entity.input", "langfuse.observation.input"))
    yield system


def _answered(span: Span, attributes: Attributes) -> Iterator[Any]:
    told = attributes.take("gen_ai.output.messages")
    yield messages(told, role="assistant") if told is not None else None
    yield _details(span, "gen_ai.output.messages")
    yield from_events(_events(span, attributes), choices=True)
    attributes.spend("events")
    yield [from_flat(item) for item in gather(attributes.under("gen_ai.completion."))]
    completion = attributes.take("gen_ai.completion") or _of_event(
        span, "gen_ai.content.completion", "gen_ai.completion"
    )
    yield _messages(completion, role="assistant")
    yield _vercel(attributes)
    yield [from_flat(item) for item in gather(attributes.under("llm.output_messages."))]
    yield [_member(item, "completion", "text") for item in gather(attributes.under("llm.choices."))]
    data = parsed(attributes.take("response_data"))
    yield messages(data["message"], role="assistant") if isinstance(data, dict) and "message" in data else None
    attributes.spend("output.mime_type")
    yield _value(attributes.take("output.value", "traceloop.entity.output", "langfuse.observation.output"))


_PROMPT_META: Final = ("gen_ai.prompt.name", "gen_ai.prompt.version")


def _vercel(attributes: Attributes) -> list[Any]:
    text = attributes.take("ai.response.text")
    thought = attributes.take("ai.response.reasoning")
    made = parsed(attributes.take("ai.response.object"))
    calls = parsed(attributes.take("ai.response.toolCalls"))
    files = parsed(attributes.take("ai.response.files"))
    parts: list[Any] = [{"type": "thinking", "thinking": parsed(thought)}] if thought else []
    parts += [{"type": "text", "text": text}] if text else []
    parts += [{"type": "object", "object": made}] if made is not None else []
    if isinstance(calls, list):
        parts += [
            function(call.get("toolCallId"), call.get("toolName"), call.get("input", call.get("args")))
            for call in calls
            if isinstance(call, dict)
        ]
    parts += redacted(files) if isinstance(files, list) else []
    return [{"role": "assistant", "content": parts}] if parts else []


def _events(span: Span, attributes: Attributes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the span's events, or those that Logfire keeps as JSON in an attribute."""
    for event in span.events:
        yield event.name, event.attributes
    listed = parsed(attributes.look("events"))
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict) and isinstance(name := item.get("event.name"), str):
            yield name, item


def _details(span: Span, name: str, system: str = "") -> list[Any] | None:
    """Read the event that carries a call's content when the span itself does not."""
    value = _of_event(span, _DETAILS, name)
    if value is None:
        return None
    role = "user" if system else "assistant"
    return (instructions(_of_event(span, _DETAILS, system)) if system else []) + messages(value, role=role)


def _of_event(span: Span, event_name: str, attribute: str) -> Any:  # noqa: ANN401 - an attribute's value
    return next((event.attributes.get(attribute) for event in span.events if event.name == event_name), None)


def _with(system: list[Any], listed: list[Any]) -> list[Any]:
    return system + listed if listed else []


def _messages(value: Any, *, role: str = "user") -> list[Any] | None:  # noqa: ANN401 - an attribute's value
    return None if value is None else messages(value, role=role)


def _value(value: Any) -> Any:  # noqa: ANN401 - an attribute's value
    content = parsed(value)
    is_conversation = isinstance(content, dict) and isinstance(content.get("messages"), list)
    return messages(content) if is_conversation or isinstance(content, list) else redacted(content)


def _member(item: Any, *path: str) -> Any:  # noqa: ANN401 - an attribute's value
    for step in path:
        if not isinstance(item, dict) or step not in item:
            return item
        item = item[step]
    return item
