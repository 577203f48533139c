"""Counts of tokens, and what a model call cost where its sender says so, under the one set of names."""

from typing import Any, Final

from apps.ingest.otlp.mapping.attributes import Attributes, decimal, parsed, whole

_TOKENS: Final = {
    "$ai_input_tokens": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "ai.usage.promptTokens",
        "ai.usage.inputTokens",
        "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
        "ai.usage.tokens",
    ),
    "$ai_output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "ai.usage.completionTokens",
        "ai.usage.outputTokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    "$ai_total_tokens": (
        "gen_ai.usage.total_tokens",
        "llm.usage.total_tokens",
        "ai.usage.totalTokens",
        "llm.token_count.total",
    ),
    "$ai_cache_read_input_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
        "llm.token_count.prompt_details.cache_input",
        "ai.usage.inputTokenDetails.cacheReadTokens",
        "ai.usage.cachedInputTokens",
    ),
    "$ai_cache_creation_input_tokens": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
        "ai.usage.inputTokenDetails.cacheWriteTokens",
    ),
    "$ai_reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "llm.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
        "ai.usage.outputTokenDetails.reasoningTokens",
        "ai.usage.reasoningTokens",
    ),
    "$ai_audio_input_tokens": ("gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio"),
    "$ai_image_input_tokens": ("gen_ai.usage.image.input_tokens",),
    "$ai_cache_read_audio_tokens": ("gen_ai.usage.audio.cache_read.input_tokens",),
}
_COSTS: Final = {
    "$ai_input_cost_usd": ("llm.cost.prompt", "gen_ai.usage.input_cost"),
    "$ai_output_cost_usd": ("llm.cost.completion", "gen_ai.usage.output_cost"),
    "$ai_total_cost_usd": ("llm.cost.total", "gen_ai.usage.cost", "operation.cost"),
}
_LANGFUSE_TYPE: Final = "langfuse.observation.type"
_WITHOUT_CACHE: Final = "ai.usage.inputTokenDetails.noCacheTokens"
# Conventions that say their input tokens contain those of the cache. Vercel's SDK before version 6 writes
# OpenTelemetry's name too, but counts as the provider does.
_INCLUSIVE: Final = ("llm.token_count.prompt", "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")


# Langfuse keeps counts and costs as objects in text, by names their users may choose; these are the usual ones.
_LANGFUSE: Final = {
    "langfuse.observation.usage_details": {
        "input": "gen_ai.usage.prompt_tokens",
        "output": "gen_ai.usage.completion_tokens",
        "total": "gen_ai.usage.total_tokens",
        "cache_read_input_tokens": "gen_ai.usage.cache_read_input_tokens",
        "input_cached_tokens": "gen_ai.usage.cache_read_input_tokens",
        "cache_creation_input_tokens": "gen_ai.usage.cache_creation_input_tokens",
    },
    "langfuse.observation.cost_details": {
        "input": "gen_ai.usage.input_cost",
        "output": "gen_ai.usage.output_cost",
        "total": "gen_ai.usage.cost",
    },
}


# Where Vercel's SDK before version 6 keeps what its own counts leave out, by provider.
_METADATA: Final = {
    "$ai_cache_read_input_tokens": (("openai", "cachedPromptTokens"), ("anthropic", "cacheReadInputTokens")),
    "$ai_cache_creation_input_tokens": (("anthropic", "cacheCreationInputTokens"),),
    "$ai_reasoning_tokens": (("openai", "reasoningTokens"),),
}


def usage(attributes: Attributes, metadata: Any = None) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Give the counts and costs of a model call; what nobody told stays out."""
    properties: dict[str, Any] = {}
    _unfold_langfuse(attributes)
    is_silent = "ai.operationId" in attributes or _LANGFUSE_TYPE in attributes
    is_inclusive = _WITHOUT_CACHE in attributes or (not is_silent and any(name in attributes for name in _INCLUSIVE))
    attributes.spend(_WITHOUT_CACHE)
    for name, sources in _TOKENS.items():
        count = whole(attributes.take(*sources))
        if count is not None:
            properties[name] = count
    properties = _of_metadata(metadata) | properties
    for name, sources in _COSTS.items():
        amount = decimal(attributes.take(*sources))
        if amount is not None and amount >= 0:
            properties[name] = amount
    cached = properties.get("$ai_cache_read_input_tokens", 0) + properties.get("$ai_cache_creation_input_tokens", 0)
    if cached and "$ai_input_tokens" in properties:
        # Fewer tokens than came from the cache cannot contain them, whatever the convention says.
        if properties["$ai_input_tokens"] < cached:
            properties["$ai_cache_reporting_exclusive"] = True
        elif is_inclusive:
            properties["$ai_cache_reporting_exclusive"] = False
    return properties


def _unfold_langfuse(attributes: Attributes) -> None:
    for source, names in _LANGFUSE.items():
        told = parsed(attributes.look(source))
        if isinstance(told, dict):
            attributes.spend(source)
            for name, attribute in names.items():
                attributes.offer(attribute, told.get(name))


def _of_metadata(metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    found: dict[str, Any] = {}
    for name, places in _METADATA.items():
        for provider, member in places:
            told = metadata.get(provider) if isinstance(metadata, dict) else None
            count = whole(told.get(member)) if isinstance(told, dict) else None
            if count is not None:
                found[name] = count
    return found
