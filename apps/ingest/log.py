"""The durable event log: one entry a request in a Valkey stream, appended before the request is answered.

An entry is msgpack under zstd. Appending goes through one connection a thread, used directly: the command layer of
the client library costs more than the append itself. Nothing here retries an append, since an answer that was lost
may belong to an append that was not; the sender retries, and its event ids make that harmless.
"""

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
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError  # type: ignore[attr-defined]  # stubs of an older client
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from apps.ingest.bounds import bounds
from apps.ingest.contracts import LogEntry
from apps.ingest.errors import LogUnavailableError

STREAM: Final = "baleen:events"
GROUP: Final = "writers"
FIELD: Final = b"d"

_LEVEL: Final = 1
_CHECK_SECONDS: Final = 1.0
_REST_SECONDS: Final = 0.5
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(LogEntry)


def connect(*, timeout: float = 2.0) -> Any:  # noqa: ANN401 - the installed stubs describe a much older client
    """Open a client of the event log's Valkey that fails within `timeout` seconds and never retries by itself."""
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        # Left on, it also switches off the check that a pooled connection is still alive.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    return redis.Redis.from_url(settings.REDIS_URL, **options)


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
        self._is_full = False

    def append(self, blob: bytes) -> None:
        """Make one entry durable; when this returns, the events in it will be written.

        Raises LogUnavailableError when Valkey is away or the backlog is at its bound; then nothing was kept.
        """
        with self._guard():
            if time.monotonic() >= self._next_check:
                self._check()
            if self._is_full:
                raise LogUnavailableError("The event log is full; the writer is behind.", retry_after=10)
            connection = self._connection()
            try:
                connection.send_command("XADD", STREAM, "*", FIELD, blob)
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
            raise LogUnavailableError("The event log is out of memory; the writer is behind.", retry_after=10) from exc
        except redis.RedisError as exc:
            # The next half second is answered without another attempt, so that a log that hangs cannot hold
            # every thread of the web process for its timeout.
            self._away_until = time.monotonic() + _REST_SECONDS
            raise LogUnavailableError("The event log is away.") from exc

    def _connection(self) -> Any:  # noqa: ANN401 - as connect()
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
            limits = bounds()
            pipeline = self._watch.pipeline(transaction=False)
            pipeline.xlen(STREAM)
            pipeline.info("memory")
            entries, memory = pipeline.execute()
            self._is_full = entries >= limits.backlog_entries or memory["used_memory"] >= limits.backlog_bytes
            self._next_check = time.monotonic() + _CHECK_SECONDS
        finally:
            self._checking.release()


def _is_stale(connection: Any) -> bool:  # noqa: ANN401 - as connect()
    """Nothing was asked, so anything there is to read is the end of a server that went away."""
    try:
        return bool(connection.can_read())
    except redis.ConnectionError:
        return True


@cache
def event_log() -> EventLog:
    """Give this process's event log."""
    return EventLog()
