"""Vercel's AI SDK, whose names changed with each major version."""

import json

import pytest

from tests.unit.ingest.otlp.spans import PARENT_ID, Origin, event_of, message

SCOPE = Origin({}, "ai")
ASKED = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]


@pytest.mark.parametrize(
    "usage",
    [
        {"ai.usage.promptTokens": 11, "ai.usage.completionTokens": 5, "gen_ai.usage.prompt_tokens": 11},
        {"ai.usage.inputTokens": 11, "ai.usage.outputTokens": 5, "ai.usage.totalTokens": 16},
        {
            "ai.usage.inputTokens": 11,
            "ai.usage.outputTokens": 5,
            "ai.usage.inputTokenDetails.noCacheTokens": 7,
            "ai.usage.inputTokenDetails.cacheReadTokens": 4,
            "ai.usage.outputTokenDetails.reasoningTokens": 2,
        },
    ],
    ids=["v4", "v5", "v6"],
)
def test_do_generate__tokens_of_each_version__are_the_same_properties(usage: dict[str, int]) -> None:
    # When
    name, properties = event_of(
        {"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-5"} | usage, parent_id=PARENT_ID
    )

    # Then, and nothing of it is left under its old name
    assert name == "$ai_generation"
    assert (properties["$ai_input_tokens"], properties["$ai_output_tokens"]) == (11, 5)
    assert [key for key in properties if key.startswith("ai.usage")] == []


def test_do_generate__cache_details_of_version_6__are_part_of_the_input() -> None:
    # When
    _, properties = event_of(
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.usage.inputTokens": 11,
            "ai.usage.inputTokenDetails.noCacheTokens": 7,
            "ai.usage.inputTokenDetails.cacheReadTokens": 4,
            "ai.usage.inputTokenDetails.cacheWriteTokens": 0,
            "ai.usage.cachedInputTokens": 4,
            "ai.usage.outputTokenDetails.reasoningTokens": 2,
        }
    )

    # Then
    assert properties["$ai_cache_read_input_tokens"] == 4
    assert properties["$ai_cache_creation_input_tokens"] == 0
    assert properties["$ai_reasoning_tokens"] == 2
    assert properties["$ai_cache_reporting_exclusive"] is False


def test_do_stream__everything_the_sdk_says__finds_its_property() -> None:
    # Given
    attributes = {
        "operation.name": "ai.streamText.doStream assistant",
        "resource.name": "assistant",
        "ai.operationId": "ai.streamText.doStream",
        "ai.telemetry.functionId": "assistant",
        "ai.telemetry.metadata.posthog_distinct_id": "ada",
        "ai.telemetry.metadata.$ai_session_id": "session 3",
        "ai.telemetry.metadata.plan": "pro",
        "ai.model.id": "claude-opus-5",
        "ai.model.provider": "anthropic.messages",
        "ai.settings.maxOutputTokens": 400,
        "ai.settings.temperature": 0.4,
        "ai.prompt.messages": json.dumps(ASKED),
        "ai.prompt.tools": [json.dumps({"type": "function", "name": "weather"})],
        "ai.response.text": "Let me look.",
        "ai.response.reasoning": "Weather needs a tool.",
        "ai.response.toolCalls": json.dumps([{"toolCallId": "c1", "toolName": "weather", "input": {"city": "Bern"}}]),
        "ai.response.finishReason": "tool-calls",
        "ai.response.model": "claude-opus-5-20261001",
        "ai.response.id": "msg_1",
        "ai.response.msToFirstChunk": 310.5,
        "ai.response.providerMetadata": json.dumps({"anthropic": {"cacheCreationInputTokens": 0}}),
        "gen_ai.system": "anthropic.messages",
    }

    # When
    name, properties = event_of(attributes, name="ai.streamText.doStream", parent_id=PARENT_ID, origin=SCOPE)

    # Then
    assert name == "$ai_generation"
    assert properties["$ai_span_name"] == "assistant"
    assert properties["$ai_session_id"] == "session 3"
    assert properties["plan"] == "pro"
    assert properties["$ai_model"] == "claude-opus-5-20261001"
    assert properties["$ai_provider"] == "anthropic"
    assert properties["$ai_model_parameters"] == {"max_tokens": 400, "temperature": 0.4, "stream": True}
    assert properties["$ai_input"] == ASKED
    assert properties["$ai_output_choices"] == [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Weather needs a tool."},
                {"type": "text", "text": "Let me look."},
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Bern"}}},
            ],
        }
    ]
    assert properties["$ai_tools"] == [{"type": "function", "name": "weather"}]
    assert properties["$ai_stop_reason"] == "tool-calls"
    assert properties["$ai_time_to_first_token"] == 0.3105
    assert properties["$ai_provider_metadata"] == {"anthropic": {"cacheCreationInputTokens": 0}}
    assert properties["$ai_framework"] == "vercel"
    assert "$process_person_profile" not in properties
    assert [key for key in properties if key.startswith(("ai.prompt", "ai.response.t", "ai.response.r"))] == []


def test_do_stream__first_chunk_as_an_event__is_the_time_to_the_first_token() -> None:
    _, properties = event_of(
        {"ai.operationId": "ai.streamText.doStream"}, events=[message("ai.stream.firstChunk", 120)]
    )
    assert properties["$ai_time_to_first_token"] == 0.12


def test_outer_span__generate_text__is_the_trace_and_counts_no_tokens() -> None:
    # Given the span around the calls, which carries their sum
    name, properties = event_of(
        {
            "ai.operationId": "ai.generateText",
            "ai.model.id": "gpt-5",
            "ai.prompt": json.dumps({"system": "Be brief.", "prompt": "Hi"}),
            "ai.response.text": "Ho",
            "ai.usage.inputTokens": 11,
        },
        name="ai.generateText",
    )

    # Then
    assert name == "$ai_trace"
    assert properties["$ai_input_state"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]
    assert properties["$ai_output_state"] == [{"role": "assistant", "content": [{"type": "text", "text": "Ho"}]}]
    assert "$ai_input_tokens" not in properties


def test_object__generated__is_the_answer() -> None:
    _, properties = event_of({"ai.operationId": "ai.generateObject.doGenerate", "ai.response.object": '{"a": 1}'})
    assert properties["$ai_output_choices"] == [
        {"role": "assistant", "content": [{"type": "object", "object": {"a": 1}}]}
    ]


def test_tool_call__span__is_a_step_named_after_the_tool() -> None:
    # When
    name, properties = event_of(
        {
            "ai.operationId": "ai.toolCall",
            "ai.toolCall.name": "weather",
            "ai.toolCall.args": '{"city": "Bern"}',
            "ai.toolCall.result": '"rain"',
            "ai.telemetry.functionId": "assistant",
        },
        name="ai.toolCall",
        parent_id=PARENT_ID,
    )

    # Then
    assert (name, properties["$ai_span_type"]) == ("$ai_span", "tool")
    assert properties["$ai_span_name"] == "weather"
    assert properties["$ai_input_state"] == {"city": "Bern"}
    assert properties["$ai_output_state"] == "rain"


def test_embed_many__texts__are_the_input_and_vectors_are_dropped() -> None:
    # When
    name, properties = event_of(
        {
            "ai.operationId": "ai.embedMany.doEmbed",
            "ai.model.id": "text-embedding-3-small",
            "ai.values": ['"one"', '"two"'],
            "ai.embeddings": ["[0.1]", "[0.2]"],
            "ai.usage.tokens": 4,
        },
        parent_id=PARENT_ID,
    )

    # Then
    assert name == "$ai_embedding"
    assert properties["$ai_input"] == ["one", "two"]
    assert properties["$ai_input_tokens"] == 4
    assert "ai.embeddings" not in properties


def test_embed__span_around_it__keeps_the_text_and_no_vector() -> None:
    # Given the outer span, which repeats what the inner one says
    name, properties = event_of(
        {
            "ai.operationId": "ai.embed",
            "ai.telemetry.functionId": "embedder",
            "ai.value": '"one"',
            "ai.embedding": "[0.1, 0.2]",
            "ai.usage.tokens": 4,
        }
    )

    # Then
    assert (name, properties["$ai_trace_name"], properties["$ai_input_state"]) == ("$ai_trace", "embedder", "one")
    assert "0.1" not in json.dumps(properties)
    assert "$ai_input_tokens" not in properties


@pytest.mark.parametrize(
    ("metadata", "counts"),
    [
        ({"openai": {"cachedPromptTokens": 16, "reasoningTokens": 2}}, (16, None, 2)),
        ({"anthropic": {"cacheReadInputTokens": 7, "cacheCreationInputTokens": 3}}, (7, 3, None)),
        ({"openai": None, "anthropic": {"cacheReadInputTokens": "many"}}, (None, None, None)),
        (["openai"], (None, None, None)),
    ],
)
def test_do_generate__counts_in_the_providers_metadata__are_read(
    metadata: object, counts: tuple[int | None, int | None, int | None]
) -> None:
    # When an answer of version 4 says there what its own counts leave out
    _, properties = event_of(
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.usage.promptTokens": 21,
            "ai.response.providerMetadata": json.dumps(metadata),
        }
    )

    # Then
    names = ("$ai_cache_read_input_tokens", "$ai_cache_creation_input_tokens", "$ai_reasoning_tokens")
    assert tuple(properties.get(name) for name in names) == counts


def test_version_7__spans_of_one_embedding__are_one_call_and_a_step_around_it() -> None:
    # Given two spans that call themselves the same
    scope = Origin({}, "gen_ai")
    attributes = {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e", "ai.values": ['"one"']}

    # When
    inner, told = event_of(attributes | {"gen_ai.usage.input_tokens": 4}, parent_id=PARENT_ID, origin=scope)
    outer, around = event_of(attributes, origin=scope)

    # Then the call is counted once
    assert (inner, told["$ai_input_tokens"], told["$ai_input"]) == ("$ai_embedding", 4, ["one"])
    assert (outer, around["$ai_span_type"], around["$ai_input_state"]) == ("$ai_trace", "embedding", ["one"])


def test_version_7__agent__is_named_after_the_function() -> None:
    # When
    name, properties = event_of(
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "concierge",
            "ai.settings.context.posthog_distinct_id": "ada",
            "ai.settings.context.plan": "pro",
        },
        name="invoke_agent gpt-5",
        origin=Origin({}, "gen_ai"),
    )

    # Then
    assert (name, properties["$ai_trace_name"], properties["$ai_framework"]) == ("$ai_trace", "concierge", "vercel")
    assert properties["plan"] == "pro"


def test_version_7__time_of_the_first_chunk__is_in_seconds() -> None:
    _, properties = event_of({"gen_ai.operation.name": "chat", "gen_ai.client.operation.time_to_first_chunk": 0.25})
    assert properties["$ai_time_to_first_token"] == 0.25
