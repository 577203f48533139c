"""A server killed in the middle of inserts comes back with every acknowledged row, and none twice."""

import signal
import threading
from pathlib import Path

from clickhouse_driver import Client
from clickhouse_driver.errors import NetworkError

from apps.clickhouse.embedded.testing import free_port, running_server

ROUNDS = 2
ROWS = 500
TABLE = """
    CREATE TABLE IF NOT EXISTS events (id UInt64, text String) ENGINE = MergeTree ORDER BY id
    SETTINGS non_replicated_deduplication_window = 1000
"""


def insert_until_killed(port: int, batches: list[int], acknowledged: list[int], first: int) -> None:
    """Insert batches one after another, keeping the numbers of those the server has acknowledged."""
    client = Client("127.0.0.1", port)
    for batch in batches:
        numbers = range(batch * ROWS, (batch + 1) * ROWS)
        rows = [[*numbers], [f"text {number}" * 20 for number in numbers]]
        try:
            settings = {"insert_deduplication_token": f"batch-{batch}"}
            client.execute("INSERT INTO events VALUES", rows, columnar=True, settings=settings)
        except (OSError, EOFError, NetworkError):
            break
        acknowledged.append(batch)
    client.disconnect()
    assert first in batches


def test_kill__in_the_middle_of_inserts__loses_no_acknowledged_row_and_repeats_none(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for round_number in range(ROUNDS):
        # Given two writers in full flow
        port = free_port()
        with running_server(tmp_path, port=port) as server:
            client = Client("127.0.0.1", port)
            client.execute(TABLE)
            before = len(acknowledged)
            start = round_number * 100_000
            writers = [
                threading.Thread(
                    target=insert_until_killed,
                    args=(port, list(range(start + own, start + 100_000, 2)), acknowledged, start + own),
                )
                for own in (0, 1)
            ]
            for writer in writers:
                writer.start()
            while len(acknowledged) < before + 15:
                assert any(writer.is_alive() for writer in writers)

            # When the server is killed
            server.process.send_signal(signal.SIGKILL)
            for writer in writers:
                writer.join(30)
            client.disconnect()

        # Then what comes back holds every acknowledged batch whole, and no batch more than once
        with running_server(tmp_path) as server:
            client = Client(server.host, server.port)
            found = dict(client.execute(f"SELECT intDiv(id, {ROWS}) AS batch, count() FROM events GROUP BY batch"))
            (unique,) = client.execute("SELECT count() = uniqExact(id), uniqExact(text) = count() FROM events")
            client.disconnect()
        assert set(acknowledged) <= set(found)
        assert set(found.values()) == {ROWS}
        assert unique == (1, 1)
