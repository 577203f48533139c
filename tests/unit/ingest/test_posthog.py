import base64
import contextlib
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.errors import (
    EmptyBatchError,
    IngestError,
    InvalidTokenError,
    MalformedPayloadError,
    TooManyEventsError,
)
from apps.ingest.protocols.encoding import Packed, unpack
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


@pytest.mark.parametrize("item", [b"{}", b"1", json.dumps(EVENT).encode(), b'{"event": NaN}'])
@pytest.mark.parametrize(("before", "after"), [(b"[", b"]"), (b'{"api_key": "phc_1", "batch": [', b"]}")])
def test_parse__one_event_over_the_bound__is_refused(item: bytes, before: bytes, after: bytes) -> None:
    # Given
    most = 3

    # When
    with pytest.raises(TooManyEventsError) as caught:
        parse(before + b",".join([item] * (most + 1)) + after, "phc_1", most)

    # Then
    assert (caught.value.status, caught.value.attr) == (413, "batch")
    assert len(parse(before + b",".join([item] * most) + after, "phc_1", most).events) == most


def test_parse__many_properties_in_few_events__are_no_events() -> None:
    event = EVENT | {"properties": {f"p{number}": [1, 2, 3] for number in range(20)}}

    assert len(parse(json.dumps([event, event]).encode(), "phc_1", 2).events) == 2


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


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["batch", "api_key", "token", "event", "properties", "sent_at"]), inner)
    ),
    max_leaves=15,
)
WRAPPINGS = st.sampled_from([bytes, gzip.compress, base64.b64encode, lambda body: b"data=" + base64.b64encode(body)])


@given(st.binary(max_size=120) | VALUES.map(lambda value: json.dumps(value).encode()), WRAPPINGS)
def test_parse__any_body_in_any_wrapping__is_read_or_refused_as_the_senders_fault(
    body: bytes, wrap: Callable[[bytes], bytes]
) -> None:
    with contextlib.suppress(IngestError):
        assert parse(unpack(Packed(wrap(body)), 10_000), "phc_1").events
