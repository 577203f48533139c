"""A server killed in the middle of inserts comes back with every acknowledged row, and none twice."""

import shutil
import signal
import threading
from pathlib import Path

from clickhouse_driver import Client
from clickhouse_driver.errors import NetworkError

from apps.clickhouse.embedded.testing import free_port, running_server

ROUNDS = 3
ROWS = 60
TABLE = """
    CREATE TABLE IF NOT EXISTS events (id UInt64, part UInt8, text String) ENGINE = MergeTree
    PARTITION BY part ORDER BY id SETTINGS non_replicated_deduplication_window = 10000
"""


def insert(client: Client, batch: int) -> None:
    """Insert a batch of three partitions under its own token."""
    numbers = range(batch * ROWS, (batch + 1) * ROWS)
    columns = [[*numbers], [number % 3 for number in numbers], [f"text {number}" * 20 for number in numbers]]
    settings = {"insert_deduplication_token": f"batch-{batch}"}
    client.execute("INSERT INTO events VALUES", columns, columnar=True, settings=settings)


class Writer(threading.Thread):
    """Inserts batch after batch until the server is gone, and remembers what it was told."""

    def __init__(self, port: int, first: int) -> None:
        super().__init__(daemon=True)
        self._client = Client("127.0.0.1", port)
        self._next = first
        self.acknowledged: list[int] = []
        self.in_doubt = first

    def run(self) -> None:
        while True:
            self.in_doubt = self._next
            try:
                insert(self._client, self._next)
            except (OSError, EOFError, NetworkError):
                break
            self.acknowledged.append(self._next)
            self._next += 1
        self._client.disconnect()


def test_kill__in_the_middle_of_inserts__loses_no_acknowledged_row_and_repeats_none(tmp_path: Path) -> None:
    sent: set[int] = set()
    for number in range(ROUNDS):
        # Given writers in full flow
        port = free_port()
        with running_server(tmp_path, port=port) as server:
            client = Client("127.0.0.1", port)
            client.execute(TABLE)
            writers = [Writer(port, (number * 3 + own) * 100_000) for own in range(3)]
            for writer in writers:
                writer.start()
            while sum(len(writer.acknowledged) for writer in writers) < 15:
                assert any(writer.is_alive() for writer in writers)

            # When the server is killed, comes back, and is sent again what it did not acknowledge
            server.process.send_signal(signal.SIGKILL)
            for writer in writers:
                writer.join(30)
            client.disconnect()
        with running_server(tmp_path) as server:
            client = Client(server.host, server.port)
            for writer in writers:
                insert(client, writer.in_doubt)
                sent |= {*writer.acknowledged, writer.in_doubt}
            found = client.execute(
                f"SELECT intDiv(id, {ROWS}) AS batch, count(), uniqExact(id) FROM events GROUP BY batch"
            )
            client.disconnect()

        # Then every batch is there whole, and once
        assert {batch for batch, _, _ in found} == sent
        assert {(count, unique) for _, count, unique in found} == {(ROWS, ROWS)}


def test_token__noted_for_rows_that_a_kill_took__does_not_swallow_them_when_sent_again(tmp_path: Path) -> None:
    # Given a server that was killed after it had noted a block, and before its rows were in place
    with running_server(tmp_path) as server:
        client = Client(server.host, server.port)
        client.execute(TABLE)
        insert(client, 0)
        insert(client, 1)
        client.disconnect()
    (lost,) = tmp_path.glob("store/*/*/1_2_2_0")
    shutil.rmtree(lost)

    # When both batches are sent again
    with running_server(tmp_path) as server:
        client = Client(server.host, server.port)
        insert(client, 0)
        insert(client, 1)
        rows = client.execute("SELECT count(), uniqExact(id) FROM events")
        client.disconnect()

    # Then the lost rows are in and the others are not doubled
    assert rows == [(2 * ROWS, 2 * ROWS)]
