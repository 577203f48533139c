"""Apply the detectors to a piece of a session recording, also to the parts of it that its recorder compressed.

A recording is rrweb's JSON. Recorders that mark an event with `cv` replace large parts of it by the gzip of their JSON,
as a string with one character a byte (wire format 8.1).
"""

import gzip
import zlib
from typing import Any, Final

import msgspec

from apps.ingest.bounds import bounds
from apps.ingest.controls.detectors import Detectors

_MAGIC: Final = "\x1f\x8b"
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


class UnreadableSnapshotError(Exception):
    """A piece of a recording cannot be read, so nobody can say what is in it."""


def clean(data: bytes, detectors: Detectors) -> bytes:
    """Put markers in place of what the detectors find. Raises UnreadableSnapshotError."""
    try:
        return _encode(_walk(_decode(data), detectors))
    except (msgspec.MsgspecError, ValueError, RecursionError, EOFError, OSError, zlib.error) as exc:
        raise UnreadableSnapshotError from exc


def _walk(value: Any, detectors: Detectors) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return _unpacked(value, detectors) if value.startswith(_MAGIC) else detectors.clean(value)
        case dict():
            return {detectors.clean(name): _walk(member, detectors) for name, member in value.items()}
        case list():
            return [_walk(item, detectors) for item in value]
        case _:
            return value


def _unpacked(text: str, detectors: Detectors) -> str:
    limit = bounds().body_bytes
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    content = unzip.decompress(text.encode("latin-1"), limit)
    if unzip.unconsumed_tail or not unzip.eof:
        raise UnreadableSnapshotError
    return gzip.compress(_encode(_walk(_decode(content), detectors)), compresslevel=1, mtime=0).decode("latin-1")
