"""Undo one compression, never giving more than the bound: a few bytes may claim to hold gigabytes."""

import io
import zlib
from collections.abc import Callable
from typing import Final

import brotli
import zstandard

from apps.ingest.errors import MalformedPayloadError, PayloadTooLargeError

GZIP_MAGIC: Final = b"\x1f\x8b\x08"

_GZIP_MEMBERS: Final = 64
"""Every member copies what is behind it, so thousands of empty ones would keep us busy for hours."""
_ZSTD_WINDOW: Final = 8 << 20
"""What RFC 8878 asks every reader to afford; a frame may ask for 128 MiB of memory before its first byte."""
_ZLIB: Final = 8
"""The compression method of RFC 1950, in the low half of the first byte."""


def too_large(limit: int) -> PayloadTooLargeError:
    """Make the one sentence about a body over the bound."""
    return PayloadTooLargeError(f"The request is larger than {limit} bytes.")


def gunzip(body: bytes, limit: int) -> bytes:
    """Decompress gzip (RFC 1952): one member or several; what follows the last one is padding and ignored."""
    plain = b""
    for _ in range(_GZIP_MEMBERS):
        if not body.startswith(GZIP_MAGIC):
            return plain
        stream = zlib.decompressobj(wbits=31)
        plain += _inflate(stream, body, limit - len(plain), limit, "gzip")
        body = stream.unused_data
    raise MalformedPayloadError(f"The gzip body has {_GZIP_MEMBERS} parts or more; compress it as one.")


def _inflate(stream: "zlib._Decompress", body: bytes, room: int, limit: int, name: str) -> bytes:
    try:
        plain = stream.decompress(body, room + 1)
    except zlib.error as exc:
        raise MalformedPayloadError(f"The body is announced as {name} but cannot be decompressed.") from exc
    if len(plain) > room:
        raise too_large(limit)
    if not stream.eof:
        raise MalformedPayloadError(f"The {name} body is cut short.")
    return plain


def _undo_gzip(body: bytes, limit: int) -> bytes:
    return gunzip(body, limit) if body.startswith(GZIP_MAGIC) else body


def _undo_deflate(body: bytes, limit: int) -> bytes:
    """Decompress what HTTP calls deflate: zlib's format, or bare deflate from senders that took the name literally."""
    is_zlib = len(body) > 1 and body[0] & 15 == _ZLIB and int.from_bytes(body[:2]) % 31 == 0
    return _inflate(zlib.decompressobj(wbits=15 if is_zlib else -15), body, limit, limit, "deflate")


def _undo_zstd(body: bytes, limit: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(io.BytesIO(body)) as stream:
            plain = stream.read(limit + 1)
    except (zstandard.ZstdError, MemoryError) as exc:
        raise MalformedPayloadError("The body is announced as zstd but cannot be decompressed.") from exc
    if len(plain) > limit:
        raise too_large(limit)
    return plain


def _undo_brotli(body: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    try:
        plain: bytes = stream.process(body, output_buffer_limit=limit + 1)
        while len(plain) <= limit and not stream.is_finished():
            more = stream.process(b"", output_buffer_limit=limit + 1)
            if not more:
                raise MalformedPayloadError("The brotli body is cut short.")
            plain += more
    except brotli.error as exc:
        raise MalformedPayloadError("The body is announced as brotli but cannot be decompressed.") from exc
    if len(plain) > limit:
        raise too_large(limit)
    return plain


ENCODINGS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "gzip": _undo_gzip,
    "gzip-js": _undo_gzip,
    "deflate": _undo_deflate,
    "zstd": _undo_zstd,
    "br": _undo_brotli,
}
"""By the names that Content-Encoding and `compression=` give them."""
