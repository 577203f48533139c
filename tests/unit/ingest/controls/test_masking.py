"""Rewriting events by a project's rules: what is reached, what stays the bytes it was, what never comes through."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.ingest.controls.contracts import Controls
from apps.ingest.controls.detectors import NAMES
from apps.ingest.controls.masking import WITHHELD, Masker
from apps.ingest.controls.rules import Action, IpPolicy, MaskRule, PromptPolicy
from tests.factories.masking import Counts, masker, rewritten

SECRET = "ada.lovelace@example.com"
CARD = "4111111111111111"


ALL = masker(detectors=NAMES)
METADATA = masker(prompt_policy=PromptPolicy.METADATA)


def test_properties__nothing_a_rule_reaches__stay_the_very_same_bytes() -> None:
    # Given
    raw = b'{ "n" : 1.10, "big":123456, "t":"\xc3\xa9 plain", "e":1E5 }'
    # When
    kept = ALL.properties("chat", raw, Counts())
    # Then
    assert kept is raw


def test_properties__one_value_found__leave_the_others_the_bytes_they_were() -> None:
    # Given
    raw = b'{"n":1.10,"big":123456789012345678901234567890,"who":"ada@example.com","e":1E5}'
    # When
    kept = ALL.properties("chat", raw, Counts())
    # Then
    assert kept == b'{"n":1.10,"big":123456789012345678901234567890,"who":"[email]","e":1E5}'


@pytest.mark.parametrize(
    "text",
    [
        rb'{"a":"ada\u0040example.com"}',
        rb'{"a":"\u0061da@example.com"}',
        rb'{"$set":{"email":"ada@example.com"}}',
        rb'{"a":[[{"b":["x ada@example.com y"]}]]}',
        rb'{"ada@example.com":1}',
        rb'{"a":{"ada@example.com":1}}',
        rb'{"a":"1","a":"ada@example.com"}',
        rb'{"$ai_input":[{"role":"user","content":"I am\nada@example.com"}]}',
        rb'{"url":"https://x.example/?m=ada%40example.com"}',
        rb'{"url":"https://x.test/?u=%3Fm%3Dada%2540example.com"}',
        rb'{"a":"ada&#64;example.com"}',
        rb'{"a":"ada\uff20example.com"}',
        b'{"a":"ada\xef\xbc\xa0example.com"}',
    ],
)
def test_detectors__wherever_the_address_stands__it_is_gone(text: bytes) -> None:
    # Given
    counts = Counts()
    # When
    kept = ALL.properties("chat", text, counts)
    # Then
    assert b"example.com" not in json.dumps(json.loads(kept)).encode()
    assert counts["masked_values"] == 1


def test_detectors__a_card_as_a_number__becomes_a_marker() -> None:
    # Given / When
    assert rewritten(ALL, {"n": -int(CARD), "l": [-int(CARD)]}) == {"n": "[card]", "l": ["[card]"]}
    for blank in ("\u00a0", "\u3000", "\uff0d", "  ", "/", ".", "_"):
        spaced = blank.join(("4111", "1111", "1111", "1111"))
        assert rewritten(ALL, {"a": spaced}) == {"a": "[card]"}
    kept = rewritten(ALL, {"n": int(CARD), "f": float(CARD), "ms": 1732269600123, "list": [int(CARD)], "t": True})
    # Then
    assert kept == {"n": "[card]", "f": "[card]", "ms": 1732269600123, "list": ["[card]"], "t": True}


def test_detectors__an_id_that_others_refer_to__is_hashed_and_alike_everywhere() -> None:
    # Given
    properties = {"distinct_id": SECRET, "$anon_distinct_id": SECRET, "alias": SECRET, "$groups": {"company": SECRET}}
    # When
    kept = rewritten(ALL, properties)
    # Then
    column = ALL.identity(SECRET, Counts())
    assert column.startswith("hash:")
    assert kept == {
        "distinct_id": column,
        "$anon_distinct_id": column,
        "alias": column,
        "$groups": {"company": column},
    }


def test_denied_properties__at_any_depth__are_taken_out() -> None:
    # Given
    rules = masker(denied_properties=("email", "secret_*", "/^x[0-9]$/", "address.street"))
    properties = {
        "email": 1,
        "Email": 2,
        "secret_a": 3,
        "x1": 4,
        "x12": 5,
        "$set": {"email": 6, "name": 7, "address": {"street": 8, "city": 9}},
        "list": [{"secret_b": 10, "ok": 11}],
        "street": 12,
    }
    # When
    kept = rewritten(rules, properties)
    # Then
    assert kept == {
        "x12": 5,
        "$set": {"name": 7, "address": {"city": 9}},
        "list": [{"ok": 11}],
        "street": 12,
    }


def test_masking__each_action__does_what_it_says() -> None:
    # Given
    rules = masker(
        masking=(
            MaskRule("phone", Action.HASH),
            MaskRule("name", Action.TRUNCATE, 2),
            MaskRule("ssn", Action.DROP),
        )
    )
    # When
    kept = rewritten(
        rules, {"phone": "1", "$set": {"phone": "1", "name": "Ada", "ssn": 1}, "name": ["Grace", None, 12345]}
    )
    # Then
    assert kept["phone"] == kept["$set"]["phone"]
    assert len(kept["phone"]) == len("hash:") + 32
    assert kept["$set"]["name"] == "Ad"
    assert kept["name"] == ["Gr", None, "12"]
    assert "ssn" not in kept["$set"]


def test_masking__several_rules_for_one_name__the_first_counts() -> None:
    # Given
    rules = masker(
        masking=(
            MaskRule("a", Action.DROP),
            MaskRule("b*", Action.TRUNCATE, 1),
            MaskRule("*", Action.HASH),
            MaskRule("c", Action.DROP),
        )
    )
    # When
    kept = rewritten(rules, {"a": "x", "b1": "xyz", "c": "x"})
    # Then
    assert set(kept) == {"b1", "c"}
    assert kept["b1"] == "x"
    assert kept["c"].startswith("hash:")


def test_masking__hashes_of_two_projects__differ() -> None:
    # Given
    rule = MaskRule("phone", Action.HASH)
    one = Masker(Controls(1, masking=(rule,), hash_key=b"1" * 32))
    two = Masker(Controls(2, masking=(rule,), hash_key=b"2" * 32))
    # When / Then
    assert rewritten(one, {"phone": "1"}) != rewritten(two, {"phone": "1"})


def test_masking__a_rule_on_distinct_id__hashes_all_ids_of_a_person_alike() -> None:
    # Given
    rules = masker(masking=(MaskRule("distinct_id", Action.HASH),))
    # When
    kept = rewritten(rules, {"distinct_id": "u1", "$anon_distinct_id": "u1"})
    # Then
    assert kept == {"distinct_id": rules.identity("u1", Counts()), "$anon_distinct_id": rules.identity("u1", Counts())}


def test_metadata__an_ai_event__keeps_figures_and_no_content() -> None:
    # Given
    properties = {
        "$ai_input": [{"role": "user", "content": "secret plan"}],
        "$ai_output_choices": None,
        "$ai_model": "deepseek-chat",
        "$ai_input_tokens": 12,
        "$ai_trace_id": "t" * 300,
        "$ai_unheard_of": "secret plan",
        "$ai_model_parameters": {"temperature": 0.2, "system": "secret plan" * 10, "stop": ["\n\nsecret plan"]},
        "$ai_usage": {"input_tokens": 12, "details": {"cached": 3}},
        "plan": "pro",
        "myPrompt": "secret plan",
        "gen_ai.prompt.0.content": "secret plan",
        "input.value": "secret plan",
        "note": "secret plan " * 30,
        "score": 0.5,
        "$lib": "posthog-python",
    }
    # When
    kept = rewritten(METADATA, properties, "$ai_generation")
    # Then
    assert "secret plan" not in json.dumps(kept)
    assert kept["$ai_input_chars"] == len("user") + len("secret plan")
    assert kept["$ai_input_hash"].startswith("hash:")
    assert "$ai_input" not in kept
    assert kept["$ai_output_choices"] is None
    assert kept["$ai_model_parameters"]["temperature"] == 0.2
    assert kept["$ai_usage"] == {"input_tokens": 12, "details": {"cached": 3}}
    assert kept["gen_ai.prompt.0.content_chars"] == len("secret plan")
    stays = ("$ai_model", "$ai_input_tokens", "$ai_trace_id", "plan", "score", "$lib")
    assert {name: kept[name] for name in stays} == {name: properties[name] for name in stays}


def test_metadata__an_event_of_the_page__keeps_no_text_of_it() -> None:
    # Given
    chain = 'button.send:attr__class="send"attr__title="secret \\" plan"nth-child="1"text="secret plan";div'
    properties = {"$elements_chain": chain, "$el_text": "secret plan", "$selected_content": "secret plan", "$host": "x"}
    # When
    kept = rewritten(METADATA, properties, "$autocapture")
    # Then
    assert "secret" not in json.dumps(kept)
    assert kept["$elements_chain"] == 'button.send:attr__class="send"nth-child="1";div'
    assert kept["$host"] == "x"


def test_metadata__what_was_reduced_before__stays_as_it_is() -> None:
    # Given
    once = rewritten(METADATA, {"$ai_input": "secret plan", "prompt": "x"}, "$ai_generation")
    # When
    twice = rewritten(METADATA, once, "$ai_generation")
    # Then
    assert twice == once


def test_mask__a_prompt__has_its_secrets_marked_and_the_rest_is_left() -> None:
    # Given
    rules = masker(prompt_policy=PromptPolicy.MASK)
    properties = {"$ai_input": f"I am {SECRET}", "prompt": f"I am {SECRET}", "$set": {"mail": "x"}}
    # When
    on_ai = rewritten(rules, properties, "$ai_generation")
    elsewhere = rewritten(rules, properties)
    # Then
    assert on_ai == {"$ai_input": "I am [email]", "prompt": "I am [email]", "$set": {"mail": "x"}}
    assert elsewhere == properties | {"$ai_input": "I am [email]"}


def test_payload__of_a_refused_event__is_rewritten_like_an_accepted_one() -> None:
    # Given
    rules = masker(detectors=NAMES, denied_properties=("ssn",), ip_policy=IpPolicy.TRUNCATE)
    event = {
        "event": "x",
        "distinct_id": SECRET,
        "$set": {"email": SECRET, "ssn": 1},
        "properties": {"ssn": 1, "a": SECRET, "$ip": "203.0.113.77"},
        "ssn": 2,
    }
    # When
    kept = json.loads(rules.payload(json.dumps(event).encode(), Counts()))
    # Then
    assert kept == {
        "event": "x",
        "distinct_id": rules.identity(SECRET, Counts()),
        "$set": {"email": "[email]"},
        "properties": {"a": "[email]", "$ip": "203.0.113.0"},
    }


@pytest.mark.parametrize(
    ("rules", "payload"),
    [
        (ALL, b'{"event":"x","properties":{"a":"ada@example.com'),
        (ALL, b"\x0a\x20binary ada@example.com"),
        (ALL, b'["' + b"[" * 2_000 + b'ada@example.com"'),
        (masker(denied_properties=("email",)), b"\x0a\x05email\x12\x03ada"),
        (masker(denied_properties=("email",)), b'{"attributes":[{"key":"email","value":"ada"}]}'),
        (METADATA, b'"a short prompt"'),
        (METADATA, b'{"attributes":[{"key":"x","value":"a short prompt"}]}'),
        (METADATA, b'{"event":5,"properties":{"prompt":"a short prompt"}}'),
        (METADATA, b"a short prompt"),
    ],
)
def test_payload__that_rules_cannot_be_applied_to__is_withheld(rules: Masker, payload: bytes) -> None:
    # Given
    counts = Counts()
    # When
    kept = rules.payload(payload, counts)
    # Then
    assert kept == WITHHELD
    assert counts["withheld"] == 1
    assert rules.payload(kept, counts) == kept


def test_payload__with_nothing_a_rule_reaches__stays_however_broken() -> None:
    # Given
    payload = b'{"event":"x","properties":{"n":1e400'
    # When / Then
    assert ALL.payload(payload, Counts()) is payload


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    content=st.dictionaries(st.text(max_size=12), JSON, max_size=5),
    where=st.lists(st.sampled_from(["$set", "list", "$ai_input", "x", "distinct_id", "$groups"]), max_size=4),
    ascii_only=st.booleans(),
    event=st.sampled_from(["chat", "$ai_generation", "$identify"]),
    policy=st.sampled_from(list(PromptPolicy)),
)
def test_masker__a_secret_anywhere_in_any_event__never_comes_through(
    content: dict[str, Any], where: list[str], event: str, policy: PromptPolicy, *, ascii_only: bool
) -> None:
    # Given
    rules = masker(detectors=NAMES, prompt_policy=policy)
    inner: Any = f"x {SECRET} y"
    for name in where:
        inner = [inner] if name == "list" else {name: inner}
    properties = content | {"here": inner}
    raw = json.dumps(properties, ensure_ascii=ascii_only).encode(errors="replace")
    # When
    kept = rules.properties(event, raw, Counts())
    whole = json.dumps({"event": event, "properties": properties}, ensure_ascii=ascii_only).encode(errors="replace")
    payload = rules.payload(whole, Counts())
    # Then
    for text in (kept, payload):
        assert SECRET not in json.dumps(json.loads(text), ensure_ascii=False)
    # And
    assert msgspec.json.decode(rules.properties(event, kept, Counts())) == msgspec.json.decode(kept)
