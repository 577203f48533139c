"""Queries through clickhouse-driver: results, settings, parameters, progress and ClickHouse's own errors."""

from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException


def failure(client: Client, sql: str, **options: object) -> ServerException:
    """Run what must fail and give its error."""
    with pytest.raises(ServerException) as caught:
        client.execute(sql, **options)
    return caught.value


def test_select__of_many_blocks__streams_every_row(client: Client) -> None:
    settings = {"max_block_size": 1000}

    rows = client.execute_iter("SELECT number, toString(number) FROM numbers(50000)", settings=settings)

    assert sum(number for number, _ in rows) == sum(range(50000))


def test_select__with_a_zone_over_many_blocks__names_it_in_each(client: Client) -> None:
    sql = "SELECT toDateTime(number, 'Asia/Tokyo') AS a, toString(number) AS b FROM numbers(200000)"

    rows = client.execute(sql)

    assert len(rows) == 200000
    assert {str(row[0].tzinfo) for row in rows} == {"Asia/Tokyo"}
    assert rows[-1][1] == "199999"


def test_statements__that_are_no_select__give_their_rows(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt8")

    assert (name,) in client.execute("SHOW TABLES")
    assert client.execute(f"DESCRIBE TABLE {name}")[0][:2] == ("a", "UInt8")
    assert client.execute(f"EXISTS TABLE {name}") == [(1,)]
    assert client.execute("EXPLAIN SYNTAX SELECT 1")
    assert client.execute("SHOW TABLES LIKE 'absent'", with_column_types=True) == ([], [("name", "String")])
    assert client.execute(f"ALTER TABLE {name} ADD COLUMN b String") == []
    assert client.execute("WITH 1 AS one SELECT one") == [(1,)]
    assert client.execute("(SELECT 1) UNION ALL (SELECT 1)") == [(1,), (1,)]
    assert client.execute("SELECT 1;") == [(1,)]


def test_format__in_a_query__is_left_to_the_client(client: Client) -> None:
    assert client.execute("SELECT 1 AS x FORMAT JSON") == [(1,)]
    assert client.execute("SELECT format('{}', 'x') AS x FORMAT Vertical SETTINGS max_threads = 1") == [("x",)]


@pytest.mark.parametrize(
    ("sql", "code", "words"),
    [
        ("SELECT * FROM absent", 60, "absent"),
        ("SELECT absent", 47, "absent"),
        ("SELEC 1", 62, "Syntax error"),
        ("SELECT 1; SELECT 2", 62, "Multi-statements"),
        ("SHOW TABLES; DROP TABLE absent", 62, "Multi-statements"),
        ("SELECT throwIf(number = 90000) FROM numbers(100000)", 395, "throwIf"),
        ("SELECT toUInt8('x')", 6, "Cannot parse"),
        ("INSERT INTO absent VALUES", 60, "absent"),
        ("INSERT INTO absent VALUES (1)", 60, "absent"),
        ("USE absent", 81, "absent"),
        ("SET absent = 1", 115, "absent"),
        ("SELECT 1 INTO OUTFILE '/tmp/x.csv'", 48, "INTO OUTFILE"),
        ("SELECT 1 AS a, count() GROUP BY a WITH TOTALS", 48, "WITH TOTALS"),
        ("CREATE USER eve", 497, "CREATE USER"),
    ],
)
def test_statement__that_fails__has_clickhouses_code_and_message(
    client: Client, sql: str, code: int, words: str
) -> None:
    error = failure(client, sql)

    assert error.code == code
    assert words in error.message
    assert client.execute("SELECT 1") == [(1,)]


def test_error__after_rows_were_sent__ends_the_result(client: Client) -> None:
    rows = client.execute_iter(
        "SELECT throwIf(number = 900000), number FROM numbers(1000000)",
        settings={"max_block_size": 1000, "max_threads": 1},
        chunk_size=1000,
    )

    with pytest.raises(ServerException) as caught:
        for _ in rows:
            pass
    assert caught.value.code == 395


def test_settings__of_one_query__do_not_leak_into_the_next(client: Client) -> None:
    sql = "SELECT getSetting('max_threads'), getSetting('log_comment')"
    (plain,) = client.execute(sql)

    assert client.execute(sql, settings={"max_threads": 3, "log_comment": "it's \\ mine"}) == [(3, "it's \\ mine")]
    assert client.execute(sql, settings={"max_threads": 5}) == [(5, plain[1])]
    assert client.execute(sql) == [plain]


def test_settings__set_by_a_query__stay_beneath_those_of_a_query(client: Client) -> None:
    sql = "SELECT getSetting('max_threads'), getSetting('max_block_size')"
    (plain,) = client.execute(sql)

    client.execute("SET max_threads = 7")

    assert client.execute(sql) == [(7, plain[1])]
    assert client.execute(sql, settings={"max_threads": 2, "max_block_size": 99}) == [(2, 99)]
    assert client.execute(sql) == [(7, plain[1])]


def test_settings__of_another_connection__are_not_seen(connect: Callable[..., Client]) -> None:
    first, second = connect(), connect()

    first.execute("SET max_block_size = 77")

    assert first.execute("SELECT getSetting('max_block_size')") == [(77,)]
    assert second.execute("SELECT getSetting('max_block_size')") != [(77,)]


def test_settings__that_do_not_exist__are_skipped_unless_important(connect: Callable[..., Client]) -> None:
    lax, strict = connect(), connect(settings_is_important=True)

    assert lax.execute("SELECT getSetting('max_threads')", settings={"absent": 1, "max_threads": 3}) == [(3,)]
    assert failure(strict, "SELECT 1", settings={"absent": 1}).code == 115
    assert failure(strict, "SELECT 1", settings={"max_threads": "many"}).code != 0
    assert strict.execute("SELECT 1") == [(1,)]


def test_limits__given_as_settings__hold(client: Client) -> None:
    assert failure(client, "SELECT number FROM numbers(1000)", settings={"max_result_rows": 10}).code == 396
    assert failure(client, "SELECT sum(number) FROM numbers(1e7)", settings={"max_rows_to_read": 1000}).code == 158
    memory = {"max_memory_usage": 10_000_000, "max_bytes_before_external_group_by": 0}
    assert failure(client, "SELECT groupArray(number) FROM numbers(1e8)", settings=memory).code == 241
    assert failure(client, "SELECT 1 AS a", settings={"extremes": 1}).code == 48


def test_parameters__given_as_settings__fill_placeholders(client: Client) -> None:
    rows = client.execute(
        "SELECT {number:UInt64}, {text:String}, {list:Array(String)}",
        settings={"param_number": "7", "param_text": "it's", "param_list": "['a', 'b']"},
    )

    assert rows == [(7, "it's", ["a", "b"])]
    assert failure(client, "SELECT {number:UInt64}").code == 456


def test_progress__of_a_query__counts_rows_and_bytes_read(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt64")
    client.execute(f"INSERT INTO {name} SELECT number FROM numbers(300000)")

    assert client.execute(f"SELECT sum(a) FROM {name}") == [(sum(range(300000)),)]

    assert client.last_query.progress.rows == 300000
    assert client.last_query.progress.bytes == 300000 * 8
    assert client.last_query.profile_info.rows == 1


def test_progress__of_a_long_query__comes_while_it_runs_and_counts_once(client: Client) -> None:
    sql = "SELECT sum(sleepEachRow(0.01)), count() FROM numbers(60)"
    settings = {"max_block_size": 10, "max_threads": 1}

    progress = client.execute_with_progress(sql, settings=settings)
    steps = list(progress)

    assert progress.get_result() == [(0, 60)]
    assert len(steps) > 2
    assert [rows for rows, _ in steps] == sorted(rows for rows, _ in steps)
    assert steps[-1] == (60, 60)


def test_progress__of_an_insert_from_a_query__counts_rows_written(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt64")

    client.execute(f"INSERT INTO {name} SELECT number FROM numbers(1000)")

    assert client.last_query.progress.rows == 1000
    assert client.last_query.progress.written_rows == 1000


def test_database__of_the_connection__is_current_and_can_be_changed(client: Client) -> None:
    assert client.execute("SELECT currentDatabase()") == [("shop",)]

    client.execute("USE system")

    assert client.execute(
        "SELECT currentDatabase(), toDateTime(dummy, 'Asia/Tokyo') AS t FROM one", with_column_types=True
    )[1][1] == ("t", "DateTime('Asia/Tokyo')")


def test_temporary_table__lives_as_long_as_its_connection(connect: Callable[..., Client]) -> None:
    first, second = connect(), connect()

    first.execute("CREATE TEMPORARY TABLE mine (a UInt8)")
    first.execute("INSERT INTO mine VALUES", [(1,)])

    assert first.execute("SELECT a FROM mine") == [(1,)]
    assert failure(second, "SELECT a FROM mine").code == 60


def test_reader__may_look_and_nothing_else(connect: Callable[..., Client], table: Callable[..., str]) -> None:
    name = table("a UInt8")
    reader = connect(user="ben", password="look")

    assert reader.execute(f"SELECT count() FROM {name}", settings={"max_threads": 1}) == [(0,)]
    for sql in (
        f"INSERT INTO {name} VALUES (1)",
        f"DROP TABLE {name}",
        "CREATE TABLE other (a UInt8) ENGINE = Memory",
        "SET readonly = 0",
        f"ALTER TABLE {name} DELETE WHERE 1",
    ):
        assert failure(reader, sql).code in (164, 497), sql
    assert failure(reader, "SELECT 1", settings={"readonly": 0}).code == 164
    with pytest.raises(ServerException) as caught:
        reader.execute(f"INSERT INTO {name} VALUES", [(1,)])
    assert caught.value.code in (164, 497)
    assert reader.execute(f"SELECT count() FROM {name}") == [(0,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM `file` ('/etc/hostname')",
        "SELECT File('/etc/hostname')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
        "SELECT * FROM executable('id', 'TSV', 'a String')",
        "SELECT * FROM python(x)",
        "SELECT * FROM remote('127.0.0.1', system.one)",
        "SELECT * FROM default.`/etc/hostname`",
        'SELECT * FROM "default" . `/etc/hostname`',
        "SELECT * FROM merge('default', '.*')",
        "SELECT * FROM {database:Identifier}.{name:Identifier}",
        "USE default",
        "KILL QUERY WHERE 1",
        "CREATE TEMPORARY TABLE x (a UInt8)",
        "BACKUP DATABASE shop TO File('/tmp/x')",
        "EXPLAIN SELECT * FROM /* ( */ file /* ' */ ('/etc/hostname')",
    ],
)
def test_reader__asking_beyond_the_tables__is_denied(connect: Callable[..., Client], sql: str) -> None:
    reader = connect(user="ben", password="look")

    assert failure(reader, sql, settings={"param_database": "default", "param_name": "/etc/hostname"}).code == 497
    assert reader.execute("SELECT count() FROM numbers(3)") == [(3,)]


def test_reader__connecting_to_the_database_of_files__is_denied(connect: Callable[..., Client]) -> None:
    with pytest.raises(ServerException) as caught:
        connect(user="ben", password="look", database="default").execute("SELECT 1")
    assert caught.value.code == 497


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 INTO/**/OUTFILE '{path}'",
        "SELECT 1 INTO OUTFILE '{path}' TRUNCATE",
        "SELECT 1 into -- x\noutfile '{path}'",
    ],
)
def test_outfile__in_any_spelling__writes_no_file(connect: Callable[..., Client], tmp_path: Path, sql: str) -> None:
    target = tmp_path / "out.csv"

    for user, password in (("ada", "s3cret"), ("ben", "look")):
        assert failure(connect(user=user, password=password), sql.format(path=target)).code == 48

    assert not target.exists()


def test_comments_and_semicolons__around_statements__change_nothing(client: Client, table: Callable[..., str]) -> None:
    name = table("a UInt8, b DateTime('Asia/Tokyo')")

    client.execute(f"INSERT INTO {name} (a) -- the column\nVALUES -- rows", [(1,)])

    assert client.execute(f"SELECT a FROM {name} WHERE a = 2 ; -- none", with_column_types=True) == (
        [],
        [("a", "UInt8")],
    )
    _, columns = client.execute(f"/* x */ SELECT b FROM {name}; -- one", with_column_types=True)
    assert columns == [("b", "DateTime('Asia/Tokyo')")]
