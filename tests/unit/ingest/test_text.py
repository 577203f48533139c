import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.errors import MalformedPayloadError
from apps.ingest.protocols.text import clean, reread


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"plain"', "plain"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\ud83d"', "�"),
        (rb'"\ude00\ud83d"', "��"),
        (rb'"\ud83d\ud83d\ude00"', "�😀"),
        (rb'"\\ud83d"', "\\ud83d"),
        (rb'"\\\ud83d"', "\\�"),
        (rb'"a\u0000b"', "a�b"),
        (rb'"\\u0000"', "\\u0000"),
        (rb'"\uD800\u0041"', "�A"),
        (b'"\xff"', "�"),
        (b'"\xed\xa0\x80"', "���"),
        ('"Ünïcode 🐋"'.encode(), "Ünïcode 🐋"),
    ],
)
def test_clean__text_that_is_none__is_replaced_and_the_rest_kept(body: bytes, text: str) -> None:
    assert msgspec.json.decode(clean(body)) == text


@given(st.text(st.characters(), max_size=40))
def test_clean__any_text_a_sender_may_escape__is_readable_unicode(text: str) -> None:
    # Given text as Python's own encoder writes it, surrogates and all
    body = json.dumps(text).encode()

    # Then it reads, and only what is no text has changed
    read = msgspec.json.decode(clean(body))
    whole = "".join("�" if "\ud800" <= char <= "\udfff" or char == "\0" else char for char in json.loads(body))
    assert read == whole


@given(st.binary(max_size=60))
def test_clean__any_bytes__is_utf8(body: bytes) -> None:
    clean(body).decode()


def test_reread__nearly_json__is_json() -> None:
    # When a body holds bare constants and raw control characters
    body = reread(b'{"a": NaN, "b": [Infinity, -Infinity], "c": "x\x00\ty"}', ValueError("no"))

    # Then they are null and text
    assert msgspec.json.decode(body) == {"a": None, "b": [None, None], "c": "x�\ty"}


@pytest.mark.parametrize("body", [b"nope", b"{", b"[" * 100_000, b'{"a": ' + b"9" * 5_000 + b"}"])
def test_reread__no_json_at_all__is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayloadError):
        reread(body, ValueError("no"))
