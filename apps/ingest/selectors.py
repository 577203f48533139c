"""Reads of ingest: what waits, who writes, what was counted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from apps.ingest import log
from apps.ingest.log import connect

COUNTERS_KEY: Final = "baleen:ingest:counters"
"""Hash of ever-growing counts; what each means is in docs/explanation/ingest.md."""

HEARTBEAT_PREFIX: Final = "baleen:writer:"
"""A key under it lives as long as its writer does."""


@contextmanager
def _valkey() -> Iterator[Any]:
    with connect(timeout=1) as connection:
        yield connection


def backlog() -> int:
    """Count the log entries (requests) that no writer has finished."""
    with _valkey() as valkey:
        return int(valkey.xlen(log.STREAM))


def oldest_age() -> float:
    """Say for how many seconds the oldest unwritten entry has waited; 0 when none does."""
    with _valkey() as valkey:
        first = valkey.xrange(log.STREAM, count=1)
    return max(0.0, time.time() - int(first[0][0].split(b"-")[0]) / 1_000) if first else 0.0


def counters() -> dict[str, int]:
    """Give the counts since the log was first used."""
    with _valkey() as valkey:
        return {name.decode(): int(value) for name, value in valkey.hgetall(COUNTERS_KEY).items()}


def writer_names() -> list[str]:
    """Name the writers that live."""
    with _valkey() as valkey:
        return sorted(key.decode().removeprefix(HEARTBEAT_PREFIX) for key in valkey.scan_iter(f"{HEARTBEAT_PREFIX}*"))
