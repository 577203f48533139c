"""Make any bytes into JSON text that msgspec and ClickHouse both read, so that no string can poison an insert.

Bytes that are no UTF-8, halves of surrogate pairs and NUL characters become U+FFFD. A sender's bare NaN and Infinity
become null, and raw control characters inside strings are escaped, by a second, slower reader.
"""

import json
import re
from typing import Final

import msgspec

from apps.ingest.errors import MalformedPayloadError

_SUSPECT: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_HALF_PAIR: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE: Final = re.compile(
    rb"\\(?:"
    rb"(?P<pair>u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<bad>u[dD][89a-fA-F][0-9a-fA-F]{2}|u0000)"
    rb"|.)",
    re.DOTALL,
)


def _mend(match: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if match["bad"] else match[0]


def _mend_all_but_nul(match: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if match["bad"] not in {None, b"u0000"} else match[0]


def clean(body: bytes, *, keeps_nul: bool = False) -> bytes:
    """Replace what is no text: invalid UTF-8, lone surrogates, NUL (unless it is to be kept)."""
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            body = body.decode(errors="replace").encode()
    # One byte is found many times faster than two, and most bodies hold no escape at all.
    if b"\\" in body and (_HALF_PAIR if keeps_nul else _SUSPECT).search(body):
        # Escapes are taken one after the other, so that the backslash of `\\ud800` is not mistaken for an escape.
        body = _ESCAPE.sub(_mend_all_but_nul if keeps_nul else _mend, body)
    return body


def reread(body: bytes, fault: Exception) -> bytes:
    """Read JSON that is almost JSON (NaN, raw control characters) and give it back as JSON.

    Raises MalformedPayloadError, chained to the first reader's complaint, when it is none at all.
    """
    try:
        content = json.loads(body, strict=False, parse_constant=lambda _: None)
        return clean(msgspec.json.encode(content))
    except (ValueError, RecursionError, OverflowError) as exc:
        raise MalformedPayloadError(f"The body is not JSON: {fault}.") from exc
