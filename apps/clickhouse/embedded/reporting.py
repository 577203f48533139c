"""Progress of a statement under way, as packets that each say what was read since the one before."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from apps.clickhouse.embedded import packets
from apps.clickhouse.embedded.wire import ClientGoneError

if TYPE_CHECKING:
    from apps.clickhouse.embedded.connection import Connection
    from apps.clickhouse.embedded.engine import Chunk


class Report:
    """Counts what a statement has read, by the engine's calls every 100 ms and by its chunks, and tells the client.

    Both count the same reading, so the client is told of the larger of the two, less what it was told before.
    """

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._told = (0, 0, 0)
        self._chunks = (0, 0)

    def under_way(self, state: Mapping[str, int]) -> None:
        """Take the engine's own count, in the thread that waits for the engine; nothing may be raised into it."""
        with suppress(ClientGoneError):  # the next chunk finds out
            self._tell(state["read_rows"], state["read_bytes"], state["total_rows_to_read"])

    def read(self, chunk: "Chunk", written: tuple[int, int] = (0, 0)) -> None:
        """Take the count of a chunk, and at the end that of the rows written."""
        self._chunks = (self._chunks[0] + chunk.rows_read, self._chunks[1] + chunk.bytes_read)
        self._tell(*self._chunks, 0, written)

    def _tell(self, rows: int, size: int, total: int, written: tuple[int, int] = (0, 0)) -> None:
        news = [max(0, now - told) for now, told in zip((rows, size, total), self._told, strict=True)]
        if not any(news) and not any(written):
            return
        self._told = (self._told[0] + news[0], self._told[1] + news[1], self._told[2] + news[2])
        packet = packets.progress(
            self._connection.revision, read=(news[0], news[1]), total_rows=news[2], written=written
        )
        self._connection.send(packet)
