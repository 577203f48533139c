"""A bounded pool of native-protocol connections that threads share and a fork never inherits."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from clickhouse_driver import Client
from clickhouse_driver.util.helpers import parse_url

from apps.clickhouse.errors import ClickHouseUnavailableError
from apps.clickhouse.native.block import Block, send_block, send_end

CONNECT_SECONDS = 5
PING_SECONDS = 3
LEASE_SECONDS = 10
IDLE_SECONDS = 300
"""A connection unused for longer is closed rather than trusted: a balancer in between may have forgotten it."""

_NO_FREE_CONNECTION = 203


class TrackedClient(Client):  # type: ignore[misc]  # the driver is untyped
    """A driver client that tells when its query is wholly sent: only then may another thread send a cancel after it."""

    is_awaiting = False

    def establish_connection(self, settings: Any) -> None:  # noqa: ANN401 - as the driver's
        """Connect as the driver does, but wait for the greeting no longer than a living server takes.

        A query may be silent for a minute; a server that is frozen must be told from one that counts.
        """
        patience = self.connection.send_receive_timeout
        self.connection.send_receive_timeout = min(patience, CONNECT_SECONDS)
        try:
            super().establish_connection(settings)
        finally:
            self.connection.send_receive_timeout = patience
        self.connection.socket.settimeout(patience)

    def send_data(self, sample_block: Any, data: Any, **options: Any) -> Any:  # noqa: ANN401 - as the driver's
        """Send rows as the driver does, or a block that is packed already as it is."""
        if not isinstance(data, Block):
            return super().send_data(sample_block, data, **options)
        send_block(self.connection, data, sample_block.columns_with_types)
        self.receive_profile_events()
        send_end(self.connection)
        self.receive_profile_events()
        return data.rows

    def receive_result(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the driver's
        """Read the answer, as the driver does."""
        self.is_awaiting = True
        try:
            return super().receive_result(*arguments, **options)
        finally:
            self.is_awaiting = False


@dataclass
class Pool:
    """At most `size` connections to one address, made when needed, the warmest lent first.

    The driver pings a connection before each statement and reconnects a dead one, so what is lent answers.
    """

    url: str
    size: int = 16
    _idle: list[tuple[TrackedClient, float]] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _process: int = field(default_factory=os.getpid, repr=False)

    def __post_init__(self) -> None:
        """Count the places."""
        self._places = threading.BoundedSemaphore(self.size)

    @contextmanager
    def lease(self) -> Iterator[TrackedClient]:
        """Lend a connection. Raises ClickHouseUnavailableError when none comes free in time."""
        self._leave_to_parent()
        places = self._places
        if not places.acquire(timeout=LEASE_SECONDS):
            raise ClickHouseUnavailableError(
                _NO_FREE_CONNECTION, f"All {self.size} connections to ClickHouse are busy for {LEASE_SECONDS} s."
            )
        try:
            client = self._take()
            try:
                yield client
            except BaseException:
                # Whatever happened, an answer may be half read: this connection is done.
                client.disconnect()
                raise
            self._give_back(client)
        finally:
            places.release()

    def close(self) -> None:
        """Close what is idle; what is lent closes when it comes back too old."""
        with self._lock:
            idle, self._idle = self._idle, []
        for client, _ in idle:
            client.disconnect()

    def _take(self) -> TrackedClient:
        with self._lock:
            while self._idle:
                client, since = self._idle.pop()
                if time.monotonic() - since < IDLE_SECONDS:
                    return client
                client.disconnect()
        return make_client(self.url)

    def _give_back(self, client: TrackedClient) -> None:
        with self._lock:
            self._idle.append((client, time.monotonic()))

    def _leave_to_parent(self) -> None:
        """Start empty in a forked child: two processes on one socket would read each other's answers."""
        if self._process == os.getpid():
            return
        self._idle, self._lock, self._process = [], threading.Lock(), os.getpid()
        self._places = threading.BoundedSemaphore(self.size)


def make_client(url: str, **overrides: Any) -> TrackedClient:  # noqa: ANN401 - the driver's own keyword arguments
    """Make a driver client for an address as CLICKHOUSE_URL names it; it connects with its first statement."""
    host, options = parse_url(url)
    if urlsplit(url).path in {"", "/"}:
        options.pop("database", None)
    ours = {"connect_timeout": CONNECT_SECONDS, "sync_request_timeout": PING_SECONDS, "tcp_keepalive": True}
    options = ours | {"client_name": "baleen"} | options | overrides
    return TrackedClient(host, **options)
