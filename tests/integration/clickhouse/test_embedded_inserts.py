"""Inserts through clickhouse-driver: rows are in the table exactly when the client is told so."""

from collections.abc import Callable, Iterator

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException


def count(client: Client, table: str) -> int:
    """Count the rows of a table."""
    rows: list[tuple[int]] = client.execute(f"SELECT count() FROM {table}")
    return rows[0][0]


def test_insert__of_a_generator__arrives_in_many_blocks(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt64, b String")

    def rows() -> Iterator[tuple[int, str]]:
        for number in range(25_000):
            yield number, f"row {number}"

    client.execute(f"INSERT INTO {name} (a, b) VALUES", rows(), settings={"insert_block_size": 1000})

    assert client.execute(f"SELECT count(), sum(a), uniqExact(b) FROM {name}") == [(25_000, sum(range(25_000)), 25_000)]


def test_insert__of_columns__keeps_their_order(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt64, b String, c Array(String)")

    client.execute(f"INSERT INTO {name} (c, a) VALUES", [[["x"], [], ["y", "z"]], [1, 2, 3]], columnar=True)

    assert client.execute(f"SELECT * FROM {name} ORDER BY a") == [(1, "", ["x"]), (2, "", []), (3, "", ["y", "z"])]


def test_insert__of_large_values__passes_buffer_borders(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt64, b String, c String")
    rows = [(size, "x" * size, str(size)) for size in (0, 1, 127, 128, 16383, 16384, 262143, 262144, 262145, 3_000_000)]

    client.execute(f"INSERT INTO {name} VALUES", rows * 3)

    found = client.execute(f"SELECT a, length(b), c FROM {name} ORDER BY a")
    assert found == [(size, size, str(size)) for size, _, _ in rows for _ in range(3)]


@pytest.mark.parametrize(
    "form",
    ["VALUES", "FORMAT Native", "FORMAT Values", "SETTINGS max_insert_threads = 1 VALUES", "values ; -- done", ""],
)
def test_insert__in_every_form__takes_the_clients_rows(client: Client, table: Callable[..., str], form: str) -> None:
    name = table("a UInt8, b String")

    client.execute(f"INSERT INTO {name} (a, `b`) {form}", [(1, "x")])
    client.execute(f"INSERT INTO TABLE shop.{name} {form}", [(2, "y")])

    assert client.execute(f"SELECT * FROM {name} ORDER BY a") == [(1, "x"), (2, "y")]


def test_insert__with_rows_in_its_text_or_a_query__needs_none_from_the_client(
    client: Client, table: Callable[..., str]
) -> None:
    name = table("a UInt8, b String DEFAULT 'none'")

    client.execute(f"INSERT INTO {name} (a) VALUES (1), (2)")
    client.execute(f'INSERT INTO {name} FORMAT JSONEachRow {{"a": 3, "b": "VALUES"}}')
    client.execute(f"INSERT INTO {name} SELECT 4, 'FORMAT'")
    client.execute(f"INSERT INTO {name} (a) WITH 5 AS five SELECT five")
    client.execute(f"INSERT INTO {name} (a) (SELECT 6)")

    assert client.execute(f"SELECT a, b FROM {name} ORDER BY a") == [
        (1, "none"),
        (2, "none"),
        (3, "VALUES"),
        (4, "FORMAT"),
        (5, "none"),
        (6, "none"),
    ]


def test_insert__into_special_columns__asks_for_those_that_can_be_given(
    client: Client, table: Callable[..., str]
) -> None:
    name = table("a UInt8, m UInt8 MATERIALIZED a + 1, l UInt8 ALIAS a + 2, d UInt8 DEFAULT 9, `odd, name` String")

    client.execute(f"INSERT INTO {name} VALUES", [(1, 2, "x")])
    client.execute(f"INSERT INTO {name} (* EXCEPT(d)) VALUES", [(3, "y")])
    client.execute(f"INSERT INTO {name} (`odd, name`) VALUES", [("z",)])

    assert client.execute(f"SELECT a, m, l, d, `odd, name` FROM {name} ORDER BY a") == [
        (0, 1, 2, 9, "z"),
        (1, 2, 3, 2, "x"),
        (3, 4, 5, 9, "y"),
    ]


def test_insert__into_a_table_function__works(client: Client) -> None:
    assert client.execute("INSERT INTO FUNCTION null('a UInt8') VALUES", [(1,), (2,)]) == 2


def test_insert__with_the_same_deduplication_token__counts_once(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt64", "ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100")
    sql = f"INSERT INTO {name} VALUES"

    for token, value in (("one", 1), ("one", 2), ("two", 1), ("two", 3)):
        client.execute(sql, [(value,)], settings={"insert_deduplication_token": token})
    client.execute(sql, [(1,)])

    assert client.execute(f"SELECT a FROM {name} ORDER BY a") == [(1,), (1,), (1,)]


def test_insert__of_the_same_block_again__counts_once_where_the_table_asks_for_it(
    client: Client, table: Callable[..., str]
) -> None:
    strict = table("a UInt64", "ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100")
    plain = table("a UInt64")

    for name in (strict, plain):
        for _ in range(2):
            client.execute(f"INSERT INTO {name} VALUES", [(1,), (2,)])

    assert (count(client, strict), count(client, plain)) == (2, 4)


def test_insert__through_a_view_with_a_token__counts_once_in_its_target(
    client: Client, table: Callable[..., str]
) -> None:
    target = table("a UInt64", "ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100")
    landing = table("a UInt64", "ENGINE = Null")
    client.execute(f"CREATE MATERIALIZED VIEW {landing}_view TO {target} AS SELECT a * 10 AS a FROM {landing}")
    settings = {"insert_deduplication_token": "t", "deduplicate_blocks_in_dependent_materialized_views": 1}

    for _ in range(2):
        client.execute(f"INSERT INTO {landing} VALUES", [(1,), (2,)], settings=settings)

    assert client.execute(f"SELECT a FROM {target} ORDER BY a") == [(10,), (20,)]
    client.execute(f"DROP VIEW {landing}_view")


def test_insert__that_fails_in_the_middle__leaves_nothing_and_a_living_connection(
    client: Client, table: Callable[..., str]
) -> None:
    name = table("a UInt64, CONSTRAINT small CHECK a < 90000")

    with pytest.raises(ServerException) as caught:
        client.execute(
            f"INSERT INTO {name} VALUES",
            ((number,) for number in range(100_000)),
            settings={"insert_block_size": 10_000},
        )

    assert caught.value.code == 469
    assert client.execute("SELECT 1") == [(1,)]
    assert count(client, name) == 0


@pytest.mark.parametrize(
    ("columns", "code"), [("(a, absent)", 16), ("(a, a)", 15), ("(m)", 44)], ids=["unknown", "twice", "materialized"]
)
def test_insert__into_columns_that_cannot_be__is_refused(
    client: Client, table: Callable[..., str], columns: str, code: int
) -> None:
    name = table("a UInt8, m UInt8 MATERIALIZED a + 1")

    with pytest.raises(ServerException) as caught:
        client.execute(f"INSERT INTO {name} {columns} VALUES", [(1,) * (columns.count(",") + 1)])

    assert caught.value.code == code
    assert count(client, name) == 0


def test_insert__whose_client_leaves_in_the_middle__leaves_nothing(
    connect: Callable[..., Client], table: Callable[..., str]
) -> None:
    # Given a client that has sent one block of an insert
    name, leaving, staying = table("a UInt64"), connect(), connect()

    class LeavingError(Exception):
        pass

    def rows() -> Iterator[tuple[int]]:
        yield from ((number,) for number in range(5000))
        raise LeavingError

    # When it goes
    with pytest.raises(LeavingError):
        leaving.execute(f"INSERT INTO {name} VALUES", rows(), settings={"insert_block_size": 1000})
    leaving.disconnect()

    # Then the half insert is dropped, and the table can be used at once
    staying.execute(f"INSERT INTO {name} VALUES", [(7,)])
    assert staying.execute(f"SELECT a FROM {name}") == [(7,)]


def test_insert__asked_to_be_asynchronous__is_done_when_acknowledged(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt8")

    for wait in (0, 1):
        settings = {"async_insert": 1, "wait_for_async_insert": wait}
        client.execute(f"INSERT INTO {name} VALUES", [(wait,)], settings=settings)

    assert client.execute(f"SELECT a FROM {name} ORDER BY a") == [(0,), (1,)]


def test_insert__of_nothing__is_no_error(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt8")

    def rows() -> Iterator[tuple[int]]:
        yield from ()

    assert client.execute(f"INSERT INTO {name} VALUES", []) == 0
    assert client.execute(f"INSERT INTO {name} VALUES", rows()) == 0
    assert count(client, name) == 0


def test_external_tables__are_refused_and_the_connection_lives(client: Client) -> None:
    table = {"name": "ext", "structure": [("a", "UInt8"), ("b", "Array(String)")], "data": [{"a": 1, "b": ["x"]}]}

    with pytest.raises(ServerException, match="External tables") as caught:
        client.execute("SELECT * FROM ext", external_tables=[table])

    assert caught.value.code == 48
    assert client.execute("SELECT 1") == [(1,)]
