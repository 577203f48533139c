"""The chDB engine as sessions: statements in, Native blocks out, ClickHouse's own errors.

One process holds one engine on one path; every connection gets a session of its own on it, with its own
settings and current database, and sessions run at the same time.
"""

import importlib
import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from apps.clickhouse.embedded import configuration, deduplication
from apps.clickhouse.embedded.errors import EngineError
from apps.clickhouse.embedded.layout import Column

MARKER: Final = "http_headers_progress_interval_ms"
"""A setting of the HTTP interface, which does not exist here: it carries the number of the session, by which
a running statement is found in system.processes."""
NOT_STREAMABLE: Final = "Streaming query is not supported"

OnProgress = Callable[[Mapping[str, int]], None]


class Chunk(NamedTuple):
    """A piece of a result in Native format, and what was read from storage to make it."""

    data: bytes
    rows: int
    rows_read: int
    bytes_read: int


def literal(text: str) -> str:
    """Write a string literal of ClickHouse's SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    """Write a quoted identifier of ClickHouse's SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class Session:
    """One connection's view of the engine; used by one thread at a time."""

    def __init__(self, connection: Any, number: int, forced: Mapping[str, str]) -> None:  # noqa: ANN401 - untyped
        self._connection = connection
        self.number = number
        self.database = "default"
        self._baseline: dict[str, str] = {}
        self._applied: dict[str, str | None] = {}
        opening = {MARKER: str(number), **configuration.SESSION_SETTINGS, **forced}
        self._set(opening)
        self._baseline = opening

    def _run(self, sql: str, form: str = "Native", params: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401
        try:
            return self._connection.query(_raw(sql), form, params=dict(params or {}))
        except RuntimeError as exc:
            raise EngineError.of(str(exc)) from exc

    def _set(self, settings: Mapping[str, str | None]) -> None:
        parts = [f"{name} = {'DEFAULT' if value is None else literal(value)}" for name, value in settings.items()]
        self._run("SET " + ", ".join(parts))

    def apply(self, settings: Mapping[str, str]) -> None:
        """Make these the settings of the next statement, on top of what the session itself has SET.

        Only differences to the statement before are sent to the engine, so that a client with the same
        settings on every query pays for them once, and nothing leaks from one query into the next.
        """
        change: dict[str, str | None] = {
            name: self._baseline.get(name) for name in self._applied if name not in settings
        }
        change |= {name: value for name, value in settings.items() if self._applied.get(name) != value}
        if not change:
            return
        self._applied |= dict.fromkeys(change)
        self._set(change)
        self._applied = dict(settings)

    def set_for_good(self, sql: str) -> None:
        """Run a SET statement of the client: it holds for the rest of the session, as in ClickHouse."""
        self.apply({})
        self._run(sql)
        self._baseline = dict(self.rows("SELECT name, value FROM system.settings WHERE changed"))

    def use(self, database: str) -> None:
        """Change the current database."""
        self._run(f"USE {identifier(database)}")
        self.database = database

    def note_database(self) -> None:
        """Remember the current database after the client's own USE."""
        self.database = str(self.rows("SELECT currentDatabase()")[0][0])

    def columns_of(self, sql: str) -> list[Column]:
        """Names and types of the result of a SHOW, DESCRIBE or the like, by running it again."""
        data: bytes = self._run(sql, "JSONCompactEachRowWithNamesAndTypes").bytes()
        names, types = (json.loads(line) for line in data.splitlines()[:2])
        return [_column(name, type_name) for name, type_name in zip(names, types, strict=True)]

    def rows(self, sql: str, params: Mapping[str, str] | None = None) -> list[list[Any]]:
        """Run a small query of the server's own and decode its rows."""
        data: bytes = self._run(sql, "JSONCompactEachRow", params).bytes()
        return [json.loads(line) for line in data.splitlines() if line]

    def describe(self, what: str, params: Mapping[str, str] | None = None) -> dict[Column, str]:
        """Names and types of a table's or query's columns, with the kind of default of each."""
        rows = self.rows(f"DESCRIBE {what}", params)
        return {_column(row[0], row[1]): row[2] for row in rows}

    def run(
        self, sql: str, params: Mapping[str, str] | None = None, on_progress: OnProgress | None = None
    ) -> tuple[Chunk, tuple[int, int]]:
        """Run a statement to its end; its whole output, and rows and bytes written."""
        with self._reporting(on_progress):
            result = self._run(sql, "Native", params)
        chunk = Chunk(result.bytes(), 0, result.storage_rows_read(), result.storage_bytes_read())
        return chunk, (result.rows_written(), result.bytes_written())

    @contextmanager
    def _reporting(self, on_progress: OnProgress | None) -> Iterator[None]:
        """Have the engine call back, in the thread that waits for it, every 100 ms and at the end."""
        if on_progress is None:
            yield
            return
        self._connection.set_progress_callback(on_progress)
        try:
            yield
        finally:
            self._connection.set_progress_callback(None)

    def stream(
        self, sql: str, params: Mapping[str, str] | None = None, on_progress: OnProgress | None = None
    ) -> Generator[Chunk]:
        """Run a SELECT and give its blocks as they come; leaving early cancels it."""
        with self._reporting(on_progress):
            yield from self._stream(sql, params)

    def _stream(self, sql: str, params: Mapping[str, str] | None) -> Generator[Chunk]:
        try:
            result = self._connection.send_query(_raw(sql), "Native", params=dict(params or {}))
        except RuntimeError as exc:
            raise EngineError.of(str(exc)) from exc
        finished = False
        try:
            while True:
                part = self._connection.streaming_fetch_result(result)
                data = part.bytes()
                if part.has_error():
                    raise EngineError.of(part.error_message())
                yield Chunk(data, part.rows_read(), part.storage_rows_read(), part.storage_bytes_read())
                if not data:
                    finished = True
                    return
        except RuntimeError as exc:
            finished = True
            raise EngineError.of(str(exc)) from exc
        finally:
            if not finished:
                with suppress(RuntimeError):
                    self._connection.streaming_cancel_query(result)

    def statement_count(self, sql: str) -> int:
        """How many statements the text holds; 0 when it does not parse."""
        count: int = self._connection.classify_query(_raw(sql))["statement_count"]
        return count

    def kill(self, number: int) -> None:
        """Stop whatever the session of that number is running."""
        self._run(f"KILL QUERY WHERE Settings[{literal(MARKER)}] = {literal(str(number))} ASYNC")

    def close(self) -> None:
        """Give the session back to the engine."""
        with suppress(RuntimeError):
            self._connection.close()


class Engine:
    """The engine of this process on one directory."""

    def __init__(self, path: Path, database: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        deduplication.mend(path)
        os.environ["TZ"] = "UTC"  # the zone of a DateTime without one, as in the official server image
        self._chdb = importlib.import_module("chdb")._chdb  # noqa: SLF001 - its public wrapper copies every result
        self._address = f"{path}?config-file={configuration.write(path)}"
        self._setting_types: dict[str, str] = {}
        self._table_functions: frozenset[str] = frozenset()
        self.admin = self.session(0)
        self.admin.rows(f"CREATE DATABASE IF NOT EXISTS {identifier(database)}")
        version, self.timezone = self.admin.rows("SELECT version(), timezone()")[0]
        major, minor, patch = (int(part) for part in str(version).split(".")[:3])
        self.version = (major, minor, patch)

    def session(self, number: int, forced: Mapping[str, str] | None = None) -> Session:
        """Open a session; `forced` settings hold from its start."""
        try:
            return Session(self._chdb.connect(self._address), number, forced or {})
        except RuntimeError as exc:
            raise EngineError.of(str(exc)) from exc

    def setting_type(self, name: str, session: Session) -> str | None:
        """Tell the engine's type of a setting; None when there is no such setting."""
        if not self._setting_types:
            rows = session.rows("SELECT name, type FROM system.settings")
            self._setting_types = {str(row[0]): str(row[1]) for row in rows}
        return self._setting_types.get(name)

    def table_functions(self, session: Session) -> frozenset[str]:
        """Name the engine's table functions, in small letters."""
        if not self._table_functions:
            rows = session.rows("SELECT lower(name) FROM system.table_functions")
            self._table_functions = frozenset(str(row[0]) for row in rows)
        return self._table_functions

    def close(self) -> None:
        """Close the engine's own session; the others must be closed before."""
        self.admin.close()


def _column(name: str, type_name: str) -> Column:
    return Column(name.encode("utf-8", "surrogateescape"), type_name.encode("utf-8", "surrogateescape"))


def _raw(sql: str) -> bytes:
    """Give SQL back the bytes it came as: the engine takes them where Python's text would not do."""
    return sql.encode("utf-8", "surrogateescape")
