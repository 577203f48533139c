"""SQL that tries to get at another project's rows, the server or its surroundings, over the real engine."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from apps.accounts.contracts import ProjectContext
from apps.clickhouse import client
from apps.clickhouse.errors import AccessDeniedError, ClickHouseError
from apps.clickhouse.statement import Statement
from apps.query import guests, runner
from apps.query.errors import QueryError
from apps.query.schema import RefreshMode
from apps.query.sql import functions
from apps.query.sql.tables import TABLES
from tests.conftest import Stack
from tests.factories.events import Sent, at, insert
from tests.factories.mirrors import insert_groups, insert_persons

SECRET: Final = "kept_secret"
MINE: Final = 3
CORPUS: Final = Path(__file__).parents[2] / "corpus" / "sql-escapes.txt"
_ANSWERED: Final = "= "
"""Begins a line that has an answer: it reaches nothing, and the test holds it to that."""

Json = Any
Projects = tuple[ProjectContext, ProjectContext]


def attempts() -> Iterator[Any]:
    section = ""
    for number, line in enumerate(CORPUS.read_text(encoding="utf-8").splitlines()):
        if line.startswith("# "):
            section = line
        elif line:
            text, has_answer = line.removeprefix(_ANSWERED), line.startswith(_ANSWERED)
            yield pytest.param(text, has_answer, "bombs" in section, id=f"line-{number + 1}")


@pytest.fixture(scope="module")
def projects(stack: Stack) -> Projects:
    """Mine, with three events, and another whose every text is a secret."""
    mine, foreign = (ProjectContext(number, 1, "Escapes", f"phc_{number}", "UTC", 0) for number in (610_001, 610_002))
    when = at("2026-03-01T10:00")
    insert(mine.id, [Sent("visit", f"me{index}", when, {"x": "a", "$session_id": "s"}) for index in range(MINE)])
    texts = {"x": SECRET, "email": SECRET, "$session_id": SECRET, "project_id": SECRET, "$current_url": SECRET}
    names = (SECRET, "$ai_generation", "visit")
    insert(foreign.id, [Sent(name, f"{SECRET}{index}", when, texts, SECRET) for name in names for index in range(20)])
    insert_persons(foreign.id, {SECRET: texts})
    insert_groups(foreign.id, {(0, SECRET): texts})
    return mine, foreign


def ask(project: ProjectContext, text: str, **fields: object) -> Json:
    query = {"kind": "HogQLQuery", "query": text, "values": {"name": "system.tables"}} | fields
    return runner.run(project, query, mode=RefreshMode.FORCE_BLOCKING)


def outcome(project: ProjectContext, text: str) -> tuple[Json, str, int]:
    """Ask, and give the answer or None, what is said, and the status."""
    try:
        answer = ask(project, text)
    except QueryError as exc:
        return None, exc.detail, exc.status
    return answer, json.dumps([answer["results"], answer["types"]]), 200


def assert_clean(said: str, text: str, foreign: ProjectContext) -> None:
    """Hold an answer or a refusal to saying nothing of others, of the server, or of where it runs."""
    said = said.replace(json.dumps(text)[1:-1], "").replace(text, "")
    for fact in (SECRET, socket.gethostname(), str(settings.BALEEN_DATA_DIR), "root:", str(foreign.id), "baleen"):
        if fact not in text:
            assert fact not in said, (text, said[:500])


def test_corpus__is_large_enough() -> None:
    assert sum(not case.values[1] for case in attempts()) >= 300


@pytest.mark.parametrize(("text", "has_answer", "is_bomb"), list(attempts()))
def test_attempt__gives_nothing_of_others_or_the_server(
    projects: Projects,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    has_answer: object,
    is_bomb: object,
) -> None:
    # Given
    mine, foreign = projects
    text = text.replace("{foreign}", str(foreign.id))
    monkeypatch.setattr(guests, "TIMEOUT_SECONDS", 1)

    # When
    answer, said, status = outcome(mine, text)

    # Then
    if is_bomb:
        assert status in {200, 400, 422, 504}, (text, said)
    else:
        assert status == (200 if has_answer else 400), (text, said)
        assert answer is None or len(answer["results"]) <= MINE
    assert_clean(said, text, foreign)


# --- what is drawn at random ---------------------------------------------------

_NAMES: Final = st.sampled_from(
    [
        *(
            *TABLES,
            *(column for columns in TABLES.values() for column in columns),
            "project_id",
            "system",
            "tables",
            "e",
        ),
        *("person_overrides", "dead_letters", "numbers", "x", "*", "properties.x", "person.properties.x", "`a``b`"),
    ]
)
_WORDS: Final = st.sampled_from(
    [
        *(
            "SELECT",
            "FROM",
            "WHERE",
            "AND",
            "OR",
            "NOT",
            "IN",
            "AS",
            "JOIN",
            "ON",
            "UNION ALL",
            "WITH",
            "GROUP BY",
            "=",
            ",",
        ),
        *(
            "(",
            ")",
            "[",
            "]",
            "1",
            "'x'",
            "'\\''",
            "\\",
            "--",
            "/*",
            "*/",
            ";",
            "{name}",
            "%",
            "%%",
            ".",
            "->",
            "::",
            "`",
        ),
        *("LIMIT 5", "ORDER BY", "FINAL", "SETTINGS", "count()", "hostName()", "ARRAY JOIN", "LEFT", "OVER ()", "CASE"),
    ]
)


@st.composite
def _queries(draw: st.DrawFn) -> str:
    """Draw a query that is nearly right: a frame, with odd words in its places."""

    def some() -> str:
        return " ".join(draw(st.lists(st.one_of(_NAMES, _WORDS), min_size=1, max_size=4)))

    table, other = draw(_NAMES), draw(_NAMES)
    frame = draw(
        st.sampled_from(
            [
                "SELECT * FROM {table} AS {other}",
                "SELECT {some} FROM {table}",
                "SELECT * FROM {table} WHERE {some}",
                "SELECT a.*, b.* FROM {table} AS a JOIN {other} AS b ON {some}",
                "WITH {other} AS (SELECT * FROM {table}) SELECT * FROM {other}",
                "SELECT * FROM (SELECT * FROM {table}) AS {other} WHERE {some}",
                "SELECT * FROM {table} AS a, {other} AS b WHERE a.x IN (SELECT {some} FROM {other})",
                "SELECT x FROM (SELECT {some} AS x FROM {table} UNION ALL SELECT {some} FROM {other})",
                "SELECT 1 IN ({some}), arrayMap({other} -> {some}, [1]) FROM {table}",
                "{some} {some} {some}",
            ]
        )
    )
    return str(frame.format(table=table, other=other, some=some()))


@given(text=_queries())
@rules(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_query__over_two_projects__gives_only_mine(projects: Projects, text: str) -> None:
    mine, foreign = projects
    _, said, status = outcome(mine, text)
    assert status in {200, 400}, (text, said)
    assert_clean(said, text, foreign)


@given(text=st.text(max_size=60), key=st.text(min_size=1, max_size=40))
@rules(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_and_key__stay_what_they_are(projects: Projects, text: str, key: str) -> None:
    """A value comes back as it went in, and a name in backticks names a property, whatever is in them."""
    mine, _ = projects
    if "\0" in text + key:
        return
    quoted = key.replace("\\", "\\\\").replace("`", "\\`")
    answer = ask(mine, f"SELECT {{text}}, count(properties.`{quoted}`) FROM events", values={"text": text})
    assert answer["results"] == [[text, MINE if key in {"x", "$session_id"} else 0]]


# --- the other locks, each by itself ---------------------------------------------


def test_functions__all_the_engine_has__are_sorted(stack: Stack) -> None:
    """A new version of the engine brings functions: somebody must say of each whether SQL may call it."""
    result = client.run(Statement.unscoped("SELECT name FROM system.functions"))
    offered = {str(name).lower() for (name,) in result.rows}
    allowed, refused = functions._names("functions-allowed.txt"), functions._names("functions-refused.txt")
    assert not offered - allowed - refused
    assert not allowed & refused
    assert not allowed - offered
    assert not {column for columns in TABLES.values() for column in columns if functions.safe(column) != column}


def test_engine__asked_past_the_writer__still_hides_other_projects(projects: Projects) -> None:
    """The second lock: were a table ever written without its project, the engine itself leaves the others' rows out."""
    mine, _ = projects
    for table in ("events", "persons", "groups", "person_overrides"):
        statement = Statement(f"SELECT uniqExact(project_id), min(project_id) FROM {table}", {"project_id": mine.id})
        ((projects_seen, first),) = guests.ask(statement, text="", tag="test").rows
        assert projects_seen <= 1
        assert first in {0, mine.id}


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO events_landing SELECT * FROM events_landing",
        "CREATE TABLE x (a Int8) ENGINE = Memory",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1:1', system.one)",
        "SELECT file('/etc/passwd')",
    ],
)
def test_guest__asking_past_the_writer__may_only_read(stack: Stack, sql: str) -> None:
    """The third lock: the connection is that of a user who may not."""
    with pytest.raises(ClickHouseError) as refused:
        client.run(Statement.unscoped(sql), as_guest=True)
    assert isinstance(refused.value, AccessDeniedError), refused.value
