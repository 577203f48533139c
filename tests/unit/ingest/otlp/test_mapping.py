"""What holds for every span, whatever its convention."""

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.ingest.otlp.mapping import content, failures, identity, kinds, parameters, timing, usage
from apps.ingest.otlp.mapping.event import to_event
from apps.ingest.otlp.mapping.kinds import is_ai
from apps.ingest.otlp.spans import Span
from tests.unit.ingest.otlp.spans import PARENT_ID, START_NS, Origin, event_of, message, span

CHAT = {"gen_ai.operation.name": "chat"}


def test_uuid__same_span_exported_again__is_the_same_event() -> None:
    # Given
    first = to_event(span(attributes=CHAT), 7)

    # When it comes again, to this project and to another
    again, elsewhere = to_event(span(attributes=CHAT), 7), to_event(span(attributes=CHAT), 8)

    # Then
    assert first.uuid == again.uuid != elsewhere.uuid
    assert uuid.UUID(first.uuid).version == 5
    assert first.distinct_id == again.distinct_id


@pytest.mark.parametrize(
    ("attributes", "resource", "person"),
    [
        ({"user.id": "ada"}, {}, "ada"),
        ({"user.id": "ada", "posthog.distinct_id": "ben"}, {}, "ben"),
        ({"posthog.distinct_id": "ben", "ai.telemetry.metadata.posthog_distinct_id": "eve"}, {}, "eve"),
        ({"ai.settings.context.posthog_distinct_id": "eve"}, {"user.id": "ada"}, "eve"),
        ({}, {"user.id": "ada"}, "ada"),
        ({}, {"user.id": "ada", "posthog.distinct_id": "ben"}, "ben"),
        ({"user.id": 42}, {}, "42"),
        ({"user.id": "a\0b"}, {}, "a\ufffdb"),
    ],
)
def test_distinct_id__told__is_that_person(attributes: dict[str, Any], resource: dict[str, Any], person: str) -> None:
    # When
    wire = to_event(span(attributes=CHAT | attributes, origin=Origin(resource)), 7)

    # Then
    assert wire.distinct_id == person
    assert "$process_person_profile" not in json.loads(bytes(wire.properties))


@pytest.mark.parametrize("attributes", [{}, {"user.id": " "}, {"user.id": ["ada"]}, {"user.id": True}])
def test_distinct_id__not_told__stands_for_the_trace_without_a_profile(attributes: dict[str, Any]) -> None:
    # Given two spans of a trace
    first = to_event(span(attributes=CHAT | attributes), 7)
    second = to_event(span(attributes=CHAT | attributes, span_id="aaaaaaaaaaaaaaaa"), 7)

    # Then they are of one unknown
    assert first.distinct_id == second.distinct_id
    assert uuid.UUID(first.distinct_id).version == 5
    assert json.loads(bytes(first.properties))["$process_person_profile"] is False


def test_distinct_id__same_session_in_two_traces__is_one_unknown() -> None:
    # Given
    attributes = CHAT | {"session.id": "s1"}

    # When
    first = to_event(span(attributes=attributes), 7)
    second = to_event(span(attributes=attributes, trace_id="b" * 32), 7)

    # Then
    assert first.distinct_id == second.distinct_id
    assert json.loads(bytes(first.properties))["$ai_session_id"] == "s1"


def test_failure__exception_event__says_what_and_of_which_type() -> None:
    # When
    _, properties = event_of(
        CHAT,
        is_error=True,
        status_message="rate limited",
        events=[message("exception", **{"exception.type": "RateLimitError", "exception.message": "slow down"})],
    )

    # Then
    assert properties["$ai_is_error"] is True
    assert properties["$ai_error"] == "slow down"
    assert properties["$ai_error_type"] == "RateLimitError"


def test_failure__status_only__still_has_a_sentence() -> None:
    _, properties = event_of(CHAT, is_error=True)
    assert properties["$ai_is_error"] is True
    assert properties["$ai_error"]


def test_failure__none__says_nothing() -> None:
    _, properties = event_of(CHAT | {"http.response.status_code": 200})
    assert "$ai_is_error" not in properties
    assert properties["$ai_http_status"] == 200


def test_latency__end_before_start__is_unknown() -> None:
    _, properties = event_of(CHAT, end_ns=START_NS - 1)
    assert "$ai_latency" not in properties


def test_timestamp__without_start__is_left_to_the_receiver() -> None:
    assert to_event(span(attributes=CHAT, start_ns=0), 7).timestamp is None
    assert to_event(span(attributes=CHAT), 7).timestamp == "2026-11-22T10:00:00+00:00"


def test_explicit_properties__written_by_the_sender__win_but_for_the_ids() -> None:
    # When
    _, properties = event_of(
        CHAT
        | {
            "$ai_model": "mine",
            "$ai_tools": '[{"name": "t"}]',
            "$ai_trace_id": "not this",
            "gen_ai.response.model": "theirs",
        }
    )

    # Then
    assert properties["$ai_model"] == "mine"
    assert properties["$ai_tools"] == [{"name": "t"}]
    assert properties["$ai_trace_id"] != "not this"


def test_headers__of_the_call_to_the_provider__are_not_copied() -> None:
    # Given what instrumentations record of a call, the provider's key among it
    _, properties = event_of(
        CHAT
        | {
            "ai.request.headers.authorization": "Bearer sk-secret",
            "llm.headers": "sk-secret",
            "http.request.header.x-api-key": ["sk-secret"],
        }
    )

    # Then
    assert "sk-secret" not in json.dumps(properties)


def test_properties_of_ours__as_json_in_text__are_objects() -> None:
    _, properties = event_of(CHAT | {"$groups": '{"company": "acme"}', "note": '{"kept": "as text"}'})
    assert properties["$groups"] == {"company": "acme"}
    assert properties["note"] == '{"kept": "as text"}'


def test_nested_json__deeper_than_is_stored__stays_text() -> None:
    # Given
    deep = "[" * 60 + "]" * 60

    # When
    _, properties = event_of({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": deep})

    # Then
    assert properties["$ai_input_state"] == deep


def test_text__with_nul__is_mended() -> None:
    _, properties = event_of(
        CHAT | {"note": "a\0b", "gen_ai.input.messages": '[{"role": "user", "content": "\\u0000"}]'}
    )
    assert properties["note"] == "a\ufffdb"
    assert properties["$ai_input"] == [{"role": "user", "content": "\ufffd"}]


@pytest.mark.parametrize(
    ("made", "is_about_ai"),
    [
        (span("gen_ai.chat"), True),
        (span("ai.generateText"), True),
        (span("x", attributes={"llm.model_name": "m"}), True),
        (span("x", attributes={"traceloop.entity.name": "m"}), True),
        (span("x", attributes={"openinference.span.kind": "CHAIN"}), True),
        (span("x", attributes={"pydantic_ai.all_messages": "[]"}), True),
        (span("agent run", attributes={"logfire.msg": "run"}, origin=Origin({}, "pydantic-ai")), True),
        (span("agent run", attributes={"logfire.span_type": "pending_span", "gen_ai.system": "x"}), False),
        (span("GET /", attributes={"http.method": "GET", "logfire.msg": "GET /"}), False),
        (span("aid", attributes={"airline": "x", "user.id": "ada"}), False),
        (span("SELECT", origin=Origin({"gen_ai.system": "x"})), False),
    ],
)
def test_selection__only_spans_about_ai__are_taken(made: Span, is_about_ai: bool) -> None:  # noqa: FBT001 - a parameter of the case
    assert is_ai(made) is is_about_ai


def _names() -> list[str]:
    """Collect every attribute name the mapping knows, so that random spans hit its branches."""
    found: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, str) and "." in node:
            found.add(node)
        elif isinstance(node, dict):
            walk([*node.keys(), *node.values()])
        elif isinstance(node, list | tuple | frozenset | set):
            for item in node:
                walk(item)

    for module in (content, failures, identity, kinds, parameters, timing, usage):
        walk([value for name, value in vars(module).items() if not name.startswith("__")])
    for prefix in ("llm.input_messages.", "llm.output_messages.", "gen_ai.prompt.", "gen_ai.completion.", "llm.tools."):
        for rest in ("0", "0.message.role", "0.message.content", "0.message.contents.0.message_content.type", "x.y"):
            found.add(prefix + rest)
    return sorted(found)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "role": JSON_VALUES,
            "content": JSON_VALUES,
            "parts": st.lists(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "type": st.sampled_from(["text", "tool_call", "tool_call_response", "reasoning", "blob"]),
                        "content": JSON_VALUES,
                        "id": JSON_VALUES,
                        "response": JSON_VALUES,
                    },
                )
                | JSON_VALUES,
                max_size=3,
            )
            | JSON_VALUES,
            "tool_calls": JSON_VALUES,
            "messages": JSON_VALUES,
        },
    )
    | JSON_VALUES,
    max_size=3,
)
VALUES = JSON_VALUES | JSON_VALUES.map(json.dumps) | MESSAGES.map(json.dumps) | MESSAGES


@settings(max_examples=120, deadline=None)
@given(
    attributes=st.dictionaries(st.sampled_from(_names()) | st.text(max_size=30), VALUES, max_size=12),
    event=st.tuples(
        st.sampled_from(
            ["exception", "gen_ai.choice", "gen_ai.user.message", "gen_ai.client.inference.operation.details"]
        ),
        st.dictionaries(
            st.sampled_from(["message", "content", "role", "tool_calls", "gen_ai.input.messages", "exception.type"]),
            VALUES,
            max_size=4,
        ),
    ),
    operation=st.sampled_from(["chat", "embeddings", "execute_tool", ""]),
)
def test_mapping__any_attributes__never_fails_and_gives_an_object(
    attributes: dict[str, Any], event: tuple[str, dict[str, Any]], operation: str
) -> None:
    # Given a span with anything in it
    made = span(attributes=attributes | {"gen_ai.operation.name": operation}, events=[message(event[0], **event[1])])

    # When it is mapped
    wire = to_event(replace(made, parent_id=PARENT_ID), 7)

    # Then it is an event with readable properties, the trace's ids among them
    assert wire.event in {"$ai_generation", "$ai_embedding", "$ai_span"}
    assert json.loads(bytes(wire.properties))["$ai_trace_id"] == made.trace_id
    assert wire.distinct_id


PARTS = {"choice.count", "reasoning.level", "opentelemetry.instrumentation.openai"}  # of gen_ai.request.*, of a scope


def test_reference__names_every_attribute_the_mapping_knows() -> None:
    # Given the names in the code, those that stand for a family of names aside
    reference = Path("docs/reference/otlp.md").read_text(encoding="utf-8")
    known = [name for name in _names() if not name.endswith(".") and not name.startswith(("llm.input", "llm.output"))]
    families = ("ai.settings.", "gen_ai.prompt.", "gen_ai.completion.", "gen_ai.request.", "llm.tools.")

    # When / Then
    assert len(known) > 100
    missing = [name for name in known if f"`{name}`" not in reference and not name.startswith(families)]
    assert set(missing) == PARTS
