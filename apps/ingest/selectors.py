"""Reads of ingest: what waits, who writes, what was counted."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import redis

from apps.ingest import flow, log
from apps.ingest.valkey import connect

HEARTBEAT_PREFIX: Final = "baleen:writer:"
"""A key under it lives as long as its writer does, and holds its last sign of life."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A writer that lives: how long ago it gave a sign of that, what it was handed and has not finished."""

    name: str
    age: float
    pending: int
    trouble: str
    """What stands in its way; empty while nothing does."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What flowed in `flow.SLICE_SECONDS`, in the order of `flow.SLICES`."""

    start: int
    events_acknowledged: int
    events_written: int
    requests_acknowledged: int
    requests_written: int
    requests_refused: int


@dataclass(frozen=True, slots=True)
class LogState:
    """What is in the event log, and how much room there is for more."""

    entries: int
    oldest_age: float
    """For how many seconds the oldest unwritten entry has waited; 0 when none does."""
    used_bytes: int
    limit_bytes: int
    """Memory the log may take; 0 when it was given no limit."""
    free_disk_bytes: int
    """Room on the disk of the data directory of the process that looked."""


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
        return _age(valkey.xrange(log.STREAM, count=1))


def log_state() -> LogState:
    """Look at the log as a whole."""
    with _valkey() as valkey:
        pipeline = valkey.pipeline(transaction=False)
        pipeline.xlen(log.STREAM)
        pipeline.xrange(log.STREAM, count=1)
        pipeline.info("memory")
        entries, first, memory = pipeline.execute()
    return LogState(
        entries=entries,
        oldest_age=_age(first),
        used_bytes=memory["used_memory"],
        limit_bytes=memory.get("maxmemory") or 0,
        free_disk_bytes=log.free_bytes(),
    )


def _age(first: list[tuple[bytes, Any]]) -> float:
    return max(0.0, time.time() - int(first[0][0].split(b"-")[0]) / 1_000) if first else 0.0


def counters() -> dict[str, int]:
    """Give the counts since the log was first used."""
    with _valkey() as valkey:
        return {name.decode(): int(value) for name, value in valkey.hgetall(flow.COUNTERS_KEY).items()}


def list_slices(count: int) -> list[Slice]:
    """Give the newest slices of what flowed, oldest first; the last one is not over yet."""
    newest = int(time.time()) // flow.SLICE_SECONDS * flow.SLICE_SECONDS
    starts = range(newest - (count - 1) * flow.SLICE_SECONDS, newest + 1, flow.SLICE_SECONDS)
    with _valkey() as valkey:
        pipeline = valkey.pipeline(transaction=False)
        for start in starts:
            pipeline.hmget(flow.slice_key(start), flow.SLICES)
        rows = pipeline.execute()
    return [Slice(start, *(int(value or 0) for value in row)) for start, row in zip(starts, rows, strict=True)]


def list_writers() -> list[Writer]:
    """List the writers that live, by name."""
    with _valkey() as valkey:
        keys = sorted(valkey.scan_iter(f"{HEARTBEAT_PREFIX}*"))
        signs = valkey.mget(keys) if keys else []
        pending = _pending(valkey)
    return [
        Writer(name, max(0.0, time.time() - sign["at"]), pending.get(name, 0), sign["trouble"])
        for name, sign in (
            (key.decode().removeprefix(HEARTBEAT_PREFIX), json.loads(value))
            for key, value in zip(keys, signs, strict=True)
            if value is not None
        )
    ]


def _pending(valkey: Any) -> dict[str, int]:  # noqa: ANN401 - as valkey.connect()
    try:
        consumers = valkey.xinfo_consumers(log.STREAM, log.GROUP)
    except redis.ResponseError:  # no writer has ever joined
        return {}
    return {consumer["name"].decode(): consumer["pending"] for consumer in consumers}


def writer_names() -> list[str]:
    """Name the writers that live."""
    return [writer.name for writer in list_writers()]
