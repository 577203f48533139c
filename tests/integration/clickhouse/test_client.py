"""The one door to ClickHouse, against the real engine."""

import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from apps.clickhouse import client, errors
from apps.clickhouse.pool import Pool
from apps.clickhouse.statement import Statement, identifier
from tests.factories.events import Sent, at, insert
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("clickhouse")

ENDLESS = Statement.unscoped("SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) = 1")


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Listen, take the connection and never say a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def ask(sql: str, **params: object) -> list[tuple[object, ...]]:
    return client.run(Statement.unscoped(sql, params)).rows


def test_run__of_a_question__gives_names_types_rows_and_cost() -> None:
    # When
    result = client.run(Statement.unscoped("SELECT number AS n, toString(number) AS t FROM numbers(3)"), tag="test")

    # Then
    assert result.columns == ("n", "t")
    assert result.types == ("UInt64", "String")
    assert result.dicts() == [{"n": 0, "t": "0"}, {"n": 1, "t": "1"}, {"n": 2, "t": "2"}]
    assert result.seconds > 0


def test_run__over_stored_rows__counts_what_it_read(project_id: int) -> None:
    # Given
    insert(project_id, [Sent("seen", f"p{n}", at("2026-01-05T00:00")) for n in range(10)])

    # When
    statement = Statement("SELECT uuid FROM events WHERE project_id = %(project_id)s", {"project_id": project_id})
    result = client.run(statement)

    # Then
    assert len(result.rows) == 10
    assert result.rows_read >= 10
    assert result.bytes_read > 0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("it's \\ % %(x)s ` \" \0\n\t", "it's \\ % %(x)s ` \" \0\n\t"),
        ("čaj ☕ 𝄞", "čaj ☕ 𝄞"),
        ("", ""),
        (None, None),
        (-5, -5),
        (2**63, 2**63),
        (0.1, 0.1),
        (1.0, 1.0),
        (True, True),
        (UUID(int=7), UUID(int=7)),
        (Decimal("12.34"), 12.34),
        (date(1960, 2, 3), date(1960, 2, 3)),
        (
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ),
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)),
        (["a'b", ""], ["a'b", ""]),
        ([], []),
    ],
)
def test_run__value_sent_and_read_back__is_the_same(value: object, expected: object) -> None:
    # When
    ((read,),) = ask("SELECT %(value)s", value=value)

    # Then
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("value", "choices", "is_in"), [("a", ("a",), 1), ("a", (), 0), ("a'", ("a'", "b"), 1), (-1, (-1, 2), 1)]
)
def test_run__choice_of_values__is_what_in_takes(value: object, choices: tuple[object, ...], is_in: int) -> None:
    # When / Then
    assert ask("SELECT %(v)s IN %(c)s, %(v)s NOT IN %(c)s", v=value, c=choices) == [(is_in, 1 - is_in)]


@pytest.mark.parametrize("name", ["a b", "`; DROP TABLE events --", "50% off", "it's", '"', "\\", "\0", "SELECT", "ž"])
def test_identifier__hostile_name_as_alias__comes_back_whole(name: str) -> None:
    # When
    result = client.run(Statement.unscoped(f"SELECT 1 AS {identifier(name)}"))

    # Then
    assert result.columns == (name,)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELEC 1", errors.QuerySyntaxError),
        ("SELECT nobody", errors.UnknownNameError),
        ("SELECT * FROM nowhere", errors.UnknownNameError),
        ("SELECT nofunction(1)", errors.UnknownNameError),
        ("SELECT toUUID('x')", errors.QueryTypeError),
        ("SELECT 1 + 'a'", errors.QueryTypeError),
        ("SELECT number FROM numbers(2000000)", errors.TooManyRowsError),
        ("SELECT throwIf(1)", errors.ClickHouseError),
    ],
)
def test_run__what_the_server_refuses__is_an_error_of_its_kind(sql: str, kind: type[errors.ClickHouseError]) -> None:
    # When
    with pytest.raises(errors.ClickHouseError) as caught:
        ask(sql)

    # Then: and the connection is as good as before
    assert type(caught.value) is kind
    assert caught.value.code > 0
    assert "Stack trace" not in caught.value.message
    assert ask("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE events", "CREATE TABLE x (a UInt8) ENGINE = Memory", "INSERT INTO dead_letters (code) SELECT 'x'"],
)
def test_run__of_a_statement_that_writes__is_refused(sql: str) -> None:
    # When / Then
    with pytest.raises(errors.AccessDeniedError):
        ask(sql)
    assert ask("SELECT count() > 0 FROM system.tables WHERE name = 'events'") == [(1,)]


def test_run__longer_than_its_timeout__is_stopped_by_the_server() -> None:
    # When / Then
    with pytest.raises(errors.QueryTimeoutError):
        client.run(ENDLESS, timeout=0.3)
    assert ask("SELECT 1") == [(1,)]


def test_run__with_more_memory_than_it_may__is_stopped() -> None:
    # Given
    greedy = Statement.unscoped(
        "SELECT uniqExact(number) FROM numbers(50000000)", settings={"max_memory_usage": 10_000_000}
    )

    # When / Then
    with pytest.raises(errors.QueryMemoryError):
        client.run(greedy)


def test_cancel__of_a_query_of_this_process__ends_it() -> None:
    # Given
    query_id, outcome = str(uuid4()), []

    def work() -> None:
        try:
            client.run(ENDLESS, query_id=query_id)
        except errors.ClickHouseError as exc:
            outcome.append(exc)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: query_id in client._running, what="the query")

    # When
    was_running = client.cancel(query_id)
    thread.join(20)

    # Then
    assert was_running
    assert [type(exc) for exc in outcome] == [errors.QueryCancelledError]
    assert not client._running


def test_cancel__of_a_query_nobody_runs__is_false() -> None:
    # When / Then
    assert client.cancel(str(uuid4())) is False


def test_ping__of_a_server_that_runs__gives_its_version() -> None:
    # When / Then
    assert client.ping()[0].isdigit()


def test_insert__columns_of_different_length__is_refused() -> None:
    # When / Then
    with pytest.raises(ValueError, match="one length"):
        client.insert("dead_letters", {"code": ["a"], "reason": []})


def test_insert__of_no_rows__does_nothing() -> None:
    # When / Then
    client.insert("nowhere", {"code": []})


def test_insert__value_that_does_not_fit__is_refused_and_leaves_the_connection_usable() -> None:
    # When
    with pytest.raises(Exception, match=r"(?i)int|argument|format|struct"):
        client.insert("dead_letters", {"project_id": ["no number"]})

    # Then
    client.insert("events_landing", {"project_id": []})
    assert ask("SELECT 1") == [(1,)]


def test_pool__more_threads_than_places__all_get_their_own_answer() -> None:
    # Given
    answers: dict[int, object] = {}

    def work(number: int) -> None:
        answers[number] = ask("SELECT %(n)s, sleepEachRow(0.01)", n=number)[0][0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(40)]

    # When
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    # Then
    assert answers == {number: number for number in range(40)}
    assert len(client.readers()._idle) <= client.readers().size


def test_pool__all_places_taken__says_so(clickhouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    monkeypatch.setattr("apps.clickhouse.pool.LEASE_SECONDS", 0.05)
    small = Pool(clickhouse, size=1)

    # When / Then
    with small.lease() as lent, pytest.raises(errors.ClickHouseUnavailableError, match="busy"), small.lease():
        lent.disconnect()


def test_pool__connection_that_was_idle_for_long__is_not_lent_again(
    clickhouse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    pool = Pool(clickhouse)
    with pool.lease() as first:
        first.execute("SELECT 1")

    # When
    monkeypatch.setattr("apps.clickhouse.pool.IDLE_SECONDS", 0)
    with pool.lease() as second:
        # Then
        assert second is not first
        assert not first.connection.connected
    pool.close()


def test_pool__in_a_forked_child__starts_empty(clickhouse: str) -> None:
    # Given
    pool = Pool(clickhouse)
    with pool.lease() as parents:
        parents.execute("SELECT 1")

    # When
    child = os.fork()
    if not child:
        with pool.lease() as own:
            os._exit(0 if own is not parents and own.execute("SELECT 1") == [(1,)] else 1)

    # Then
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with pool.lease() as again:
        assert again is parents
        assert again.execute("SELECT 2") == [(2,)]
    pool.close()


def test_run__connection_cut_while_idle__is_made_again() -> None:
    # Given
    assert ask("SELECT 1") == [(1,)]
    for lent, _ in client.readers()._idle:
        lent.connection.socket.shutdown(socket.SHUT_RDWR)

    # When / Then
    assert ask("SELECT 2") == [(2,)]


def test_run__server_that_says_nothing__is_an_error_in_time(monkeypatch: pytest.MonkeyPatch, silent_port: int) -> None:
    # Given
    monkeypatch.setattr(
        client,
        "readers",
        lambda: Pool(f"clickhouse://a:b@127.0.0.1:{silent_port}/c?connect_timeout=1&send_receive_timeout=1"),
    )
    monkeypatch.setattr(client, "SOCKET_GRACE_SECONDS", 0.2)

    # When / Then: and the test itself ends
    with pytest.raises(errors.ClickHouseUnavailableError):
        client.run(Statement.unscoped("SELECT 1"), timeout=0.1)


@pytest.mark.timeout(60)
def test_run__server_that_does_not_greet__is_given_up_long_before_a_question_is(
    monkeypatch: pytest.MonkeyPatch, silent_port: int
) -> None:
    # Given a question that may take ten minutes
    monkeypatch.setattr("apps.clickhouse.pool.CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(client, "readers", lambda: Pool(f"clickhouse://a:b@127.0.0.1:{silent_port}/c"))

    # When / Then: the test ends within its minute
    with pytest.raises(errors.ClickHouseUnavailableError):
        client.run(Statement.unscoped("SELECT 1"), timeout=600)


def test_run__server_that_greeted__may_be_silent_as_long_as_the_question_may_take(
    monkeypatch: pytest.MonkeyPatch, clickhouse: str
) -> None:
    # Given
    pool = Pool(clickhouse)
    monkeypatch.setattr(client, "readers", lambda: pool)

    # When
    client.run(Statement.unscoped("SELECT 1"), timeout=600)

    # Then
    assert pool._idle[0][0].connection.socket.gettimeout() == 600 + client.SOCKET_GRACE_SECONDS


def test_run__nobody_listening__is_unavailable(monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    # Given
    monkeypatch.setattr(client, "readers", lambda: Pool(f"clickhouse://a:b@127.0.0.1:{unused_port}/c"))

    # When / Then
    with pytest.raises(errors.ClickHouseUnavailableError, match="cannot be reached"):
        client.ping()


def test_run__wrong_password__is_access_denied(monkeypatch: pytest.MonkeyPatch, clickhouse: str) -> None:
    # Given
    head, _, tail = clickhouse.rpartition("@")
    user = head.rpartition(":")[0]
    monkeypatch.setattr(client, "readers", lambda: Pool(f"{user}:wrong@{tail}"))

    # When / Then
    with pytest.raises(errors.AccessDeniedError):
        client.ping()
