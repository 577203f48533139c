"""Undo what a sender wrapped around its JSON, bounded at every step.

The order is that of docs/reference/capture-api.md: query `data` or body, the announced compression, form, gzip (by its
magic bytes, whatever the headers say), base64, gzip again inside base64. Nothing is unpacked further than the bound
allows.
"""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Final

from apps.ingest.errors import MalformedPayloadError
from apps.ingest.protocols import forms
from apps.ingest.protocols.compression import ENCODINGS, GZIP_MAGIC, gunzip, too_large

_FORM: Final = re.compile(rb"\A(?:data|_|ip|compression|ver)=")
_BASE64: Final = re.compile(rb"\A[A-Za-z0-9+/_=\s-]+\Z")
_FIELDS: Final = 32
_SNIFF: Final = 128
_JSON_START: Final = (b"{", b"[")
_SNIFFED: Final = ("", "identity", "gzip", "gzip-js", "base64", "b64")
"""What needs no announcement, so that a wrong one does no harm."""
_UNREAD: Final = ("lz64", "lz-string")


@dataclass(frozen=True, slots=True)
class Packed:
    """A body as it arrived, with the hints the request gave about it."""

    body: bytes
    content_encoding: str = ""
    compression: str = ""


def unpack(packed: Packed, limit: int) -> bytes:
    """Give the JSON text inside, at most `limit` bytes of it.

    Raises MalformedPayloadError or PayloadTooLargeError.
    """
    body, hint = packed.body, (packed.compression or packed.content_encoding).strip().lower()
    if len(body) > limit:
        raise too_large(limit)
    if hint not in _SNIFFED:
        body = _undo_announced(body, hint, limit)
    if body[:1] not in _JSON_START:
        for undo in (_undo_form, _undo_gzip, _undo_base64, _undo_gzip):
            body = undo(body, limit)
    return body.removeprefix(b"\xef\xbb\xbf")


def _undo_announced(body: bytes, hint: str, limit: int) -> bytes:
    undo = ENCODINGS.get(hint)
    if undo is not None:
        try:
            return undo(body, limit)
        except MalformedPayloadError:
            # A proxy may have undone what the header still announces; looked at only now, since brotli may begin with
            # the very bytes that JSON does.
            if body[:1] not in _JSON_START:
                raise
    elif hint in _UNREAD and body[:1] not in _JSON_START:
        raise MalformedPayloadError(f"The compression {hint} is not supported; send gzip or plain JSON.")
    return body


def _undo_form(body: bytes, limit: int) -> bytes:
    if not _FORM.match(body):
        return body
    try:
        # Of several fields with one name the first counts.
        fields = dict(reversed(forms.pairs(body, _FIELDS)))
    except ValueError as exc:
        raise MalformedPayloadError(f"The form cannot be read: {exc}", attr="data") from exc
    data = fields.get(b"data")
    if not data:
        raise MalformedPayloadError("The form has no field named data.", attr="data")
    hint = fields.get(b"compression", b"").decode(errors="replace").lower()
    # A plus sign that the sender did not escape has become a space; base64 has no spaces of its own.
    data = data.replace(b" ", b"+") if _BASE64.match(data[:_SNIFF]) and len(data) <= limit else data
    return _undo_announced(data, hint, limit) if hint in _UNREAD else data


def _undo_gzip(body: bytes, limit: int) -> bytes:
    return gunzip(body, limit) if body.startswith(GZIP_MAGIC) else body


def _undo_base64(body: bytes, _limit: int) -> bytes:
    if not body or not _BASE64.match(body[:_SNIFF]):
        return body
    text = body.translate(_URL_SAFE, b" \t\r\n").rstrip(b"=")
    try:
        return b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return body


_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
