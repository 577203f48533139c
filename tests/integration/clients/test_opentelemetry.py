"""OpenTelemetry's own SDK and exporter, and two instrumentations of OpenAI's client, against the running server."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from openai import OpenAI, RateLimitError
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInferenceInstrumentor
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as GenAIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode
from posthog.ai.otel import PostHogSpanProcessor

from tests.live import Live, LiveProject
from tests.providers import ProviderServer

Instrumentor = GenAIInstrumentor | OpenInferenceInstrumentor

TOOLS: Any = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
ASKED: Any = [{"role": "user", "content": "Good morning"}]
WEATHER: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How is the weather?"}]


@contextmanager
def tracing(
    project: LiveProject, *, path: str = "/v1/traces", compression: Compression | None = None
) -> Iterator[TracerProvider]:
    """Trace into a project, as its makers would set it up; all spans are sent at the end."""
    exporter = OTLPSpanExporter(
        project.live.url + path,
        headers={"Authorization": f"Bearer {project.token}"},
        compression=compression,
    )
    provider = TracerProvider(resource=Resource({"service.name": "concierge", "posthog.distinct_id": "ada"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield provider
    finally:
        provider.shutdown()


@contextmanager
def openai_of(provider: ProviderServer) -> Iterator[OpenAI]:
    """Open OpenAI's client."""
    with OpenAI(base_url=provider.openai_url, api_key="sk-test", max_retries=0) as client:
        yield client


def rows(project: LiveProject, count: int) -> list[dict[str, Any]]:
    """Give the stored events, oldest first."""
    project.wait_for(count)
    return sorted(project.events(), key=lambda row: row["timestamp"])


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip], ids=["plain", "gzip"])
def test_sdk__trace_of_an_agent__is_stored_as_a_tree(live: Live, compression: Compression) -> None:
    # Given an agent that calls a tool and a model, within a web request
    project = live.new_project()

    # When it is traced by hand, in OpenTelemetry's names
    with tracing(project, path="/i/v0/ai/otel", compression=compression) as provider:
        tracer = provider.get_tracer("concierge", "3.1")
        with (
            tracer.start_as_current_span("POST /ask", attributes={"http.request.method": "POST"}) as request,
            tracer.start_as_current_span(
                "invoke_agent concierge", attributes={"gen_ai.operation.name": "invoke_agent"}
            ) as agent,
        ):
            with tracer.start_as_current_span(
                "execute_tool search",
                attributes={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"},
            ):
                pass
            with tracer.start_as_current_span(
                "chat gpt-5",
                attributes={
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "gpt-5",
                    "gen_ai.usage.input_tokens": 12,
                },
            ) as call:
                call.record_exception(TimeoutError("the model took too long"))
                call.set_status(Status(StatusCode.ERROR, "timeout"))

    # Then the three steps are there, each under its parent, and the request is not
    stored = rows(project, 3)
    assert [row["event"] for row in stored] == ["$ai_span", "$ai_span", "$ai_generation"]
    agent_row, tool_row, call_row = (row["properties"] for row in stored)
    assert {row["properties"]["$ai_trace_id"] for row in stored} == {f"{agent.get_span_context().trace_id:032x}"}
    assert agent_row["$ai_parent_id"] == f"{request.get_span_context().span_id:016x}"
    assert tool_row["$ai_parent_id"] == call_row["$ai_parent_id"] == agent_row["$ai_span_id"]
    assert (agent_row["$ai_span_type"], tool_row["$ai_span_type"]) == ("agent", "tool")
    assert (call_row["$ai_is_error"], call_row["$ai_error"]) == (True, "the model took too long")
    assert call_row["$ai_error_type"] == "TimeoutError"
    assert call_row["$ai_input_tokens"] == 12
    assert {row["distinct_id"] for row in stored} == {"ada"}
    assert (call_row["$lib"], call_row["$lib_version"], call_row["service.name"]) == (
        "posthog-otel",
        "3.1",
        "concierge",
    )


def test_posthog_processor__of_the_python_client__is_stored(live: Live) -> None:
    # Given PostHog's own span processor, which adds the person and sends in protobuf
    project = live.new_project()
    provider = TracerProvider(resource=Resource({"posthog.distinct_id": "ben"}))
    provider.add_span_processor(PostHogSpanProcessor(api_key=project.token, host=live.url))

    # When
    with provider.get_tracer("app").start_as_current_span("gen_ai.chat", attributes={"gen_ai.operation.name": "chat"}):
        pass
    provider.shutdown()

    # Then
    [row] = rows(project, 1)
    assert (row["event"], row["distinct_id"]) == ("$ai_generation", "ben")


@pytest.fixture(params=["genai", "openinference"])
def instrumentor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Instrumentor:
    """Give each instrumentation of OpenAI's client, told to record what was said."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only")
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_latest_experimental")
    return GenAIInstrumentor() if request.param == "genai" else OpenInferenceInstrumentor()


def test_instrumentation__of_openai__stores_every_kind_of_call(
    live: Live, provider: ProviderServer, instrumentor: Instrumentor
) -> None:
    # Given an app whose OpenAI client is instrumented
    project = live.new_project()
    with tracing(project) as tracer_provider, openai_of(provider) as client:
        instrumentor.instrument(tracer_provider=tracer_provider)
        try:
            # When it calls a tool, streams, uses the responses API, embeds, and fails
            client.chat.completions.create(model="gpt-5-cached", messages=WEATHER, tools=TOOLS, temperature=0.5)
            streamed = client.chat.completions.create(
                model="gpt-5", messages=ASKED, stream=True, stream_options={"include_usage": True}
            )
            assert len(list(streamed)) > 3
            client.responses.create(model="gpt-5", input="Good morning")
            client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
            with pytest.raises(RateLimitError):
                client.chat.completions.create(model="gpt-failing", messages=ASKED)
        finally:
            instrumentor.uninstrument()

    # Then each call is an event
    stored = rows(project, 5)
    assert [row["event"] for row in stored] == [
        "$ai_generation",
        "$ai_generation",
        "$ai_generation",
        "$ai_embedding",
        "$ai_generation",
    ]
    called, streamed_row, response, embedded, failed = (row["properties"] for row in stored)

    # Then the call of a tool is told in full
    assert called["$ai_model"] == "gpt-5-cached-2026-11-01"
    assert called["$ai_provider"] == "openai"
    assert [message["role"] for message in called["$ai_input"]] == ["system", "user"]
    assert called["$ai_input"][1]["content"] == "How is the weather?"
    assert "get_weather" in str(called["$ai_output_choices"])
    assert "get_weather" in str(called["$ai_tools"])
    assert called["$ai_model_parameters"] == {"temperature": 0.5}
    assert (called["$ai_input_tokens"], called["$ai_output_tokens"]) == (21, 9)
    assert called["$ai_cache_read_input_tokens"] == 16
    assert called["$ai_reasoning_tokens"] == 2
    assert called["$ai_stop_reason"] == "tool_calls"
    assert called["$ai_latency"] > 0

    # Then the streamed answer is whole, with the time of its first token
    assert streamed_row["$ai_output_choices"][0]["content"] == "You said: Good morning"
    assert 0 < streamed_row["$ai_time_to_first_token"] <= streamed_row["$ai_latency"]
    assert streamed_row["$ai_model_parameters"]["stream"] is True
    assert streamed_row["$ai_output_tokens"] == 9

    # Then the other calls are there too
    assert "You said: Good morning" in str(response["$ai_output_choices"])
    assert embedded["$ai_input_tokens"] == 8
    assert embedded["$ai_model"] == "text-embedding-3-small"
    assert "vector" not in str(embedded)
    assert failed["$ai_is_error"] is True
    assert failed["$ai_error_type"] == "openai.RateLimitError"
    assert failed["$ai_model"] == "gpt-failing"


def test_openinference__session_and_user__are_taken_over(live: Live, provider: ProviderServer) -> None:
    # Given
    project = live.new_project()
    instrumentor = OpenInferenceInstrumentor()
    with tracing(project) as tracer_provider, openai_of(provider) as client:
        instrumentor.instrument(tracer_provider=tracer_provider)
        try:
            # When the calling code says for whom it calls
            with using_attributes(session_id="talk 7", user_id="ben", metadata={"plan": "pro"}):
                client.chat.completions.create(model="gpt-5", messages=ASKED)
        finally:
            instrumentor.uninstrument()

    # Then
    [row] = rows(project, 1)
    assert row["distinct_id"] == "ben"
    assert row["properties"]["$ai_session_id"] == "talk 7"
    assert row["properties"]["metadata"] == {"plan": "pro"}
