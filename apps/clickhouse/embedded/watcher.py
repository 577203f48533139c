"""Watches the sockets of connections whose threads are inside the engine, and stops what nobody waits for."""

import logging
import queue
import selectors
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from apps.clickhouse.embedded.errors import EngineError

if TYPE_CHECKING:
    from apps.clickhouse.embedded.connection import Connection
    from apps.clickhouse.embedded.engine import Session

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 0.05
TURN_SECONDS: Final = 1.0


class Watcher:
    """One thread that cancels a statement when its client says so or goes away."""

    def __init__(self, admin: "Session") -> None:
        self._admin = admin
        self._admin_lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._cancelled: queue.SimpleQueue[tuple[Connection, int]] = queue.SimpleQueue()
        self._stopping = False
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """End watching."""
        self._stopping = True
        self._thread.join()

    def watch(self, connection: "Connection") -> None:
        """Look at this connection's socket until `unwatch`."""
        if connection.cancelled:  # the cancel came along with the query
            self._cancelled.put((connection, connection.statement))
        else:
            self._selector.register(connection.sock, selectors.EVENT_READ, connection)

    def unwatch(self, connection: "Connection") -> None:
        """Stop looking; harmless when the watcher already has."""
        with suppress(KeyError, ValueError):
            self._selector.unregister(connection.sock)

    def kill(self, connection: "Connection", statement: int | None = None) -> bool:
        """Stop what the connection is running, if it is that statement or any will do; True while it still ran."""
        with connection.lock:
            if not connection.executing or statement not in (None, connection.statement):
                return False
            with self._admin_lock, suppress(EngineError):
                self._admin.kill(connection.number)
            return True

    def _watch(self) -> None:
        dying: list[tuple[Connection, int]] = []
        while not self._stopping:
            for key, _ in self._selector.select(RETRY_SECONDS if dying else TURN_SECONDS):
                self.unwatch(key.data)
                statement = key.data.note_cancel()
                if statement is not None:
                    dying.append((key.data, statement))
            with suppress(queue.Empty):
                while True:
                    dying.append(self._cancelled.get_nowait())
            # A statement that has only just begun may not be in the engine's list yet: try again until it ends.
            dying = [(connection, statement) for connection, statement in dying if self.kill(connection, statement)]
