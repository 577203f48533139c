import json
from typing import Any

import pytest

from apps.ingest.errors import EmptyBatchError, InvalidTokenError, MalformedPayloadError
from apps.ingest.protocols.posthog import parse

EVENT: dict[str, Any] = {"event": "a", "distinct_id": "ada"}


@pytest.mark.parametrize(
    "content",
    [
        {"api_key": "phc_1", "batch": [EVENT]},
        {"token": " phc_1 ", "batch": [EVENT, EVENT]},
        {"$token": "phc_1", "batch": [EVENT]},
        {"api_key": "phc_1", "token": "phc_1", "batch": [EVENT]},
        {"api_key": "phc_1", "batch": [EVENT | {"token": "another, but the envelope is first"}]},
        {"api_key": "phc_1", "batch": [EVENT, "no event"]},
        EVENT | {"api_key": "phc_1"},
        EVENT | {"$token": "phc_1"},
        [EVENT | {"token": "phc_1"}, EVENT],
        [EVENT | {"properties": {"token": "phc_1"}}],
        [EVENT | {"properties": {"$token": "phc_1"}}, None],
        [EVENT | {"properties": "nonsense"}, EVENT | {"api_key": "phc_1"}],
    ],
)
def test_parse__key_wherever_it_may_stand__is_found(content: object) -> None:
    assert parse(json.dumps(content).encode()).token == "phc_1"


def test_parse__key_in_the_query__is_found() -> None:
    assert parse(json.dumps([EVENT]).encode(), "phc_1").token == "phc_1"


@pytest.mark.parametrize(
    "content",
    [
        [EVENT],
        {"batch": [EVENT]},
        {"api_key": "phx_personal", "batch": [EVENT]},
        {"api_key": "x" * 65, "batch": [EVENT]},
        {"api_key": "phc_ü", "batch": [EVENT]},
        {"api_key": "a\tb", "batch": [EVENT]},
        {"api_key": "  ", "batch": [EVENT]},
        {"api_key": 7, "batch": [EVENT]},
        {"api_key": ["phc_1"], "batch": [EVENT]},
        {"api_key": "phc_1", "token": "phc_2", "batch": [EVENT]},
        [EVENT | {"token": "phc_1"}, EVENT | {"properties": {"token": "phc_2"}}],
    ],
)
def test_parse__no_key_or_several_or_a_wrong_one__is_refused(content: object) -> None:
    with pytest.raises(InvalidTokenError):
        parse(json.dumps(content).encode())


def test_parse__key_in_query_and_body_differ__is_refused() -> None:
    with pytest.raises(InvalidTokenError):
        parse(json.dumps({"api_key": "phc_1", "batch": [EVENT]}).encode(), "phc_2")


@pytest.mark.parametrize("content", [{"api_key": "phc_1", "batch": []}, []])
def test_parse__no_event__is_an_empty_batch(content: object) -> None:
    with pytest.raises(EmptyBatchError):
        parse(json.dumps(content).encode(), "phc_1")


@pytest.mark.parametrize(
    "body",
    [b"", b"  ", b"7", b'"x"', b"null", b"{", b'{"batch": 7}', b'{"batch": {"a": 1}}', b"[" * 100_000],
)
def test_parse__anything_else__is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayloadError):
        parse(body, "phc_1")


def test_raw_events__of_each_shape__are_the_texts_as_sent() -> None:
    # Given the three shapes
    texts = [b'{"event" : "a"}', b"7"]
    envelope = b'{"api_key": "phc_1", "batch": [' + b" , ".join(texts) + b"]}"

    # Then each event's own text comes back
    assert parse(envelope).raw_events() == texts
    assert parse(b"[" + b",".join(texts) + b"]", "phc_1").raw_events() == texts
    assert parse(texts[0], "phc_1").raw_events() == texts[:1]
