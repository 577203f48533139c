"""A project's rules hold alike at every depth, in lists, in any case, and in JSON that somebody put into a text."""

import json
from typing import Any

import pytest

from apps.ingest.controls.rules import Action, MaskRule, PromptPolicy
from tests.factories.masking import Counts, masker, rewritten

METADATA = masker(prompt_policy=PromptPolicy.METADATA)
SECRET = "ada.lovelace@example.com"

PLAN = "the merger plan"


@pytest.mark.parametrize("event", ["$ai_generation", "$AI_Generation", " $ai_span"])
@pytest.mark.parametrize(
    "properties",
    [
        {"$set": {"prompt": PLAN, "long": PLAN * 20, "last_question": PLAN}},
        {"$set_once": {"lastQuestion": PLAN}},
        {"$group_set": {"summary": [PLAN]}},
        {"$set": [PLAN * 20]},
        {"$set": {"$set_once": {"prompt": PLAN}}},
        {"data": {"prompt": PLAN}},
        {"list": [{"prompt": PLAN}, [{"message": PLAN}]]},
        {"foo": {"bar": {"prompt": PLAN}}},
        {"$AI_INPUT": PLAN},
        {"$Ai_Output_Choices": [{"role": "assistant", "words": PLAN}]},
        {"$ai_Unheard_Of": PLAN},
        {"foo": {"$AI_INPUT": PLAN}},
        {"$foo": PLAN * 20},
        {"$survey_response": PLAN},
        {"$exception_message": PLAN},
        {"$ai_model": {"prompt": PLAN}},
        {"$ai_tool_name": [PLAN * 20]},
        {"$ai_model_parameters": {"system": PLAN, "stop": "merger", "user": PLAN, "deep": [{"system": PLAN}]}},
        {"$AI_MODEL_PARAMETERS": {"system": PLAN}},
        {PLAN * 20: 1, "x": {PLAN * 20: "y"}},
        {"data": json.dumps({"prompt": PLAN})},
        {"data": " " + json.dumps([{"deep": json.dumps({"prompt": PLAN})}])},
        {"data": json.dumps({"prompt": PLAN})[:-3]},
        {"distinct_id": {"prompt": PLAN}},
        {"distinct_id": json.dumps({"prompt": PLAN})},
        {"$elements": [{"tag_name": "p", "$el_text": PLAN, "attr__title": PLAN}]},
    ],
)
def test_metadata__content_anywhere_on_an_ai_event__is_gone(event: str, properties: dict[str, Any]) -> None:
    # Given
    counts = Counts()
    raw = json.dumps(properties | {"kept": "pro", "n": {"tokens": 7, "tier": "gold"}}).encode()
    # When
    kept = METADATA.properties(event, raw, counts)
    again = METADATA.properties(event, kept, Counts())
    # Then
    assert b"merger" not in kept
    assert json.loads(kept)["kept"] == "pro"
    assert json.loads(kept)["n"] == {"tokens": 7, "tier": "gold"}
    assert json.loads(again) == json.loads(kept)


def test_metadata__what_is_known_to_be_harmless__stays_at_every_depth() -> None:
    # Given
    url = "https://app.example.com/" + "a" * 300
    properties = {
        "$set": {"plan": "pro", "seats": 3, "is_admin": True, "tags": ["a", "b"], "$initial_current_url": url},
        "$groups": {"company": "acme"},
        "$current_url": url,
        "$active_feature_flags": ["flag"] * 100,
        "$feature/new-prompt": "test",
        "$ai_usage": {"input_tokens": 12, "service_tier": "default", "details": [{"cached": n} for n in range(60)]},
        "$ai_model_parameters": {"temperature": 0.2, "reasoning_effort": 3, "mode": "json_schema"},
        "cart": {"price": 1.5, "currency": "EUR", "content_length": 7},
    }
    # When / Then
    assert rewritten(METADATA, properties, "$ai_generation") == properties


def test_metadata__on_other_events__only_content_by_its_name_goes_in_any_case() -> None:
    # Given
    properties = {
        "message": "x",
        "deep": [{"$AI_Input": PLAN, "ok": 1}],
        "$SELECTED_CONTENT": PLAN,
        "text": json.dumps({"$ai_input": PLAN, "code_variables": {"a": PLAN}}),
    }
    # When
    kept = rewritten(METADATA, properties)
    # Then
    assert "merger" not in json.dumps(kept)
    assert (kept["message"], kept["deep"], kept["text"]) == ("x", [{"ok": 1}], "{}")


def test_metadata__a_rule_that_truncates__lets_no_content_through() -> None:
    # Given
    rules = masker(
        prompt_policy=PromptPolicy.METADATA,
        denied_properties=("email",),
        masking=(MaskRule("$ai_*", Action.TRUNCATE, 500), MaskRule("$set", Action.TRUNCATE, 500)),
    )
    # When
    kept = rewritten(rules, {"$ai_input": PLAN, "$set": {"prompt": PLAN, "email": SECRET, "a": "b"}}, "$ai_span")
    # Then
    assert "merger" not in json.dumps(kept)
    assert kept["$set"] == {"a": "b"}


NAMED = masker(denied_properties=("email", "card_*", "address.street"), masking=(MaskRule("phone", Action.HASH),))


@pytest.mark.parametrize(
    "properties",
    [
        {"data": json.dumps({"email": SECRET})},
        {"data": json.dumps({"a": [{"Email": SECRET}]})},
        {"data": "\n\t " + json.dumps([{"card_number": SECRET}])},
        {"data": json.dumps({"a": json.dumps({"b": json.dumps({"phone": SECRET})})})},
        {"address": json.dumps({"street": SECRET})},
        {"data": json.dumps({"email": SECRET}) + "..."},
        {"data": '{"email":"' + SECRET},
        {"data": '{"a":{"email":"' + SECRET + '"},"a":1}'},
        {"list": ['{"\\u0065mail":"' + SECRET + '"}']},
        {"distinct_id": {"email": SECRET}},
        {"distinct_id": json.dumps({"email": SECRET})},
        {"$set": json.dumps({"email": SECRET})},
    ],
)
def test_denied_properties__in_json_that_is_a_text__are_taken_out(properties: dict[str, Any]) -> None:
    # Given / When
    kept = rewritten(NAMED, properties)
    # Then
    assert "example.com" not in json.dumps(kept)


def test_denied_properties__text_that_only_begins_like_json__stays() -> None:
    # Given
    properties = {
        "a": "[note] see email: below",
        "b": '{ "n" : 1.10, "x": "y"}',
        "c": "{name}, hello",
        "d": "[" * 5_000,
    }
    # When / Then
    assert rewritten(NAMED, properties) == properties


def test_denied_properties__an_object_that_says_a_name_twice__hides_nothing() -> None:
    # Given
    raw = b'{"email":1,"foo":{"data":{"email":"ada@example.com"},"data":1}}'
    # When
    kept = NAMED.properties("chat", raw, Counts())
    # Then
    assert kept == b'{"foo":{"data":1}}'


def test_identity__json_with_a_name_of_a_rule__is_hashed_and_other_json_stays() -> None:
    # Given
    told, silent = json.dumps({"email": SECRET}), json.dumps({"id": 7})
    # When / Then
    assert NAMED.reads(["chat", told])
    assert NAMED.identity(told, Counts()).startswith("hash:")
    assert NAMED.identity(silent, Counts()) == silent
    assert not NAMED.reads(["chat", "ada"])
