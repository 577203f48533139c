"""Undo what a sender wrapped around its JSON, bounded at every step.

The order is that of docs/reference/capture-api.md: query `data` or body, form, gzip (by its magic bytes, whatever the
headers say), base64, gzip again inside base64. Nothing is unpacked further than the bound allows.
"""

import binascii
import re
import zlib
from base64 import b64decode
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from apps.ingest.errors import MalformedPayloadError, PayloadTooLargeError

_GZIP_MAGIC: Final = b"\x1f\x8b\x08"
_GZIP_MEMBERS: Final = 64
"""Every member copies what is behind it, so thousands of empty ones would keep us busy for hours."""
_FORM: Final = re.compile(rb"\A(?:data|_|ip|compression|ver)=")
_BASE64: Final = re.compile(rb"\A[A-Za-z0-9+/_=\s-]+\Z")
_SNIFF: Final = 128


@dataclass(frozen=True, slots=True)
class Packed:
    """A body as it arrived, with the hints the request gave about it."""

    body: bytes
    content_type: str = ""
    content_encoding: str = ""
    compression: str = ""


def unpack(packed: Packed, limit: int) -> bytes:
    """Give the JSON text inside, at most `limit` bytes of it.

    Raises MalformedPayloadError or PayloadTooLargeError.
    """
    body, hint = packed.body, (packed.compression or packed.content_encoding).strip().lower()
    if len(body) > limit:
        raise too_large(limit)
    if body[:1] not in _JSON_START:
        for undo in (_undo_form, _undo_gzip, _undo_base64, _undo_gzip):
            body = undo(body, limit)
    if hint in _UNREAD and body[:1].strip() not in _JSON_START:
        raise MalformedPayloadError(f"The compression {hint} is not supported; send gzip or plain JSON.")
    return body.removeprefix(b"\xef\xbb\xbf")


_JSON_START: Final = (b"{", b"[")
_UNREAD: Final = ("br", "deflate", "zstd", "lz64", "lz-string")


def too_large(limit: int) -> PayloadTooLargeError:
    """Make the one sentence about a body over the bound."""
    return PayloadTooLargeError(f"The request is larger than {limit} bytes.")


def _undo_form(body: bytes, limit: int) -> bytes:
    if not _FORM.match(body):
        return body
    try:
        fields = parse_qs(body, max_num_fields=32)
    except ValueError as exc:
        raise MalformedPayloadError("The form has more fields than events need.") from exc
    data = fields.get(b"data", [b""])[0]
    if not data:
        raise MalformedPayloadError("The form has no field named data.", attr="data")
    # A plus sign that the sender did not escape has become a space; base64 has no spaces of its own.
    return data.replace(b" ", b"+") if _BASE64.match(data[:_SNIFF]) and len(data) <= limit else data


def _undo_gzip(body: bytes, limit: int) -> bytes:
    if not body.startswith(_GZIP_MAGIC):
        return body
    plain = b""
    # RFC 1952: a file is one member or several; what follows the last one is padding and ignored.
    for _ in range(_GZIP_MEMBERS):
        if not body.startswith(_GZIP_MAGIC):
            return plain
        stream = zlib.decompressobj(wbits=31)
        try:
            plain += stream.decompress(body, limit + 1 - len(plain))
        except zlib.error as exc:
            raise MalformedPayloadError("The body starts as gzip but cannot be decompressed.") from exc
        if len(plain) > limit:
            raise too_large(limit)
        if not stream.eof:
            raise MalformedPayloadError("The gzip body is cut short.")
        body = stream.unused_data
    raise MalformedPayloadError(f"The gzip body has {_GZIP_MEMBERS} parts or more; compress it as one.")


def _undo_base64(body: bytes, _limit: int) -> bytes:
    if not body or not _BASE64.match(body[:_SNIFF]):
        return body
    text = body.translate(_URL_SAFE, b" \t\r\n").rstrip(b"=")
    try:
        return b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return body


_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
