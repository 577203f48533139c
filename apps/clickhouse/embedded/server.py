"""The listening side: who may connect, how many at once, and an orderly end."""

import fcntl
import ipaddress
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from apps.clickhouse.embedded.connection import Connection
from apps.clickhouse.embedded.engine import Engine
from apps.clickhouse.embedded.memory import drop_clean_pages
from apps.clickhouse.embedded.watcher import Watcher

logger = logging.getLogger(__name__)

MAX_GREETING: Final = 64
FINISH_SECONDS: Final = 4
CANCEL_SECONDS: Final = 2


class StartError(Exception):
    """Why the server cannot start, in one sentence for a person."""


@dataclass(frozen=True, slots=True)
class User:
    """A password, the settings every session of the user starts with, and whether its SQL is looked at first."""

    password: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """Where the server lives, where it listens and whom it lets in."""

    path: Path
    host: str = "127.0.0.1"
    port: int = 0
    database: str = "default"
    users: Mapping[str, User] = field(default_factory=dict)
    max_connections: int = 128


class Server:
    """The engine on one directory behind one listening socket; one thread a connection."""

    def __init__(self, options: Options) -> None:
        self.users = options.users
        self.database = options.database
        self.stopping = False
        self._max_connections = options.max_connections
        self._lock = threading.Lock()
        self._connections: dict[int, Connection] = {}
        self._numbers = 0
        self._wake_read, self._wake_write = os.pipe()
        self._path_lock = _lock(options.path)
        self._listener = _listen(options.host, options.port)
        self.engine = Engine(options.path, options.database)
        self.watcher = Watcher(self.engine.admin)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]

    def serve_forever(self) -> bool:
        """Accept connections until `stop` is called, then finish them; True when the engine could be closed."""
        self._listener.listen(256)
        self.watcher.start()
        drop_clean_pages()
        logger.info("server.ready", extra={"host": self.address[0], "port": self.address[1]})
        while not self.stopping:
            select.select([self._listener.fileno(), self._wake_read], [], [])
            if not self.stopping:
                self._accept()
        self._listener.close()
        closed = self._finish()
        self.watcher.stop()
        if closed:
            self.engine.close()
        logger.info("server.stopped", extra={"clean": closed})
        return closed

    def stop(self) -> None:
        """Ask the server to end; safe from a signal handler."""
        self.stopping = True
        os.write(self._wake_write, b"x")

    def admit(self, connection: Connection) -> bool:
        """Count an authenticated connection in, unless there are too many."""
        with self._lock:
            if sum(other.authenticated for other in self._connections.values()) >= self._max_connections:
                return False
            connection.authenticated = True
            return True

    def forget(self, connection: Connection) -> None:
        """Drop a connection that has ended."""
        with self._lock:
            self._connections.pop(connection.number, None)

    def running(self) -> dict[str, int]:
        """Map the sessions of the statements under way, by the ids their clients gave them."""
        with self._lock:
            return {other.query_id: number for number, other in self._connections.items() if other.query_id}

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:  # it left again before its turn
            return
        except OSError:
            logger.exception("server.accept_failed")
            time.sleep(0.1)
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._numbers += 1
        connection = Connection(self, sock, self._numbers)
        thread = threading.Thread(target=connection.serve, name=f"connection-{connection.number}", daemon=True)
        with self._lock:
            greeting = [other for other in self._connections.values() if not other.authenticated]
            self._connections[connection.number] = connection
        if len(greeting) >= MAX_GREETING:  # those who only knock make room for the next
            greeting[0].hang_up()
        thread.start()

    def _finish(self) -> bool:
        """Let statements under way end for a few seconds, then cancel them, then hang up; True when all are gone."""
        steps = (
            (FINISH_SECONDS, lambda _: None),
            (CANCEL_SECONDS, self.watcher.kill),
            (CANCEL_SECONDS, Connection.hang_up),
        )
        for seconds, insist in steps:
            for connection in self._all():
                insist(connection)
            deadline = time.monotonic() + seconds
            while self._end_idle() and time.monotonic() < deadline:
                time.sleep(0.02)
        return not self._all()

    def _all(self) -> list[Connection]:
        with self._lock:
            return list(self._connections.values())

    def _end_idle(self) -> int:
        """Hang up on connections that run nothing; how many are left."""
        connections = self._all()
        for connection in connections:
            connection.hang_up_unless_executing()
        return len(connections)


def _lock(path: Path) -> int:
    """Hold the directory for this process alone."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        handle = os.open(path / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise StartError(f"The ClickHouse directory {path} cannot be written: {exc.strerror}.") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        raise StartError(f"The ClickHouse directory {path} is in use by another process.") from exc
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def _listen(host: str, port: int) -> socket.socket:
    """Bind the listening socket, on loopback only: what stands behind it has no other protection."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as exc:
        raise StartError(f"{host} is no address of this machine; use 127.0.0.1 or ::1.") from exc
    if not address.is_loopback:
        raise StartError(f"The embedded ClickHouse listens on loopback only, not on {host}.")
    listener = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)  # noqa: PLR2004
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(address), port))
    except OSError as exc:
        listener.close()
        raise StartError(f"Port {port} on {host} cannot be used for ClickHouse: {exc.strerror}.") from exc
    listener.settimeout(0)
    return listener
