"""The durable event log: one entry a request in a Valkey stream, appended before the request is answered.

An entry is msgpack under zstd. Appending goes through one connection a thread, used directly: the command layer of
the client library costs more than the append itself. Nothing here retries an append, since an answer that was lost
may belong to an append that was not; the sender retries, and its event ids make that harmless.

Valkey says OK to the first command that a full disk keeps out of its append-only file, and only refuses what comes
after it. So each append is followed by a PING, which it refuses too in that state: only then is the entry durable.
"""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import msgspec
import redis
import zstandard
from django.conf import settings
from redis.exceptions import OutOfMemoryError  # type: ignore[attr-defined]  # stubs of an older client

from apps.ingest import flow
from apps.ingest.bounds import Bounds, bounds
from apps.ingest.contracts import LogEntry
from apps.ingest.errors import LogUnavailableError
from apps.ingest.valkey import connect

STREAM: Final = "baleen:events"
GROUP: Final = "writers"
FIELD: Final = b"d"

_LEVEL: Final = 1
_CHECK_SECONDS: Final = 1.0
_REST_SECONDS: Final = 0.5
_PATIENCE: Final = 10
_UNWRITABLE: Final = "The event log cannot be written to disk."
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(LogEntry)


class _Contexts(threading.local):
    """Compression contexts: costly to make, and not to be shared between threads."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts: Final = _Contexts()


def pack(entry: LogEntry) -> bytes:
    """Make the bytes of a log entry."""
    return _contexts.compressor.compress(_encoder.encode(entry))


def unpack(blob: bytes) -> LogEntry:
    """Read the bytes of a log entry."""
    return _decoder.decode(_contexts.decompressor.decompress(blob))


class EventLog:
    """The appending end, shared by the threads of a web process."""

    def __init__(self) -> None:
        self._pool = connect().connection_pool
        self._watch = connect()
        self._local = threading.local()
        self._checking = threading.Lock()
        self._next_check = 0.0
        self._away_until = 0.0
        self._obstacle: tuple[str, str] | None = None

    def append(self, blob: bytes, *, events: int = 0) -> None:
        """Make one entry durable; when this returns, the events in it, which are so many, will be written.

        Raises LogUnavailableError when Valkey is away or one of the bounds is reached; then nothing was kept.
        """
        try:
            self._append(blob)
        except LogUnavailableError as exc:
            flow.meter().count(requests_refused=1, **{f"requests_refused_{exc.reason}": 1})
            raise
        flow.meter().count(requests_acknowledged=1, events_acknowledged=events)

    def _append(self, blob: bytes) -> None:
        with self._guard():
            if time.monotonic() >= self._next_check:
                self._check()
            if self._obstacle:
                reason, detail = self._obstacle
                raise LogUnavailableError(detail, retry_after=_PATIENCE, reason=reason)
            connection = self._connection()
            try:
                for command in (("XADD", STREAM, "*", FIELD, blob), ("PING",)):
                    connection.send_command(*command)
                    connection.read_response()
            except redis.ResponseError:
                raise
            except BaseException:
                connection.disconnect()
                raise

    @contextmanager
    def _guard(self) -> Iterator[None]:
        if time.monotonic() < self._away_until:
            raise LogUnavailableError("The event log is away.")
        try:
            yield
        except OutOfMemoryError as exc:
            detail = "The event log is out of memory; the writer is behind."
            raise LogUnavailableError(detail, retry_after=_PATIENCE, reason="memory") from exc
        except redis.RedisError as exc:
            # The next half second is answered without another attempt, so that a log that hangs cannot hold
            # every thread of the web process for its timeout.
            self._away_until = time.monotonic() + _REST_SECONDS
            if str(exc).startswith("MISCONF"):
                raise LogUnavailableError(_UNWRITABLE, retry_after=_PATIENCE, reason="disk") from exc
            raise LogUnavailableError("The event log is away.") from exc

    def _connection(self) -> Any:  # noqa: ANN401 - as valkey.connect()
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._pool.make_connection()
            self._local.connection = connection
        connection.connect()
        if _is_stale(connection):
            connection.disconnect()
            connection.connect()
        return connection

    def _check(self) -> None:
        if not self._checking.acquire(blocking=False):
            return
        try:
            pipeline = self._watch.pipeline(transaction=False)
            pipeline.xlen(STREAM)
            pipeline.info("memory")
            pipeline.info("persistence")
            entries, memory, persistence = pipeline.execute()
            self._obstacle = find_obstacle(
                bounds(),
                entries=entries,
                memory=memory,
                persistence=persistence,
                free=free_bytes(),
            )
            self._next_check = time.monotonic() + _CHECK_SECONDS
        finally:
            self._checking.release()


def free_bytes() -> int:
    """Measure what is left on the disk of the data directory."""
    try:
        return shutil.disk_usage(settings.BALEEN_DATA_DIR).free
    except FileNotFoundError:  # a server whose stores are elsewhere need not have one
        return sys.maxsize


def find_obstacle(
    limits: Bounds, *, entries: int, memory: dict[str, Any], persistence: dict[str, Any], free: int
) -> tuple[str, str] | None:
    """Say what stands in the way of one more entry: a word for the counts and a sentence for the sender."""
    if free < limits.free_bytes:
        return "disk", f"The disk is nearly full: {free >> 20} MB are free, {limits.free_bytes >> 20} MB must stay so."
    if persistence.get("aof_enabled") and persistence.get("aof_last_write_status") != "ok":
        return "disk", _UNWRITABLE
    if entries >= limits.backlog_entries:
        return "backlog", "The event log is full; the writer is behind."
    # The writer needs some memory of the log in order to empty it, so the last quarter is left to it.
    most = min(limits.backlog_bytes, (memory.get("maxmemory") or 0) * 3 // 4 or limits.backlog_bytes)
    if memory["used_memory"] >= most:
        return "memory", "The event log is full; the writer is behind."
    return None


def _is_stale(connection: Any) -> bool:  # noqa: ANN401 - as valkey.connect()
    """Nothing was asked, so anything there is to read is the end of a server that went away."""
    try:
        return bool(connection.can_read())
    except redis.ConnectionError:
        return True


@cache
def event_log() -> EventLog:
    """Give this process's event log."""
    return EventLog()
