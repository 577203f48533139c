"""A deadline for request bodies, which the WSGI server has none for.

granian hands a request over before its body has arrived, and a thread that reads it waits for as long as the sender
pleases: a few dozen senders that never finish would hold every thread of a process for good. Nothing can interrupt
such a read, but it ends by itself when the connection does. So a watchman looks at the reads under way and half-closes
the connections of those that are late; the reader finds the body cut short, and the sender is told 408.

Which connection a request came over WSGI does not say, only the address of its sender. See docs/decisions/0016 for
which ones are closed, and for what else was considered.

Until they are late, unfinished bodies must not hold every thread either: only so many are read at once, and fewer from
one address, so that pages, probes and other senders always find a thread.
"""

import itertools
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import structlog

from apps.common.http import address_of, problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LOOK_SECONDS: Final = 1.0
_SLOW_SECONDS: Final = 0.5
"""A body that takes longer is not merely waiting for its turn in a busy process."""
_BYTES_PER_SECOND: Final = 10_000
"""A body that arrives at least this fast is never late, however large it is."""
_PIECE: Final = 1 << 16
_DESCRIPTORS: Final = "/dev/fd"
_LAST_DATA_RECEIVED: Final = 52
"""Where Linux's `struct tcp_info` (linux/tcp.h) says for how many milliseconds nothing has arrived."""
_MAPPED: Final = "::ffff:"

log = structlog.get_logger(__name__)


class LateBodyError(TimeoutError):
    """The body did not arrive in time; the connection was half-closed to end the wait."""


class CrowdedError(LateBodyError):
    """Too many bodies are being read already; this one was not."""


class Reading:
    """A body that is being read."""

    __slots__ = ("address", "due", "is_late", "port", "sender", "since")

    def __init__(self, address: str, port: int, sender: str, since: float, due: float) -> None:
        """Note the connection, who sends over it (another behind a proxy), since when, and until when it may."""
        self.address = address
        self.sender = sender
        self.port = port
        self.since = since
        self.due = due
        self.is_late = False


class Watchman:
    """Looks at the bodies being read and ends those that are late."""

    def __init__(self, *, seconds: float, threads: int) -> None:
        """Take how long a body may take, and how many threads read and work."""
        self.seconds = seconds
        self._most = max(1, threads * 3 // 4)
        """The other threads are needed for everything that has no body."""
        self._most_of_one = (self._most + 1) // 2
        self._readings: dict[int, Reading] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._waiting = 0
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, address: str, port: int, sender: str, seconds: float) -> tuple[int, Reading]:
        """Take a body under watch that has so long. The watch starts with the first one.

        Raises CrowdedError.
        """
        if self._thread is None:
            self._start()
        with self._changed:
            if not self._has_room(sender):
                self._wait_for_room(sender)
            now, number = time.monotonic(), next(self._numbers)
            reading = self._readings[number] = Reading(address, port, sender, now, now + seconds)
        return number, reading

    def end(self, number: int) -> None:
        """Let a body go, however its reading ended."""
        with self._changed:
            del self._readings[number]
            if self._waiting:
                self._changed.notify_all()

    def _has_room(self, sender: str, *, begun_by: float = float("inf")) -> bool:
        """Tell whether one more body may be read, as far as those are concerned that began by then."""
        if len(self._readings) < self._most_of_one:
            return True
        senders = [reading.sender for reading in self._readings.values() if reading.since <= begun_by]
        return len(senders) < self._most and senders.count(sender) < self._most_of_one

    def _wait_for_room(self, sender: str) -> None:
        """Wait while those in the way are about to end, as in a burst of small requests; others are not waited for."""
        until = time.monotonic() + _SLOW_SECONDS
        self._waiting += 1
        try:
            while not self._has_room(sender):
                now = time.monotonic()
                if now >= until or not self._has_room(sender, begun_by=now - _SLOW_SECONDS):
                    raise CrowdedError("Too many bodies are being read.")
                self._changed.wait(until - now)
        finally:
            self._waiting -= 1

    def look(self, now: float) -> None:
        """End what is late."""
        with self._changed:
            readings = list(self._readings.values())
        late = [reading for reading in readings if now >= reading.due]
        for address, port in {(reading.address, reading.port) for reading in late}:
            mine = [reading for reading in late if (reading.address, reading.port) == (address, port)]
            is_fed = any(now >= reading.due + self.seconds for reading in mine)
            for reading in mine:
                reading.is_late = True
            closed = half_close(address, port, silent_for=0.0 if is_fed else self.seconds)
            log.warning("request_body.late", address=address, requests=len(mine), connections_closed=closed)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="body-deadline", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            try:
                self.look(time.monotonic())
            except Exception:
                log.exception("request_body.watch_failed")


def half_close(address: str, port: int, *, silent_for: float) -> int:
    """Stop receiving on this process's connections from an address on which nothing came for so many seconds.

    Gives how many those were.
    """
    closed = 0
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - names of descriptors, not files
        with suppress(OSError, ValueError), _connection(int(name)) as connection:
            if (
                connection.family in {socket.AF_INET, socket.AF_INET6}
                and connection.getsockname()[1] == port
                and connection.getpeername()[0].removeprefix(_MAPPED) == address
                and _silence(connection) >= silent_for
            ):
                connection.shutdown(socket.SHUT_RD)
                closed += 1
    return closed


@contextmanager
def _connection(descriptor: int) -> Iterator[socket.socket]:
    """Hold a connection by a descriptor of our own, so that it cannot become another's in the meantime."""
    copy = os.dup(descriptor)
    try:
        connection = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    with connection:
        yield connection


def _silence(connection: socket.socket) -> float:
    """Say for how many seconds nothing has arrived; where the system cannot tell, for ever."""
    if not hasattr(socket, "TCP_INFO"):
        return float("inf")
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_RECEIVED + 4)
    milliseconds: int = struct.unpack_from("=I", told, _LAST_DATA_RECEIVED)[0]
    return milliseconds / 1_000


class _WatchedBody:
    """`wsgi.input` under watch. What has arrived buys more time for what has not."""

    __slots__ = ("_address", "_port", "_seconds_left", "_sender", "_source", "_watchman", "late")

    def __init__(self, environ: "WSGIEnvironment", watchman: Watchman) -> None:
        self._source: Any = environ["wsgi.input"]
        self._watchman = watchman
        self._address: str = environ.get("REMOTE_ADDR", "")
        self._port = int(environ.get("SERVER_PORT") or 0)
        self._sender = address_of(environ) or self._address
        self._seconds_left = watchman.seconds
        self.late: LateBodyError | None = None

    def read(self, size: int | None = -1) -> bytes:
        """Read so many bytes, or all there are. Raises LateBodyError."""
        wanted = sys.maxsize if size is None or size < 0 else size
        number, reading = self._begin()
        try:
            body: bytes = self._source.read(min(wanted, _PIECE))
            if len(body) == _PIECE < wanted:
                body = self._read_on(body, wanted, reading)
        finally:
            self._end(number, reading)
        return body

    def readline(self, *_hint: int) -> bytes:
        """Read to the end of a line. Raises LateBodyError."""
        number, reading = self._begin()
        try:
            line: bytes = self._source.readline()
            reading.due += len(line) / _BYTES_PER_SECOND
        finally:
            self._end(number, reading)
        return line

    def readlines(self, *_hint: int) -> list[bytes]:
        """Read every line."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        """Read line by line."""
        return iter(self.readline, b"")

    def _read_on(self, piece: bytes, wanted: int, reading: Reading) -> bytes:
        pieces = []
        while piece:
            pieces.append(piece)
            wanted -= len(piece)
            reading.due += len(piece) / _BYTES_PER_SECOND
            piece = self._source.read(min(wanted, _PIECE)) if wanted else b""
        return b"".join(pieces)

    def _begin(self) -> tuple[int, Reading]:
        try:
            return self._watchman.begin(self._address, self._port, self._sender, self._seconds_left)
        except CrowdedError as exc:
            self.late = exc
            raise

    def _end(self, number: int, reading: Reading) -> None:
        self._watchman.end(number)
        self._seconds_left = reading.due - time.monotonic()
        if reading.is_late:
            self.late = LateBodyError("The body did not arrive in time.")
            raise self.late


class BodyDeadline:
    """Bounds how long the bodies of requests may take to arrive, for whatever stands behind it."""

    def __init__(self, inside: "WSGIApplication", *, seconds: float, threads: int) -> None:
        """Take what serves the requests, how long a body may take, and how many threads there are."""
        self._inside = inside
        self._watchman = Watchman(seconds=seconds, threads=threads)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("CONTENT_LENGTH", "0") == "0" and "HTTP_TRANSFER_ENCODING" not in environ:
            return self._inside(environ, start_response)
        body = environ["wsgi.input"] = _WatchedBody(environ, self._watchman)
        told: list[str] = []

        def start(status: str, *rest: Any) -> Any:  # noqa: ANN401 - handed on
            told.append(status)
            return start_response(status, *rest)

        answer = self._inside(environ, start)
        is_crowded = isinstance(body.late, CrowdedError)
        if body.late is None or (told[-1].startswith("408") and not is_crowded):
            return answer
        # Whatever was made of half a body does not matter.
        if hasattr(answer, "close"):
            answer.close()
        if is_crowded:
            return _refusal(start_response, 503, "too_many_slow_bodies", "Too many bodies arrive slowly.", body.late)
        return _refusal(start_response, 408, "body_timeout", "The body did not arrive in time.", body.late)


def _refusal(
    start_response: "StartResponse", status: int, code: str, detail: str, error: LateBodyError
) -> Iterable[bytes]:
    answer = problem(status, code, detail)
    headers = [("Content-Type", answer["Content-Type"]), ("Content-Length", str(len(answer.content)))]
    if status == 503:  # noqa: PLR2004 - Service Unavailable
        headers.append(("Retry-After", "5"))
    start_response(f"{status} {answer.reason_phrase}", headers, (type(error), error, error.__traceback__))  # type: ignore[arg-type]  # was raised, so has one
    return [answer.content]
