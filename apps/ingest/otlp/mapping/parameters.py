"""What the caller asked of a model: parameters, tools, and the prompt's name."""

from typing import Any, Final

from apps.ingest.otlp.mapping.attributes import Attributes, parsed
from apps.ingest.otlp.mapping.flattened import gather

_REQUEST: Final = "gen_ai.request."
_MODEL: Final = "gen_ai.request.model"
# Names conventions give to what the providers call otherwise.
_RENAMED: Final = {
    "choice.count": "n",
    "stop_sequences": "stop",
    "reasoning.level": "reasoning_effort",
    "maxTokens": "max_tokens",
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
    "stopSequences": "stop",
}
_LLM: Final = {
    "llm.temperature": "temperature",
    "llm.top_p": "top_p",
    "llm.top_k": "top_k",
    "llm.frequency_penalty": "frequency_penalty",
    "llm.presence_penalty": "presence_penalty",
    "llm.chat.stop_sequences": "stop",
    "llm.request.reasoning_effort": "reasoning_effort",
    "gen_ai.openai.request.response_format": "response_format",
    "gen_ai.openai.request.service_tier": "service_tier",
    "openai.request.service_tier": "service_tier",
    "gen_ai.openai.request.seed": "seed",
    "gen_ai.output.type": "output_type",
}
_INVOCATION: Final = (
    "llm.invocation_parameters",
    "embedding.invocation_parameters",
    "langfuse.observation.model.parameters",
)
_STREAM: Final = ("gen_ai.request.stream", "gen_ai.request.is_stream", "llm.is_streaming", "gen_ai.is_streaming")
# What invocation parameters carry beside parameters: the conversation itself, which stands elsewhere.
_CONTENT: Final = frozenset({"messages", "input", "prompt", "instructions", "system", "tools", "model"})


def parameters(attributes: Attributes) -> dict[str, Any]:
    """Give the parameters of a model call by the names providers use."""
    found: dict[str, Any] = {}
    settings = attributes.under("ai.settings.")
    for name, value in settings.items():
        if not name.startswith("context."):
            found[_RENAMED.get(name, name)] = value
    invocation = parsed(attributes.take(*_INVOCATION))
    if isinstance(invocation, dict):
        # A call that failed has no other place that names the model.
        attributes.offer("llm.model_name", invocation.get("model"))
        found |= {name: value for name, value in invocation.items() if name not in _CONTENT}
    for attribute, name in _LLM.items():
        value = attributes.take(attribute)
        if value is not None:
            found[name] = value
    streams = attributes.take(*_STREAM)
    for name, value in attributes.under(_REQUEST, keep=(_MODEL, *_STREAM)).items():
        found[_RENAMED.get(name, name)] = value
    if isinstance(streams, bool):
        found["stream"] = streams
    elif attributes.text("ai.operationId").endswith(".doStream"):
        found["stream"] = True
    return found


def tools(attributes: Attributes) -> list[Any] | None:
    """Give the definitions of the tools a model might call, as its provider writes them."""
    defined = parsed(attributes.take("gen_ai.tool.definitions", "ai.prompt.tools"))
    if isinstance(defined, list):
        return [parsed(item) for item in defined]
    listed = gather(attributes.under("llm.tools."))
    if listed:
        return [parsed(_member(item, "tool", "json_schema")) for item in listed]
    functions = gather(attributes.under("llm.request.functions."))
    if functions:
        return [{"type": "function", "function": _function(item)} for item in functions]
    return None


def prompt(attributes: Attributes) -> dict[str, Any]:
    """Name the managed prompt a model call was made with."""
    name = attributes.take("gen_ai.prompt.name", "traceloop.prompt.key", "langfuse.observation.prompt.name")
    name = name or attributes.take("prompt.id")
    version = attributes.take(
        "gen_ai.prompt.version",
        "traceloop.prompt.version",
        "llm.prompt_template.version",
        "langfuse.observation.prompt.version",
    )
    return {key: value for key, value in (("$ai_prompt_name", name), ("$ai_prompt_version", version)) if value}


def _function(item: Any) -> Any:  # noqa: ANN401 - an attribute's value
    return {name: parsed(value) for name, value in item.items()} if isinstance(item, dict) else item


def _member(item: Any, *path: str) -> Any:  # noqa: ANN401 - an attribute's value
    for step in path:
        if not isinstance(item, dict) or step not in item:
            return item
        item = item[step]
    return item
