"""Detectors over recordings, also over the parts that the recorder compressed."""

import gzip
import json

import pytest

from apps.ingest.controls.detectors import NAMES, Detectors
from apps.ingest.controls.snapshots import UnreadableSnapshotError, clean

EVERY = Detectors(NAMES)


def packed(content: object) -> str:
    return gzip.compress(json.dumps(content).encode()).decode("latin-1")


def test_clean__a_compressed_part__is_unpacked_cleaned_and_packed_again() -> None:
    # Given
    event = {"type": 2, "cv": "2024-10", "timestamp": 1732269600123, "data": packed({"text": "ada@example.com"})}
    # When
    cleaned = json.loads(clean(json.dumps([event]).encode(), EVERY))
    # Then
    assert json.loads(gzip.decompress(cleaned[0]["data"].encode("latin-1"))) == {"text": "[email]"}
    assert cleaned[0]["timestamp"] == 1732269600123


def test_clean__plain_parts__are_cleaned() -> None:
    # Given
    event = {"type": 3, "data": {"texts": [{"id": 1, "value": "4111 1111 1111 1111"}]}}
    # When
    cleaned = json.loads(clean(json.dumps([event]).encode(), EVERY))
    # Then
    assert cleaned[0]["data"]["texts"][0]["value"] == "[card]"


@pytest.mark.parametrize(
    "data",
    [
        b"[",
        json.dumps(["\x1f\x8bnot gzip"]).encode(),
        json.dumps(["\x1f\x8b\u4e2d"]).encode(),
        json.dumps([gzip.compress(b"{}" * 100, mtime=0)[:-9].decode("latin-1")]).encode(),
        json.dumps([gzip.compress(b" " * (21 << 20), mtime=0).decode("latin-1")]).encode(),
    ],
)
def test_clean__what_cannot_be_read__is_said_to_be_so(data: bytes) -> None:
    # Given / When / Then
    with pytest.raises(UnreadableSnapshotError):
        clean(data, EVERY)
