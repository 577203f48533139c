"""OpenInference, which spreads lists over attribute names; OpenLLMetry, which does it in its own way; and others."""

import json

import pytest

from tests.unit.ingest.otlp.spans import PARENT_ID, Origin, event_of, message


def test_llm_span__flattened_lists__become_messages_and_tools() -> None:
    # Given a span as the OpenAI instrumentation of OpenInference writes it
    attributes = {
        "openinference.span.kind": "LLM",
        "llm.system": "openai",
        "llm.provider": "azure",
        "llm.model_name": "gpt-5",
        "llm.invocation_parameters": json.dumps({"model": "gpt-5", "temperature": 0.1, "tools": [1]}),
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "Be brief.",
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.contents.0.message_content.type": "text",
        "llm.input_messages.1.message.contents.0.message_content.text": "What is this?",
        "llm.input_messages.1.message.contents.1.message_content.type": "image",
        "llm.input_messages.1.message.contents.1.message_content.image.image.url": "https://example.org/a.png",
        "llm.input_messages.10.message.role": "tool",
        "llm.input_messages.10.message.content": "rain",
        "llm.input_messages.10.message.tool_call_id": "c0",
        "llm.input_messages.2.message.role": "assistant",
        "llm.input_messages.2.message.tool_calls.0.tool_call.id": "c0",
        "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "weather",
        "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": '{"city": "Bern"}',
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "Rain.",
        "llm.tools.0.tool.json_schema": json.dumps({"type": "function", "function": {"name": "weather"}}),
        "llm.token_count.prompt": 40,
        "llm.token_count.completion": 8,
        "llm.token_count.total": 48,
        "llm.token_count.prompt_details.cache_read": 16,
        "llm.token_count.completion_details.reasoning": 3,
        "llm.cost.prompt": 0.001,
        "llm.cost.completion": 0.002,
        "llm.finish_reason": "stop",
        "input.value": json.dumps({"messages": ["a copy of all that"]}),
        "input.mime_type": "application/json",
        "output.value": "another copy",
        "session.id": "s1",
        "user.id": "ada",
        "metadata": json.dumps({"experiment": "b"}),
    }

    # When
    name, properties = event_of(attributes, name="ChatCompletion", parent_id=PARENT_ID)

    # Then
    call = {"id": "c0", "type": "function", "function": {"name": "weather", "arguments": {"city": "Bern"}}}
    assert name == "$ai_generation"
    assert properties["$ai_input"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "image_url": {"url": "https://example.org/a.png"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "rain", "tool_call_id": "c0"},
    ]
    assert properties["$ai_output_choices"] == [{"role": "assistant", "content": "Rain."}]
    assert properties["$ai_tools"] == [{"type": "function", "function": {"name": "weather"}}]
    assert properties["$ai_model_parameters"] == {"temperature": 0.1}
    assert properties["$ai_provider"] == "azure"
    assert properties["$ai_total_tokens"] == 48
    assert properties["$ai_cache_reporting_exclusive"] is False
    assert properties["$ai_reasoning_tokens"] == 3
    assert (properties["$ai_input_cost_usd"], properties["$ai_output_cost_usd"]) == (0.001, 0.002)
    assert properties["metadata"] == {"experiment": "b"}
    assert [key for key in properties if key.startswith(("llm.", "input.", "output."))] == []


@pytest.mark.parametrize(
    ("kind", "parent", "name", "span_type"),
    [
        ("LLM", "", "$ai_generation", None),
        ("EMBEDDING", "", "$ai_embedding", None),
        ("TOOL", PARENT_ID, "$ai_span", "tool"),
        ("AGENT", "", "$ai_span", "agent"),
        ("CHAIN", PARENT_ID, "$ai_span", "chain"),
        ("RETRIEVER", PARENT_ID, "$ai_span", "retriever"),
        ("GUARDRAIL", PARENT_ID, "$ai_span", "guardrail"),
        ("RERANKER", "", "$ai_trace", "reranker"),
    ],
)
def test_kind__each_openinference_kind__is_its_event(kind: str, parent: str, name: str, span_type: str | None) -> None:
    found, properties = event_of({"openinference.span.kind": kind}, parent_id=parent)
    assert (found, properties.get("$ai_span_type")) == (name, span_type)


def test_embedding_span__texts_and_vectors__keeps_the_texts() -> None:
    # When
    _, properties = event_of(
        {
            "openinference.span.kind": "EMBEDDING",
            "embedding.model_name": "text-embedding-3-small",
            "embedding.embeddings.0.embedding.text": "one",
            "embedding.embeddings.0.embedding.vector": [0.1, 0.2],
            "embedding.embeddings.1.embedding.text": "two",
            "llm.token_count.prompt": 4,
        }
    )

    # Then
    assert properties["$ai_input"] == ["one", "two"]
    assert properties["$ai_model"] == "text-embedding-3-small"
    assert "vector" not in json.dumps(properties)


def test_retriever_span__documents__are_its_output() -> None:
    # When
    _, properties = event_of(
        {
            "openinference.span.kind": "RETRIEVER",
            "input.value": "whales",
            "retrieval.documents.0.document.content": "Baleen whales filter.",
            "retrieval.documents.0.document.score": 0.9,
        },
        parent_id=PARENT_ID,
    )

    # Then
    assert properties["$ai_input_state"] == "whales"
    assert properties["$ai_output_state"] == [{"document": {"content": "Baleen whales filter.", "score": 0.9}}]


def test_llm_span__first_token_event__is_the_time_to_the_first_token() -> None:
    _, properties = event_of({"openinference.span.kind": "LLM"}, events=[message("First Token Stream Event", 85)])
    assert properties["$ai_time_to_first_token"] == 0.085


def test_openllmetry_span__numbered_prompts__become_messages() -> None:
    # When
    name, properties = event_of(
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-5",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hi",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Ho",
            "gen_ai.completion.0.finish_reason": "stop",
            "gen_ai.completion.1.role": "assistant",
            "gen_ai.completion.1.tool_calls.0.id": "c1",
            "gen_ai.completion.1.tool_calls.0.name": "weather",
            "gen_ai.completion.1.tool_calls.0.arguments": "{}",
            "llm.request.functions.0.name": "weather",
            "llm.request.functions.0.parameters": '{"type": "object"}',
            "llm.usage.total_tokens": 9,
            "llm.is_streaming": False,
            "traceloop.association.properties.user_id": "ada",
            "traceloop.prompt.key": "greeting",
            "traceloop.prompt.version": 4,
        }
    )

    # Then
    assert name == "$ai_generation"
    assert properties["$ai_input"] == [{"role": "user", "content": "Hi"}]
    assert properties["$ai_output_choices"] == [
        {"role": "assistant", "content": "Ho", "finish_reason": "stop"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": {}}}],
        },
    ]
    assert properties["$ai_tools"] == [
        {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    ]
    assert properties["$ai_total_tokens"] == 9
    assert properties["$ai_model_parameters"] == {"stream": False}
    assert (properties["$ai_prompt_name"], properties["$ai_prompt_version"]) == ("greeting", 4)


def test_openllmetry_entity__input_and_output__are_its_state() -> None:
    # When
    name, properties = event_of(
        {
            "traceloop.span.kind": "task",
            "traceloop.entity.name": "summarise",
            "traceloop.entity.input": '{"text": "long"}',
            "traceloop.entity.output": '"short"',
        },
        name="summarise.task",
    )

    # Then
    assert (name, properties["$ai_span_type"], properties["$ai_span_name"]) == ("$ai_trace", "task", "summarise")
    assert properties["$ai_input_state"] == {"text": "long"}


def test_pydantic_ai_span__events_in_an_attribute__are_messages() -> None:
    # Given an agent instrumented by Logfire, which has no span events
    events = [
        {"event.name": "gen_ai.user.message", "role": "user", "content": "Hi"},
        {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "Ho"}},
    ]

    # When
    _, properties = event_of(
        {"gen_ai.operation.name": "chat", "events": json.dumps(events), "logfire.msg": "chat gpt-5"},
        origin=Origin({}, "pydantic-ai"),
    )

    # Then
    assert properties["$ai_input"] == [{"role": "user", "content": "Hi"}]
    assert properties["$ai_output_choices"] == [{"role": "assistant", "content": "Ho"}]
    assert properties["$ai_framework"] == "pydantic-ai"
    assert "events" not in properties


def test_langfuse_span__objects_in_text__become_counts_and_costs() -> None:
    # When
    name, properties = event_of(
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "gpt-5",
            "langfuse.observation.model.parameters": json.dumps({"temperature": 0.3}),
            "langfuse.observation.usage_details": json.dumps({"input": 12, "output": 3, "input_cached_tokens": 8}),
            "langfuse.observation.cost_details": json.dumps({"total": 0.5}),
            "langfuse.observation.input": json.dumps([{"role": "user", "content": "Hi"}]),
            "langfuse.observation.output": "Ho",
            "langfuse.observation.prompt.name": "greeting",
            "langfuse.user.id": "ada",
        },
        name="answer",
    )

    # Then
    assert (name, properties["$ai_model"]) == ("$ai_generation", "gpt-5")
    assert (properties["$ai_input_tokens"], properties["$ai_output_tokens"]) == (12, 3)
    assert properties["$ai_cache_read_input_tokens"] == 8
    assert properties["$ai_total_cost_usd"] == 0.5
    assert properties["$ai_temperature"] == 0.3
    assert properties["$ai_input"] == [{"role": "user", "content": "Hi"}]
    assert properties["$ai_output_choices"] == [{"role": "assistant", "content": "Ho"}]
    assert properties["$ai_prompt_name"] == "greeting"
    assert "$ai_cache_reporting_exclusive" not in properties
