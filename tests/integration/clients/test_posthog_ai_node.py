"""@posthog/ai from npm, unmodified: its wrappers, and its exporter under Vercel's AI SDK."""

import json
from typing import Any

from tests.live import Live, LiveProject
from tests.node import run_client
from tests.providers import ProviderServer


def run(script: str, project: LiveProject, provider: ProviderServer) -> None:
    """Run a script to its end; it must have met no error."""
    printed = run_client(
        script,
        HOST=project.live.url,
        PROJECT_KEY=project.token,
        OPENAI_URL=provider.openai_url,
        ANTHROPIC_URL=provider.url,
    )
    assert json.loads(printed.splitlines()[-1]) == []


def by_model(project: LiveProject) -> dict[str, dict[str, Any]]:
    """Give the stored model calls by the model each asked for."""
    rows = {row["properties"].get("$ai_model", "").removesuffix("-2026-11-01"): row for row in project.events()}
    return {model: row for model, row in rows.items() if model}


def text_of(row: dict[str, Any]) -> str:
    """Give the text of the answer."""
    content = row["properties"]["$ai_output_choices"][0]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def test_wrappers__of_openai_anthropic_and_vercel__are_stored(live: Live, provider: ProviderServer) -> None:
    # Given
    project = live.new_project()

    # When an app uses each wrapper
    run("posthog-ai.mjs", project, provider)

    # Then every call is an event of that person and trace
    project.wait_for(8)
    rows = by_model(project)
    assert set(rows) == {
        "gpt-5-cached",
        "gpt-5-streamed",
        "gpt-5-response",
        "text-embedding-3-small",
        "gpt-failing",
        "claude-opus-5-cached",
        "claude-streamed",
        "gpt-5-vercel",
    }
    assert {row["distinct_id"] for row in rows.values()} == {"ada"}
    assert {row["properties"]["$ai_trace_id"] for row in rows.values()} == {"trace 1"}
    assert rows["text-embedding-3-small"]["event"] == "$ai_embedding"
    answered = [model for model in rows if model not in {"text-embedding-3-small", "gpt-failing"}]
    for model in answered:
        assert text_of(rows[model]) == "You said: Good morning", model
        assert rows[model]["properties"]["$ai_output_tokens"] == 9, model
        assert rows[model]["properties"]["plan"] == "pro", model
    assert rows["gpt-5-cached"]["properties"]["$ai_cache_read_input_tokens"] == 16
    assert rows["claude-opus-5-cached"]["properties"]["$ai_cache_read_input_tokens"] == 16
    assert rows["gpt-failing"]["properties"]["$ai_is_error"] is True
    assert rows["gpt-failing"]["properties"]["$ai_http_status"] == 429


def test_otel_exporter__under_vercels_sdk__is_stored_as_traces(live: Live, provider: ProviderServer) -> None:
    # Given
    project = live.new_project()

    # When an app on Vercel's SDK calls a tool, streams, embeds and fails
    run("vercel-otel.mjs", project, provider)

    # Then its outer spans are traces, the calls within them generations, the tool a step
    project.wait_for(9)
    rows = project.events()
    assert sorted(row["event"] for row in rows) == [
        "$ai_embedding",
        *["$ai_generation"] * 3,
        "$ai_span",
        *["$ai_trace"] * 4,
    ]
    assert {row["distinct_id"] for row in rows} == {"ada"}
    assert {row["properties"]["$ai_session_id"] for row in rows} == {"talk 7"}
    assert {row["properties"]["$ai_framework"] for row in rows} == {"vercel"}

    # Then the call with a tool is told in full, under its trace
    traces = {row["properties"]["$ai_trace_name"]: row["properties"] for row in rows if row["event"] == "$ai_trace"}
    assert set(traces) == {"concierge", "greeter", "embedder", "unlucky"}
    calls = by_model(project)
    called = calls["gpt-4.1-cached"]["properties"]
    assert called["$ai_trace_id"] == traces["concierge"]["$ai_trace_id"]
    assert called["$ai_parent_id"] == traces["concierge"]["$ai_span_id"]
    assert called["$ai_provider"] == "openai"
    assert [message["role"] for message in called["$ai_input"]] == ["system", "user"]
    assert "get_weather" in str(called["$ai_output_choices"])
    assert "get_weather" in str(called["$ai_tools"])
    assert called["$ai_model_parameters"]["temperature"] == 0.5
    assert (called["$ai_input_tokens"], called["$ai_output_tokens"]) == (21, 9)
    assert called["$ai_cache_read_input_tokens"] == 16
    assert called["$ai_cache_reporting_exclusive"] is False
    assert called["plan"] == "pro"
    [step] = [row["properties"] for row in rows if row["event"] == "$ai_span"]
    assert (step["$ai_span_name"], step["$ai_span_type"]) == ("get_weather", "tool")
    assert step["$ai_input_state"] == {"city": "Bern"}
    assert step["$ai_output_state"] == "It rains in Bern."

    # Then the others say what they are
    streamed = calls["gpt-4.1-streamed"]
    assert text_of(streamed) == "You said: Good morning"
    assert streamed["properties"]["$ai_time_to_first_token"] > 0
    assert streamed["properties"]["$ai_model_parameters"]["stream"] is True
    assert calls["text-embedding-3-small"]["properties"]["$ai_input_tokens"] == 4
    assert calls["gpt-failing"]["properties"]["$ai_is_error"] is True
