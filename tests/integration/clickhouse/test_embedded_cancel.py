"""Statements end when their client says so, goes away, or their time is over."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from apps.clickhouse.embedded.testing import RunningServer

ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"


def running(client: Client, marker: str) -> int:
    """Count the statements under way that carry a marker."""
    found = "position(query, %(marker)s) > 0 AND position(query, 'processes') = 0"
    sql = f"SELECT count() FROM system.processes WHERE {found}"
    rows: list[tuple[int]] = client.execute(sql, {"marker": marker})
    return rows[0][0]


def wait_for(count: int, client: Client, marker: str) -> None:
    """Wait until so many statements with a marker are under way."""
    deadline = time.monotonic() + 20
    while running(client, marker) != count:
        assert time.monotonic() < deadline, f"not {count} of {marker} after 20 seconds"
        time.sleep(0.02)


def in_background(client: Client, sql: str, **options: object) -> tuple[threading.Thread, list[object]]:
    """Run a statement in a thread; its result or error goes into the list."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(client.execute(sql, **options))
        except Exception as exc:  # noqa: BLE001 - whatever it is, the test looks at it
            results.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, results


def test_time_limit__of_one_query__ends_it_with_timeout_exceeded(client: Client) -> None:
    for sql in (ENDLESS, f"INSERT INTO FUNCTION null('a UInt64') {ENDLESS}"):
        with pytest.raises(ServerException) as caught:
            client.execute(sql, settings={"max_execution_time": 0.5})
        assert caught.value.code == 159
    assert client.execute("SELECT getSetting('max_execution_time')") == [(0,)]


def test_cancel__while_the_engine_computes__ends_the_stream(connect: Callable[..., Client]) -> None:
    # Given a statement that gives no row for a very long time
    asking, watching = connect(), connect()
    asking.execute("SELECT 1")
    asking.connection.send_query(f"{ENDLESS} /* computing */")
    asking.connection.send_external_tables(None)
    wait_for(1, watching, "/* computing */")

    # When its client cancels
    asking.connection.send_cancel()

    # Then the stream ends without an error and the connection lives
    assert asking.receive_result() == []
    wait_for(0, watching, "/* computing */")
    assert asking.execute("SELECT 1") == [(1,)]


def test_cancel__in_the_middle_of_a_result__ends_the_stream(connect: Callable[..., Client]) -> None:
    asking, watching = connect(), connect()
    rows = asking.execute_iter("SELECT number FROM numbers(100000000000) /* flowing */", settings={"max_threads": 1})
    assert next(rows) == (0,)

    asking.cancel()

    wait_for(0, watching, "/* flowing */")
    assert asking.execute("SELECT 1") == [(1,)]


def test_client__that_goes_away__takes_its_statement_with_it(connect: Callable[..., Client]) -> None:
    leaving, watching = connect(), connect()
    leaving.connection.force_connect()
    leaving.connection.send_query(f"{ENDLESS} /* abandoned */")
    leaving.connection.send_external_tables(None)
    wait_for(1, watching, "/* abandoned */")

    leaving.disconnect()

    wait_for(0, watching, "/* abandoned */")


def test_kill_query__by_the_clients_id__ends_that_statement_alone(connect: Callable[..., Client]) -> None:
    # Given two statements under way
    first, second, killer = connect(), connect(), connect()
    thread, results = in_background(first, f"{ENDLESS} /* killed */", query_id="one'1")
    other, _ = in_background(second, f"{ENDLESS} /* spared */", query_id="two")
    wait_for(1, killer, "/* killed */")
    wait_for(1, killer, "/* spared */")

    # When one is killed
    assert len(killer.execute("KILL QUERY WHERE query_id = 'one\\'1' ASYNC")) == 1
    thread.join(20)

    # Then its client learns so, and the other goes on
    (error,) = results
    assert isinstance(error, ServerException)
    assert error.code == 394
    assert running(killer, "/* spared */") == 1
    killer.execute("KILL QUERY WHERE query_id = 'two' SYNC")
    other.join(20)
    assert first.execute("SELECT 1") == [(1,)]


def test_cancel__in_the_middle_of_an_insert__leaves_nothing(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt64")
    client.execute("SELECT 1")
    client.connection.send_query(f"INSERT INTO {name} VALUES")
    client.connection.send_external_tables(None)
    block = client.receive_sample_block()
    assert block.columns_with_types == [("a", "UInt64")]

    client.connection.send_cancel()

    assert client.receive_result() == []
    assert client.execute(f"SELECT count() FROM {name}") == [(0,)]


def test_partly_read_result__then_another_query__reconnects(connect: Callable[..., Client]) -> None:
    client = connect()
    rows = client.execute_iter("SELECT number FROM numbers(10000000)")
    next(rows)

    with suppress(Exception):
        client.execute("SELECT 1")

    assert client.execute("SELECT 2") == [(2,)]


def test_statements__of_many_connections__run_at_the_same_time(
    connect: Callable[..., Client], embedded: RunningServer
) -> None:
    # Given one that takes long, the others are not held up by it
    busy, watching = connect(), connect()
    thread, _ = in_background(busy, f"{ENDLESS} /* busy */", query_id="busy")
    wait_for(1, watching, "/* busy */")

    results = [in_background(connect(), "SELECT sum(number) FROM numbers(1000)") for _ in range(20)]

    for worker, _ in results:
        worker.join(30)
    assert [result for _, result in results] == [[[(499500,)]]] * 20
    assert running(watching, "/* busy */") == 1
    watching.execute("KILL QUERY WHERE query_id = 'busy' ASYNC")
    thread.join(20)
    assert embedded.process.poll() is None


def test_cancel__again_and_again__never_hits_the_next_statement(client: Client) -> None:
    for number in range(40):
        rows = client.execute_iter("SELECT number FROM numbers(100000000)", settings={"max_block_size": 1000})
        next(rows)
        client.cancel()

        assert client.execute(f"SELECT {number}, sleep(0.02)") == [(number, 0)]
