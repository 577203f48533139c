"""One span becomes one `$ai_*` event; docs/reference/otlp.md holds the table of names."""

from typing import Any, Final

import msgspec
from msgspec import Raw

from apps.ingest import timestamps
from apps.ingest.otlp.mapping import content, identity, parameters
from apps.ingest.otlp.mapping.attributes import Attributes, parsed
from apps.ingest.otlp.mapping.failures import failure
from apps.ingest.otlp.mapping.kinds import EMBEDDING, GENERATION, TRACE, VERCEL_SCOPE, Kind, kind_of
from apps.ingest.otlp.mapping.messages import messages
from apps.ingest.otlp.mapping.timing import timing
from apps.ingest.otlp.mapping.usage import usage
from apps.ingest.otlp.spans import Span
from apps.ingest.protocols import text
from apps.ingest.protocols.posthog import WireEvent

_UNCOPIED_RESOURCE: Final = ("host.", "process.", "os.", "telemetry.")
_METADATA: Final = ("ai.telemetry.metadata.", "ai.settings.context.")
_OURS: Final = "$ai_"
# Headers of the call to the provider hold its key.
_SECRET: Final = ("ai.request.headers.", "http.request.header.", "llm.headers", "gen_ai.headers")
# Texts of one word on every event would say nothing: these have become the event, or its name.
_SPENT: Final = (
    "gen_ai.operation.name",
    "operation.name",
    "ai.operationId",
    "resource.name",
    "logfire.span_type",
    "logfire.json_schema",
    "logfire.msg_template",
)
_NAMES: Final = (
    "ai.toolCall.name",
    "gen_ai.tool.name",
    "traceloop.entity.name",
    "ai.telemetry.functionId",
)
_FRAMEWORKS: Final = {
    "ai": "vercel",
    VERCEL_SCOPE: "vercel",
    "pydantic-ai": "pydantic-ai",
    "langchain": "langchain",
    "llama_index": "llama-index",
    "llamaindex": "llama-index",
    "openai_agents": "openai-agents",
    "crewai": "crewai",
    "haystack": "haystack",
    "dspy": "dspy",
    "smolagents": "smolagents",
}
_API_SUFFIXES: Final = (".chat", ".messages", ".responses", ".completion", ".embedding", ".embeddings")


def to_event(span: Span, project_id: int) -> WireEvent:
    """Map a span; it never fails on what attributes hold."""
    attributes = Attributes(span.attributes)
    kind = kind_of(span, attributes)
    who = identity.identify(project_id, span, attributes)
    told = _identifiers(span, kind, who)
    told |= _names(span, kind, attributes)
    told |= timing(span, attributes)
    told |= failure(span, attributes)
    if kind.event in {GENERATION, EMBEDDING}:
        told |= _model_call(span, kind, attributes)
    else:
        told |= _state(span, attributes)
    attributes.spend(*_SPENT)
    properties = _resource(span) | _rest(attributes, told) | {"$geoip_disable": True} | told
    properties |= _origin(span, attributes) | _explicit(span, attributes)
    if who.is_anonymous:
        properties["$process_person_profile"] = False
    return WireEvent(
        event=kind.event,
        distinct_id=who.distinct_id,
        uuid=identity.event_id(project_id, span),
        timestamp=timestamps.from_us(span.start_ns // 1_000).isoformat() if span.start_ns else None,
        properties=Raw(text.clean(msgspec.json.encode(properties))),
    )


def _identifiers(span: Span, kind: Kind, who: identity.Identity) -> dict[str, Any]:
    told: dict[str, Any] = {"$ai_trace_id": span.trace_id, "$ai_span_id": span.span_id}
    if span.parent_id:
        told["$ai_parent_id"] = span.parent_id
    if who.session_id:
        told["$ai_session_id"] = who.session_id
    if kind.span_type:
        told["$ai_span_type"] = kind.span_type
    return told


def _names(span: Span, kind: Kind, attributes: Attributes) -> dict[str, Any]:
    name = attributes.pick(*_NAMES)
    if name is None and span.origin.scope == VERCEL_SCOPE:
        name = attributes.pick("gen_ai.agent.name")  # the function's id, in version 7
    name = name if isinstance(name, str) else span.name
    is_root = not span.parent_id
    return (
        {"$ai_span_name": name, "$ai_trace_name": name} if is_root or kind.event == TRACE else {"$ai_span_name": name}
    )


def _model_call(span: Span, kind: Kind, attributes: Attributes) -> dict[str, Any]:
    asked = parameters.parameters(attributes)
    told: dict[str, Any] = {
        "$ai_model": attributes.pick(
            "gen_ai.response.model",
            "gen_ai.request.model",
            "ai.response.model",
            "ai.model.id",
            "llm.response.model_name",
            "llm.model_name",
            "embedding.model_name",
            "llm.request.model_name",
            "langfuse.observation.model.name",
        ),
        "$ai_provider": _provider(attributes),
        "$ai_base_url": attributes.pick("gen_ai.openai.api_base", "server.address"),
        "$ai_stop_reason": _stop_reason(attributes),
        "$ai_response_id": attributes.pick("gen_ai.response.id", "ai.response.id"),
        "$ai_service_tier": attributes.take("openai.response.service_tier", "gen_ai.openai.response.service_tier"),
        "$ai_provider_metadata": parsed(attributes.take("ai.response.providerMetadata")),
        "$ai_model_parameters": asked or None,
        "$ai_temperature": asked.get("temperature"),
        "$ai_max_tokens": asked.get("max_tokens", asked.get("max_completion_tokens")),
        "$ai_stream": asked.get("stream"),
        "$ai_tools": parameters.tools(attributes),
    }
    told |= parameters.prompt(attributes) | usage(attributes, told["$ai_provider_metadata"])
    if kind.event == EMBEDDING:
        told["$ai_input"] = content.embedded(attributes)
    else:
        told["$ai_input"] = content.asked(span, attributes)
        answers = content.answered(span, attributes)
        told["$ai_output_choices"] = messages(answers, role="assistant") if isinstance(answers, str) else answers
    return {name: value for name, value in told.items() if value is not None}


def _provider(attributes: Attributes) -> str | None:
    names = ("gen_ai.provider.name", "gen_ai.system", "ai.model.provider", "llm.provider", "llm.system")
    provider = attributes.look(*names)
    if not isinstance(provider, str):
        return None
    # Vercel's names say the provider's API too: openai.chat, anthropic.messages.
    for suffix in _API_SUFFIXES:
        if provider.endswith(suffix):
            attributes.pick(*names)
            return provider.removesuffix(suffix)
    attributes.take(*names)
    return provider


def _stop_reason(attributes: Attributes) -> Any:  # noqa: ANN401 - an attribute's value
    reasons = attributes.take(
        "gen_ai.response.finish_reasons",
        "ai.response.finishReason",
        "llm.finish_reason",
        "llm.response.finish_reason",
        "gen_ai.response.finish_reason",
        "llm.response.stop_reason",
    )
    reasons = parsed(reasons)
    return (reasons[0] if reasons else None) if isinstance(reasons, list) else reasons


def _state(span: Span, attributes: Attributes) -> dict[str, Any]:
    told = {
        "$ai_input_state": content.step_input(span, attributes),
        "$ai_output_state": content.step_output(span, attributes),
    }
    return {name: value for name, value in told.items() if value is not None}


def _resource(span: Span) -> dict[str, Any]:
    return {
        name: value
        for name, value in span.origin.resource.items()
        if value is not None and not name.startswith(_UNCOPIED_RESOURCE)
    }


def _rest(attributes: Attributes, told: dict[str, Any]) -> dict[str, Any]:
    """Copy what no rule has used, and the metadata of Vercel's SDK under the names its user chose."""
    chosen = [item for prefix in _METADATA for item in attributes.under(prefix).items()]
    named = {name: value for name, value in chosen if name and name != "posthog_distinct_id" and name not in told}
    for prefix in _SECRET:
        attributes.under(prefix)
    rest = attributes.remaining() | named
    # Attributes hold no objects, so $groups, $set and OpenInference's metadata come as JSON in text.
    return {name: parsed(value) if name == "metadata" or name[:1] == "$" else value for name, value in rest.items()}


def _origin(span: Span, attributes: Attributes) -> dict[str, Any]:
    resource = span.origin.resource
    scope = span.origin.scope
    framework = "vercel" if attributes.text("ai.operationId") else _FRAMEWORKS.get(scope.rpartition(".")[2])
    told = {
        "$ai_ingestion_source": "otel",
        "$lib": "posthog-otel",
        "$lib_version": span.origin.scope_version or None,
        "$ai_lib": resource.get("telemetry.sdk.name"),
        "$ai_lib_version": resource.get("telemetry.sdk.version"),
        "$ai_framework": framework,
    }
    return {name: value for name, value in told.items() if value is not None}


def _explicit(span: Span, attributes: Attributes) -> dict[str, Any]:
    """Let `$ai_*` attributes that the sender wrote itself win, but for the ids that make the trace."""
    kept = {"$ai_trace_id", "$ai_span_id", "$ai_parent_id", "$ai_session_id"}
    return {
        name: parsed(value)
        for name, value in span.attributes.items()
        if name.startswith(_OURS) and name not in kept and value is not None and name in attributes
    }
