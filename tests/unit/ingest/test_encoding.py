import base64
import gzip
import tracemalloc
import zlib
from functools import partial
from urllib.parse import unquote_to_bytes

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.errors import MalformedPayloadError, PayloadTooLargeError
from apps.ingest.protocols import forms
from apps.ingest.protocols.encoding import Packed, unpack

# Without the time of compression, which would make the name of a test differ between two collecting processes.
gzipped = partial(gzip.compress, mtime=0)

TEXT = b'{"event": "a", "text": "plus+slash/ and more"}'
LIMIT = 1_000_000


@pytest.mark.parametrize(
    "packed",
    [
        Packed(TEXT),
        Packed(b"\xef\xbb\xbf" + TEXT),
        Packed(gzipped(TEXT)),
        Packed(gzipped(TEXT[:9]) + gzipped(TEXT[9:])),
        Packed(gzipped(TEXT) + b"padding"),
        Packed(gzipped(TEXT), content_encoding="gzip", compression="gzip-js"),
        Packed(TEXT, content_encoding="GZIP"),
        Packed(base64.b64encode(TEXT)),
        Packed(base64.urlsafe_b64encode(TEXT).rstrip(b"=")),
        Packed(base64.b64encode(gzipped(TEXT))),
        Packed(b"data=" + base64.b64encode(TEXT).replace(b"+", b"%2B")),
        Packed(b"_=123&ip=1&data=" + base64.b64encode(TEXT)),
        Packed(b"data=" + base64.b64encode(gzipped(TEXT)).replace(b"+", b"%2B") + b"&compression=gzip-js"),
        Packed(zlib.compress(TEXT), content_encoding="deflate"),
        Packed(zlib.compress(TEXT)[2:-4], content_encoding="Deflate"),
        Packed(TEXT, content_encoding="deflate"),
        Packed(zstandard.compress(TEXT), content_encoding="zstd"),
        Packed(TEXT, content_encoding="zstd"),
        Packed(brotli.compress(TEXT), content_encoding="br"),
        Packed(brotli.compress(TEXT, lgwin=22, quality=1), content_encoding="br"),
        Packed(TEXT, content_encoding="br"),
        Packed(TEXT, content_encoding="identity"),
    ],
)
def test_unpack__any_wrapping__gives_the_text(packed: Packed) -> None:
    assert unpack(packed, LIMIT) == TEXT


def test_unpack__form_with_bare_plus_signs__reads_them_as_plus() -> None:
    # Given base64 with a plus sign that the sender did not escape
    text = b"{" + b'"\xf0\x9f\x90\x8b>>>???":1' * 1 + b"}"
    encoded = base64.b64encode(text)
    assert b"+" in encoded

    # Then the spaces a form makes of them are plus signs again
    assert unpack(Packed(b"data=" + encoded), LIMIT) == text


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (b"data=%7B%22a%22%3A%22100%25%22%7D", b'{"a":"100%"}'),
        (b'data={"a":"100%"}', b'{"a":"100%"}'),
        (b'data={"a":"100%+%2B=%0A"}&data=second', b'{"a":"100% +=\n"}'),
        (b"d%61ta=[2]&_=1&data=[3]", b"[2]"),
        (b"_=1&data=&data=%5B1%5D", b"[1]"),
    ],
)
def test_unpack__form__undoes_its_escapes(form: bytes, text: bytes) -> None:
    assert unpack(Packed(b"_=0&" + form), LIMIT) == text


def test_unpack__form_of_nothing_but_percent_signs__is_refused_at_a_bounded_cost() -> None:
    # Given what would be millions of objects, were each percent sign one
    body = b"data=" + b"%" * 5_000_000
    packed = Packed(zlib.compress(body), content_encoding="deflate")

    # When it is read
    tracemalloc.start()
    try:
        with pytest.raises(MalformedPayloadError, match="percent signs"):
            unpack(packed, 2 * len(body))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    # Then it never takes more than a few times its own size
    assert most < 6 * len(body)


def test_unpack__form_of_nothing_but_escapes__is_read_at_a_bounded_cost() -> None:
    # Given
    body = b"data=" + b"%7B" * 2_000_000

    # When
    tracemalloc.start()
    try:
        assert unpack(Packed(body), 2 * len(body)) == b"{" * 2_000_000
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    # Then
    assert most < 6 * len(body)


def test_unpack__form_of_many_fields__is_malformed() -> None:
    with pytest.raises(MalformedPayloadError, match="fields"):
        unpack(Packed(b"data=" + b"&" * 900_000), LIMIT)


@given(st.binary(max_size=30) | st.text("%%%4aF=\r\n _\t.&+", max_size=30).map(str.encode))
def test_undo_percents__any_text__is_what_urllib_makes_of_it(text: bytes) -> None:
    assert forms.undo_percents(text) == unquote_to_bytes(text)


@pytest.mark.parametrize(
    "body",
    [
        gzipped(b"") * 100,
        gzipped(TEXT)[:-3],
        gzipped(TEXT)[:12],
        b"\x1f\x8b\x08" + b"\xff" * 50,
        b"ip=1",
        b"data=",
    ],
)
def test_unpack__damaged_wrapping__is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayloadError):
        unpack(Packed(body), LIMIT)


@pytest.mark.parametrize("hint", ["br", "deflate", "zstd"])
def test_unpack__announced_compression_is_damaged__names_it(hint: str) -> None:
    name = {"br": "brotli"}.get(hint, hint)
    with pytest.raises(MalformedPayloadError, match=name):
        unpack(Packed(b"\x00\x01", content_encoding=hint), LIMIT)


@pytest.mark.parametrize("packed", [Packed(b"N4Ig", compression="lz64"), Packed(b"data=N4Ig&compression=lz-string")])
def test_unpack__compression_nobody_reads__names_it(packed: Packed) -> None:
    with pytest.raises(MalformedPayloadError, match=r"compression lz.* is not supported"):
        unpack(packed, LIMIT)


@pytest.mark.parametrize(
    ("hint", "bomb"),
    [
        ("deflate", zlib.compress(b" " * 50_000_000)),
        ("zstd", zstandard.compress(b" " * 50_000_000)),
        ("br", brotli.compress(b" " * 50_000_000, quality=1)),
    ],
    ids=["deflate", "zstd", "br"],
)
def test_unpack__announced_bomb__is_too_large(hint: str, bomb: bytes) -> None:
    with pytest.raises(PayloadTooLargeError):
        unpack(Packed(bomb, content_encoding=hint), LIMIT)


def test_unpack__brotli_cut_short__is_malformed() -> None:
    with pytest.raises(MalformedPayloadError, match="brotli"):
        unpack(Packed(brotli.compress(TEXT * 50)[:-4], content_encoding="br"), LIMIT)


@pytest.mark.parametrize("level", [1, 2])
def test_unpack__bomb__is_too_large_and_never_unfolds(level: int) -> None:
    # Given 200 MB of nothing, packed once or twice
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b"\0" * 1_000_000) for _ in range(200)) + packer.flush()
    if level == 2:
        bomb = base64.b64encode(bomb)

    # Then it is refused at the bound
    with pytest.raises(PayloadTooLargeError):
        unpack(Packed(bomb), LIMIT)


def test_unpack__body_over_the_bound__is_too_large() -> None:
    with pytest.raises(PayloadTooLargeError):
        unpack(Packed(b"x" * (LIMIT + 1)), LIMIT)
