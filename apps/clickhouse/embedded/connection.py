"""One client's connection: greeting, queries, inserts, pings, until it leaves or stops making sense."""

import hmac
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from apps.clickhouse.embedded import guard, packets
from apps.clickhouse.embedded.answer import answer_query
from apps.clickhouse.embedded.engine import Session
from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.inserting import answer_insert
from apps.clickhouse.embedded.layout import UnknownLayoutError, read_block
from apps.clickhouse.embedded.packets import Client
from apps.clickhouse.embedded.wire import ClientGoneError, Reader, WireError, socket_refill

if TYPE_CHECKING:
    from apps.clickhouse.embedded.server import Server

logger = logging.getLogger(__name__)

HELLO_SECONDS: Final = 10
IDLE_SECONDS: Final = 3600
TRANSFER_SECONDS: Final = 300
LINGER_SECONDS: Final = 2
LINGER_BYTES: Final = 1 << 24

AUTHENTICATION_FAILED: Final = 516
UNKNOWN_PACKET: Final = 99
TOO_MANY: Final = 202
HTTP_METHODS: Final = (b"GET ", b"POST", b"HEAD", b"PUT ", b"OPTI")
WRONG_PORT: Final = (
    b"HTTP/1.0 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
    b"This port speaks ClickHouse's native protocol, not HTTP.\r\n"
)


class Connection:
    """The server's side of one socket, run by a thread of its own."""

    def __init__(self, server: "Server", sock: socket.socket, number: int) -> None:
        self.server = server
        self.sock = sock
        self.number = number
        self.lock = threading.Lock()
        self.statement = 0  # counts up, so that a late cancel never hits the next one
        self.executing = False
        self.cancelled = False
        self.authenticated = False
        self.query_id = ""
        self.revision = packets.REVISION
        self.reader = Reader(socket_refill(sock))
        self._session: Session | None = None
        self._guarded = False
        self.forced: Mapping[str, str] = {}

    @property
    def session(self) -> Session:
        """This connection's session in the engine, there once the client is authenticated."""
        if self._session is None:
            raise RuntimeError("no session before authentication")
        return self._session

    def serve(self) -> None:
        """Speak until the client leaves; nothing a client sends gets out of here as an exception."""
        try:
            self.sock.settimeout(HELLO_SECONDS)
            if self._greet():
                self._loop()
        except ClientGoneError:
            pass
        except EngineError as exc:  # one after which the bytes that follow cannot be read
            self._farewell(exc)
        except UnknownLayoutError as exc:
            self._farewell(EngineError.refuse(f"{exc}; insert a String and let the table convert it."))
        except WireError as exc:
            logger.warning("connection.refused", extra={"connection": self.number, "reason": str(exc)})
            self._farewell(EngineError.refuse(f"Unexpected bytes from the client: {exc}.", UNKNOWN_PACKET))
        except Exception:
            logger.exception("connection.failed", extra={"connection": self.number})
            self._farewell(EngineError.refuse("The embedded server failed on this connection.", 1002))
        finally:
            if self._session is not None:
                self._session.close()
            self.sock.close()
            self.server.forget(self)

    def send(self, *pieces: bytes) -> None:
        """Send packets; a peer that is gone or does not read ends the connection."""
        try:
            self.sock.sendall(b"".join(pieces) if len(pieces) > 1 else pieces[0])
        except OSError as exc:
            raise ClientGoneError(str(exc)) from exc

    def _farewell(self, error: EngineError) -> None:
        """Say why, then read what the client is still sending for a moment: closing at once would reset it."""
        with suppress(ClientGoneError, OSError):
            self.send(packets.exception(error))
            self.sock.shutdown(socket.SHUT_WR)
            self.sock.settimeout(LINGER_SECONDS)
            left = LINGER_BYTES
            while left > 0 and (piece := self.sock.recv(1 << 16)):
                left -= len(piece)

    def _greet(self) -> bool:
        self.reader.wait()
        if self.reader.pending[:4] in HTTP_METHODS:
            self.send(WRONG_PORT)
            return False
        hello = packets.read_hello(self.reader)
        self.revision = min(hello.revision, packets.REVISION)
        credentials = self.server.users.get(hello.user)
        # A comparison happens for unknown users too, so that the time taken tells nothing about names.
        expected = credentials.password if credentials else ""
        same = hmac.compare_digest(expected.encode(), hello.password.encode("utf-8", "surrogateescape"))
        if not same or credentials is None:
            sentence = (
                f"{hello.user}: Authentication failed: password is incorrect, or there is no user with such name."
            )
            self._farewell(EngineError.refuse(sentence, AUTHENTICATION_FAILED))
            return False
        if not self.server.admit(self):
            self._farewell(EngineError.refuse("Too many connections to the embedded server.", TOO_MANY))
            return False
        try:
            self.forced = credentials.settings
            self._session = self.server.engine.session(self.number, self.forced)
            self._session.use(hello.database or self.server.database)
            self._guarded = credentials.guarded
            if self._guarded and self._session.database == guard.FILES:
                raise guard.denied("the database default")
        except EngineError as exc:
            self._farewell(exc)
            return False
        engine = self.server.engine
        self.send(packets.hello(self.revision, engine.version, engine.timezone, packets.DISPLAY_NAME))
        return True

    def _loop(self) -> None:
        while not self.server.stopping:
            self.sock.settimeout(IDLE_SECONDS)
            self.reader.wait()
            self.sock.settimeout(TRANSFER_SECONDS)
            kind = self.reader.varint()
            if kind == Client.PING:
                self.send(packets.PONG)
            elif kind == Client.QUERY:
                self._query()
            elif kind != Client.CANCEL:  # a late cancel of a query that is over
                raise WireError(f"packet number {kind} is not understood here")

    def _query(self) -> None:
        query = packets.read_query(self.reader, self.revision, self._setting_type)
        if query.compressed:
            sentence = "Compression is not supported by the embedded server; connect with compression turned off."
            raise EngineError.refuse(sentence)
        external = self._skip_external_tables()
        try:
            if external:
                raise EngineError.refuse("External tables are not supported by the embedded server.")
            if query.stage != packets.COMPLETE_STAGE:
                raise EngineError.refuse("The embedded server answers complete queries only, not those of a cluster.")
            if self._guarded:
                guard.check(query.text, self.server.engine.table_functions(self.session))
            with self.executing_query(query.query_id):
                if not answer_insert(self, query):
                    answer_query(self, query)
        except EngineError as exc:
            if not self.cancelled:
                self.send(packets.exception(exc))
                return
        self.send(packets.END_OF_STREAM)

    def _setting_type(self, name: str) -> str | None:
        return self.server.engine.setting_type(name, self.session)

    def _skip_external_tables(self) -> bool:
        """Consume the blocks that come before the query runs; True when there was more than the closing one."""
        found = False
        while True:
            kind = self.reader.varint()
            if kind == Client.CANCEL:
                continue
            if kind != Client.DATA:
                raise WireError(f"packet number {kind} where the external tables should end")
            packets.read_data_start(self.reader, self.revision)
            if not read_block(self.reader).columns:
                return found
            found = True

    @contextmanager
    def executing_query(self, query_id: str) -> Iterator[None]:
        """Mark the time in which a Cancel packet, a lost client or a stopping server ends the statement."""
        with self.lock:
            self.cancelled = self.reader.pending[:1] == bytes([Client.CANCEL])
            self.query_id = query_id
            self.statement += 1
            self.executing = True
        try:
            yield
        finally:
            with self.lock:
                self.executing = False
                self.query_id = ""

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have the watcher look at the socket while this thread is inside the engine."""
        self.server.watcher.watch(self)
        try:
            yield
        finally:
            self.server.watcher.unwatch(self)

    def note_cancel(self) -> int | None:
        """Tell the watcher which statement to stop, if what the socket has is a Cancel or the client's end."""
        with self.lock:
            if not self.executing:
                return None
            try:
                waiting = self.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            except OSError:
                waiting = b""
            self.cancelled = waiting in (b"", bytes([Client.CANCEL]))
            return self.statement if self.cancelled else None

    def hang_up(self) -> None:
        """Make this connection's thread see the end of its socket."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def hang_up_unless_executing(self) -> None:
        """Hang up on a connection that is between statements."""
        with self.lock:
            if not self.executing:
                with suppress(OSError):
                    self.sock.shutdown(socket.SHUT_RD)
