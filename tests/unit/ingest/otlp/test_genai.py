"""OpenTelemetry's GenAI conventions: as they are, as they were when messages were events, and before that."""

import json

import pytest

from tests.unit.ingest.otlp.spans import PARENT_ID, SPAN_ID, TRACE_ID, Origin, event_of, message

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.response.model": "gpt-5-2026-01-01",
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 30,
}


def test_chat_span__all_attributes_of_the_convention__each_finds_its_property() -> None:
    # Given a span as a current instrumentation writes it
    attributes = CHAT | {
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
        "gen_ai.input.messages": json.dumps(
            [
                {"role": "user", "parts": [{"type": "text", "content": "Weather in Bern?"}]},
                {
                    "role": "assistant",
                    "parts": [{"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Bern"}}],
                },
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
            ]
        ),
        "gen_ai.output.messages": json.dumps(
            [
                {
                    "role": "assistant",
                    "parts": [{"type": "reasoning", "content": "It rains."}, {"type": "text", "content": "Rain."}],
                    "finish_reason": "stop",
                }
            ]
        ),
        "gen_ai.tool.definitions": json.dumps([{"type": "function", "name": "weather"}]),
        "gen_ai.usage.cache_read.input_tokens": 100,
        "gen_ai.usage.cache_write.input_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 12,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 500,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.conversation.id": "conversation 9",
        "gen_ai.prompt.name": "weather bot",
        "gen_ai.prompt.version": "3",
        "server.address": "api.openai.com",
        "user.id": "ada",
        "tenant": "north",
    }
    origin = Origin(
        {
            "service.name": "bot",
            "host.name": "secret",
            "process.pid": 7,
            "os.type": "linux",
            "telemetry.sdk.name": "opentelemetry",
            "telemetry.sdk.version": "1.45.0",
        },
        "opentelemetry.instrumentation.openai_v2",
        "2.4",
    )

    # When it is mapped
    name, properties = event_of(attributes, name="chat gpt-5", parent_id=PARENT_ID, ms=1_500, origin=origin)

    # Then the event says all of it, under our names
    assert name == "$ai_generation"
    assert properties == {
        "$ai_trace_id": TRACE_ID,
        "$ai_span_id": SPAN_ID,
        "$ai_parent_id": PARENT_ID,
        "$ai_session_id": "conversation 9",
        "$ai_span_name": "chat gpt-5",
        "$ai_latency": 1.5,
        "$ai_time_to_first_token": 0.25,
        "$ai_model": "gpt-5-2026-01-01",
        "$ai_provider": "openai",
        "$ai_base_url": "api.openai.com",
        "$ai_stop_reason": "stop",
        "$ai_response_id": "resp_1",
        "$ai_model_parameters": {"temperature": 0.2, "max_tokens": 500, "stop": ["END"], "stream": True},
        "$ai_temperature": 0.2,
        "$ai_max_tokens": 500,
        "$ai_stream": True,
        "$ai_tools": [{"type": "function", "name": "weather"}],
        "$ai_prompt_name": "weather bot",
        "$ai_prompt_version": "3",
        "$ai_input_tokens": 120,
        "$ai_output_tokens": 30,
        "$ai_cache_read_input_tokens": 100,
        "$ai_cache_creation_input_tokens": 10,
        "$ai_cache_reporting_exclusive": False,
        "$ai_reasoning_tokens": 12,
        "$ai_input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather in Bern?"},
            {
                "role": "assistant",
                "content": [
                    {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Bern"}}}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        ],
        "$ai_output_choices": [
            {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "It rains."}, {"type": "text", "text": "Rain."}],
                "finish_reason": "stop",
            }
        ],
        "$ai_ingestion_source": "otel",
        "$ai_lib": "opentelemetry",
        "$ai_lib_version": "1.45.0",
        "$lib": "posthog-otel",
        "$lib_version": "2.4",
        "$geoip_disable": True,
        "gen_ai.request.model": "gpt-5",
        "service.name": "bot",
        "tenant": "north",
    }


def test_chat_span__messages_as_events__are_input_and_output() -> None:
    # Given a span of the conventions before 1.37
    events = [
        message("gen_ai.system.message", content="Be brief."),
        message("gen_ai.user.message", content="Hi"),
        message("gen_ai.tool.message", id="c0", content='{"found": 1}'),
        message(
            "gen_ai.choice",
            index=0,
            finish_reason="tool_calls",
            message=json.dumps(
                {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f"}}]}
            ),
        ),
    ]

    # When
    _, properties = event_of(CHAT, events=events)

    # Then
    assert properties["$ai_input"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "tool", "content": {"found": 1}, "tool_call_id": "c0"},
    ]
    assert properties["$ai_output_choices"] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f"}}],
            "finish_reason": "tool_calls",
        }
    ]


def test_chat_span__content_in_the_details_event__is_read_there() -> None:
    # Given structured messages, which only events can hold
    details = message(
        "gen_ai.client.inference.operation.details",
        **{
            "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
            "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}],
            "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "Ho"}]}],
        },
    )

    # When
    _, properties = event_of(CHAT, events=[details])

    # Then
    assert properties["$ai_input"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]
    assert properties["$ai_output_choices"] == [{"role": "assistant", "content": "Ho"}]


def test_chat_span__several_tool_answers_in_one_message__each_keeps_its_call() -> None:
    # Given
    parts = [{"type": "tool_call_response", "id": f"c{n}", "result": f"r{n}"} for n in (1, 2)]

    # When
    _, properties = event_of(CHAT | {"gen_ai.input.messages": json.dumps([{"role": "user", "parts": parts}])})

    # Then
    assert properties["$ai_input"] == [
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_call_id": "c1", "content": "r1"},
                {"type": "tool_result", "tool_call_id": "c2", "content": "r2"},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("attributes", "name", "span_type"),
    [
        ({"gen_ai.operation.name": "chat"}, "$ai_generation", None),
        ({"gen_ai.operation.name": "text_completion"}, "$ai_generation", None),
        ({"gen_ai.operation.name": "generate_content"}, "$ai_generation", None),
        ({"gen_ai.operation.name": "responses"}, "$ai_generation", None),
        ({"gen_ai.operation.name": "embeddings"}, "$ai_embedding", None),
        ({"gen_ai.operation.name": "execute_tool"}, "$ai_span", "tool"),
        ({"gen_ai.operation.name": "invoke_agent"}, "$ai_span", "agent"),
        ({"gen_ai.operation.name": "retrieval"}, "$ai_span", "retriever"),
        ({"gen_ai.operation.name": "something_new"}, "$ai_span", "something_new"),
        ({"llm.request.type": "chat"}, "$ai_generation", None),
        ({"llm.request.type": "completion"}, "$ai_generation", None),
        ({"llm.request.type": "embedding"}, "$ai_embedding", None),
        ({"traceloop.span.kind": "workflow"}, "$ai_span", "workflow"),
        ({"mcp.method.name": "tools/call"}, "$ai_span", "tool"),
        ({"gen_ai.request.model": "m", "gen_ai.usage.output_tokens": 3}, "$ai_generation", None),
        ({"gen_ai.request.model": "m"}, "$ai_span", None),
    ],
    ids=str,
)
def test_kind__each_operation__is_its_event(attributes: dict[str, object], name: str, span_type: str | None) -> None:
    # When / Then
    found, properties = event_of(attributes, parent_id=PARENT_ID)
    assert (found, properties.get("$ai_span_type")) == (name, span_type)


def test_kind__other_ai_span_without_parent__is_a_trace_with_a_name() -> None:
    # When
    name, properties = event_of({"gen_ai.operation.name": "invoke_agent"}, name="invoke_agent planner")

    # Then
    assert name == "$ai_trace"
    assert properties["$ai_trace_name"] == properties["$ai_span_name"] == "invoke_agent planner"
    assert "$ai_parent_id" not in properties


def test_tool_span__arguments_and_result__are_its_state() -> None:
    # When
    _, properties = event_of(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "weather",
            "gen_ai.tool.call.arguments": '{"city": "Bern"}',
            "gen_ai.tool.call.result": "rain",
        },
        parent_id=PARENT_ID,
    )

    # Then
    assert properties["$ai_span_name"] == "weather"
    assert properties["$ai_input_state"] == {"city": "Bern"}
    assert properties["$ai_output_state"] == "rain"


def test_agent_span__tokens_of_its_calls__are_not_counted_again() -> None:
    # Given an agent that sums up what its model calls used
    _, properties = event_of({**CHAT, "gen_ai.operation.name": "invoke_agent"}, parent_id=PARENT_ID)

    # Then the sum stays under its own name, where no total adds it to the calls
    assert "$ai_input_tokens" not in properties
    assert properties["gen_ai.usage.input_tokens"] == 120


@pytest.mark.parametrize("count", [7, 7.0, "7"])
def test_tokens__in_whatever_type__are_whole_numbers(count: object) -> None:
    _, properties = event_of({"gen_ai.operation.name": "chat", "gen_ai.usage.prompt_tokens": count})
    assert properties["$ai_input_tokens"] == 7


@pytest.mark.parametrize("count", [-1, True, "many", [1], 1e300])
def test_tokens__that_are_no_count__are_left_out(count: object) -> None:
    _, properties = event_of({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": count})
    assert "$ai_input_tokens" not in properties


def test_tokens__fewer_than_came_from_the_cache__exclude_them() -> None:
    _, properties = event_of(CHAT | {"gen_ai.usage.input_tokens": 5, "gen_ai.usage.cache_read.input_tokens": 900})
    assert properties["$ai_cache_reporting_exclusive"] is True


def test_media__base64_in_messages__is_replaced_by_a_sentence() -> None:
    # Given a picture in OpenTelemetry's form and one as a data URL
    picture = "iVBORw0KGgo" + "A" * 4_085
    messages = [
        {
            "role": "user",
            "parts": [{"type": "blob", "modality": "image", "mime_type": "image/png", "content": picture}],
        },
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}]},
        {"role": "user", "content": "a long text " * 1_000},
    ]

    # When
    _, properties = event_of(CHAT | {"gen_ai.input.messages": json.dumps(messages)})

    # Then the pictures are gone and the text is not
    assert picture not in json.dumps(properties)
    assert properties["$ai_input"][1]["content"][0]["image_url"] == {"url": "[base64 image redacted]"}
    assert len(properties["$ai_input"][2]["content"]) == 12_000
