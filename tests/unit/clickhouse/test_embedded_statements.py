"""Telling statements apart by their tokens."""

import pytest

from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.statements import (
    Insert,
    as_subquery,
    client_insert,
    first_word,
    server_text,
    tokens,
    unquote,
)


@pytest.mark.parametrize(
    ("sql", "target", "columns", "text"),
    [
        ("INSERT INTO t VALUES", "t", None, "INSERT INTO t"),
        ("insert into t values", "t", None, "insert into t"),
        ("INSERT INTO d.t (a, b) VALUES", "d.t", "a, b", "INSERT INTO d.t (a, b)"),
        ("INSERT INTO TABLE `d`.`values` FORMAT Native", "`d`.`values`", None, "INSERT INTO TABLE `d`.`values`"),
        ("INSERT t(a)VALUES;", "t", "a", "INSERT t(a)"),
        ("INSERT INTO t /* VALUES */ (a) -- c\nVALUES -- d", "t", "a", "INSERT INTO t /* VALUES */ (a)"),
        ("INSERT INTO t (a) SETTINGS x = 1 VALUES", "t", "a", "INSERT INTO t (a) SETTINGS x = 1"),
        ("INSERT INTO t SETTINGS x = 'VALUES' FORMAT CSV", "t", None, "INSERT INTO t SETTINGS x = 'VALUES'"),
        (
            "INSERT INTO FUNCTION null('a UInt8') VALUES",
            "null('a UInt8')",
            None,
            "INSERT INTO FUNCTION null('a UInt8')",
        ),
        ("INSERT INTO FUNCTION f(1) (a) VALUES", "f(1)", "a", "INSERT INTO FUNCTION f(1) (a)"),
        ("INSERT INTO t -- c\nVALUES", "t", None, "INSERT INTO t"),
        ("INSERT INTO t -- c\n(a) -- d\nFORMAT CSV -- e", "t", "a", "INSERT INTO t -- c\n(a)"),
        ("INSERT INTO t", "t", None, "INSERT INTO t"),
        ("INSERT INTO t (a);", "t", "a", "INSERT INTO t (a)"),
    ],
)
def test_client_insert__waiting_for_rows__is_taken_apart(sql: str, target: str, columns: str | None, text: str) -> None:
    assert client_insert(sql) == Insert(text, target, columns)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t (a) VALUES (1), (2);",
        'INSERT INTO t FORMAT JSONEachRow {"a": 1}',
        "INSERT INTO t SELECT 1",
        "INSERT INTO t (a) SELECT a FROM VALUES('a UInt8', 1)",
        "INSERT INTO t (SELECT 1)",
        "INSERT INTO t WITH 1 AS x SELECT x",
    ],
)
def test_client_insert__with_rows_of_its_own__is_none(sql: str) -> None:
    assert client_insert(sql) is None


@pytest.mark.parametrize("sql", ["INSERT INTO t FROM INFILE 'x' FORMAT CSV", "INSERT INTO", "INSERT"])
def test_client_insert__that_cannot_be__is_refused(sql: str) -> None:
    with pytest.raises(EngineError):
        client_insert(sql)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (None, None),
        ("a, b", ["a", "b"]),
        (" `a, b` , n.x", ["a, b", "n.x"]),
        ('`a b`, "c""d", n . x', ["a b", 'c"d', "n.x"]),
        ("* EXCEPT(a)", None),
        ("COLUMNS('a')", None),
    ],
)
def test_insert_names__of_plain_lists_only__are_told(columns: str | None, names: list[str] | None) -> None:
    assert Insert("", "t", columns).names == names


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FORMAT JSON", "SELECT 1 "),
        ("SELECT 1 FORMAT JSON SETTINGS a = 1", "SELECT 1  SETTINGS a = 1"),
        ("SELECT 1\nformat Null;", "SELECT 1\n;"),
        ("SELECT format ('x')", "SELECT format ('x')"),
        ("SELECT 'FORMAT x'", "SELECT 'FORMAT x'"),
        ("SELECT (SELECT 1 FORMAT x)", "SELECT (SELECT 1 FORMAT x)"),
        ("SELECT 1 AS format , format FROM t", "SELECT 1 AS format , format FROM t"),
    ],
)
def test_server_text__leaves_the_format_to_the_client(sql: str, expected: str) -> None:
    assert server_text(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 INTO  OUTFILE 'x'",
        "SELECT 1 INTO/**/OUTFILE'x'",
        "SELECT 1 into\noutfile 'x'",
        "SELECT a GROUP BY a WITH/**/TOTALS",
        "SELECT a GROUP BY a WITH -- x\n totals",
    ],
)
def test_server_text__with_what_is_not_carried__is_refused(sql: str) -> None:
    with pytest.raises(EngineError) as caught:
        server_text(sql)
    assert caught.value.code == 48


def test_server_text__with_totals_of_a_subquery__is_left_alone() -> None:
    sql = "SELECT * FROM (SELECT a, count() FROM t GROUP BY a WITH TOTALS)"

    assert server_text(sql) == sql


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("-- c\n/* d */ select 1", "SELECT"),
        ("  (SELECT 1)", "("),
        ("# c\nSET a = 1", "SET"),
        ("", ""),
        ("'SELECT'", ""),
        ("/* open", ""),
    ],
)
def test_first_word__behind_comments__is_found(sql: str, word: str) -> None:
    assert first_word(sql) == word


def test_tokens__of_quotes_and_brackets__know_their_depth() -> None:
    sql = "f('a''(b', \"c\\\")\", `d`, $$ ( ' $$, [1])"

    found = [(token.text, token.depth) for token in tokens(sql) if token.text != ","]

    assert found == [
        ("f", 0),
        ("(", 0),
        ("'a''(b'", 1),
        ('"c\\")"', 1),
        ("`d`", 1),
        ("$$ ( ' $$", 1),
        ("[", 1),
        ("1", 2),
        ("]", 1),
        (")", 0),
    ]


def test_tokens__of_an_unfinished_quote__do_not_run_away() -> None:
    assert [token.text for token in tokens("SELECT 'abc")] == ["SELECT", "'", "abc"]


@pytest.mark.parametrize(
    ("text", "name"), [("a", "a"), ("`a`", "a"), ("`a\\`b`", "a`b"), ('"a""b"', 'a"b'), ("`", "`")]
)
def test_unquote__gives_the_name_itself(text: str, name: str) -> None:
    assert unquote(text) == name


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "(SELECT 1\n)"),
        ("SELECT 1 ; -- x", "(SELECT 1 \n)"),
        ("SELECT ';' -- x", "(SELECT ';' -- x\n)"),
    ],
)
def test_as_subquery__leaves_the_last_semicolon_out(sql: str, expected: str) -> None:
    assert as_subquery(sql) == expected
