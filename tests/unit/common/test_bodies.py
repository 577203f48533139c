"""JSON bodies: bounded, strict, storable."""

import json
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from apps.common.bodies import MAX_BYTES, MAX_DEPTH, BodyTooLargeError, BoundedJSONParser, decode


def nested(opening: bytes, core: bytes, closing: bytes, levels: int) -> bytes:
    """Wrap a value in levels of arrays or objects."""
    return opening * levels + core + closing * levels


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}{}",
        b"NaN",
        b'{"a": NaN}',
        b"-Infinity",
        b"1e400",
        b"1" * 5000,
        b"'a'",
        b"\xff",
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\u0000"',
        b'{"a\\u0000b": 1}',
        b'[{"a": ["\\u0000"]}]',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        nested(b"[", b"", b"]", 300),
        nested(b'{"a":', b"1", b"}", 300),
        nested(b"[", b"", b"]", 100_000),
        nested(b'{"a":', b"1", b"}", 100_000),
        b"[" * 1_000_000,
    ],
)
def test_body__that_is_not_ours_to_store__is_refused(body: bytes) -> None:
    # When / Then
    with pytest.raises(ParseError):
        decode(body)


def test_body__as_deep_as_may_be__is_read() -> None:
    # When
    value = decode(nested(b"[", b"", b"]", MAX_DEPTH))

    # Then
    assert value
    with pytest.raises(ParseError, match="deep"):
        decode(nested(b"[", b"1", b"]", MAX_DEPTH + 1))


def test_body__over_its_size__is_refused_without_reading_on() -> None:
    # Given
    stream = BytesIO(b'"' + b"x" * (MAX_BYTES * 2))

    # When
    with pytest.raises(BodyTooLargeError) as caught:
        BoundedJSONParser().parse(stream)

    # Then
    assert caught.value.status_code == 413
    assert stream.tell() == MAX_BYTES + 1


_text = st.text('abcé🐋"\\\n/\x7f\u2028 ')
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | _text,
    lambda inner: st.lists(inner) | st.dictionaries(_text, inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(_json)
def test_body__of_any_json__is_read_as_written(value: object) -> None:
    # Given
    body = json.dumps(value).encode()

    # When
    read = decode(body)

    # Then
    assert read == value


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_body__of_any_bytes__is_read_or_refused(body: bytes) -> None:
    # When
    try:
        value = decode(body)
    except ParseError:
        return

    # Then
    assert value is None or isinstance(value, str | int | float | bool | list | dict)
