"""The one door to ClickHouse: ask, insert, command, cancel; every failure comes out as a `ClickHouseError`."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from clickhouse_driver import errors as driver_errors
from django.conf import settings as django_settings

from apps.clickhouse.errors import ClickHouseError, ClickHouseUnavailableError, QueryCancelledError, from_code
from apps.clickhouse.native.block import Block
from apps.clickhouse.pool import Pool, TrackedClient
from apps.clickhouse.statement import Setting, Statement, names

log = structlog.get_logger(__name__)

READ_SECONDS = 60
WRITE_SECONDS = 120
CANCEL_SECONDS = 10
SOCKET_GRACE_SECONDS = 15
"""How much longer than the server's own limit we wait for a packet before we call the server gone."""

_GIB = 1 << 30
READ_SETTINGS: Mapping[str, Setting] = {
    "readonly": 2,
    "max_memory_usage": 4 * _GIB,
    "max_bytes_before_external_group_by": 2 * _GIB,
    "max_bytes_before_external_sort": 2 * _GIB,
    "max_result_rows": 1_000_000,
    "result_overflow_mode": "throw",
    # By the clock, not by an estimate of how long the rest may take.
    "timeout_before_checking_execution_speed": 0,
    # Property keys with dots are one key, not a path (see properties.py).
    "json_type_escape_dots_in_keys": 1,
}
WRITE_SETTINGS: Mapping[str, Setting] = {
    # Done means on disk, not in the server's queue.
    "async_insert": 0,
    "distributed_foreground_insert": 1,
    # One block in, one block out: a deduplication token covers exactly what was sent.
    "min_insert_block_size_rows": 0,
    "min_insert_block_size_bytes": 0,
    # The writer leaves out repeated ids itself; looking for them again would cost a quarter of the insert.
    "optimize_on_insert": 0,
    # Events of many months in one batch are slow, not wrong.
    "max_partitions_per_insert_block": 0,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "materialized_views_ignore_errors": 0,
    "max_execution_time": WRITE_SECONDS,
}

_NETWORK_ERROR, _SOCKET_TIMEOUT, _CANCELLED = 210, 209, 394
_T = TypeVar("_T")


@dataclass(frozen=True)
class Result:
    """What a statement gave: columns by name with their ClickHouse types, rows, and what it cost to find them."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    rows_read: int
    bytes_read: int
    seconds: float

    def dicts(self) -> list[dict[str, Any]]:
        """Give each row by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass
class _Running:
    """A query on its way, so that another thread can stop it."""

    client: TrackedClient
    is_cancelled: bool = field(default=False)


_running: dict[str, _Running] = {}


@cache
def readers() -> Pool:
    """Give the process's connections for questions; a server may hold such a connection to reading for good."""
    return Pool(django_settings.CLICKHOUSE_URL, size=16)


@cache
def writers() -> Pool:
    """Give the process's connections for everything else, which never wait behind questions."""
    return Pool(django_settings.CLICKHOUSE_URL, size=8)


@cache
def guests() -> Pool:
    """Give the process's connections for statements people write themselves: those of a user who may only read."""
    return Pool(django_settings.CLICKHOUSE_READER_URL, size=8)


def close() -> None:
    """Close every idle connection of this process; the next statement opens one again."""
    guests().close()
    readers().close()
    writers().close()


def run(
    statement: Statement,
    *,
    query_id: str | None = None,
    timeout: float | None = None,
    tag: str = "",
    as_guest: bool = False,
) -> Result:
    """Ask. Read-only, bounded in time, memory and rows; asked once more when the server dropped the connection.

    `timeout` is seconds of execution, `tag` says in the server's logs who asked, `query_id` is what `cancel` takes.
    `as_guest` asks as the user who may only read.
    """
    seconds = READ_SECONDS if timeout is None else timeout
    settings = dict(READ_SETTINGS) | {"max_execution_time": seconds} | dict(statement.settings)
    if tag:
        settings["log_comment"] = tag
    text, query_id = statement.render(), query_id or str(uuid4())
    started = time.perf_counter()

    def ask(client: TrackedClient) -> Result:
        with _cancellable(query_id, client):
            rows, columns = client.execute(text, query_id=query_id, settings=settings, with_column_types=True)
        progress = client.last_query.progress
        return Result(
            columns=tuple(name for name, _ in columns),
            types=tuple(kind for _, kind in columns),
            rows=rows,
            rows_read=progress.rows,
            bytes_read=progress.bytes,
            seconds=time.perf_counter() - started,
        )

    return _attempt(guests() if as_guest else readers(), ask, seconds=seconds, is_repeatable=True)


def insert(table: str, columns: Mapping[str, Sequence[object]], *, token: str | None = None) -> None:
    """Insert columns as ONE block; with a token, the same token again changes nothing, however often it is sent.

    The rows are in the table when it returns. When the connection breaks on the way nobody can know whether they
    arrived: it raises and is never sent again from here. For a server killed at the worst moment may remember the token
    and have lost the rows (it notes the token before it names the part: MergeTreeSink::commitPart), so a caller in
    doubt sends the same token again and then asks `selectors.list_written` what is still missing.
    """
    rows = {len(values) for values in columns.values()}
    if len(rows) != 1:
        raise ValueError(f"Columns of one block have one length, not {sorted(rows)}.")
    (count,) = rows
    if not count:
        return
    _insert(table, tuple(columns), count, token, list(columns.values()))


def insert_block(table: str, block: Block, *, token: str | None = None) -> None:
    """Insert columns that are packed already, under the promises of `insert`."""
    if block.rows:
        _insert(table, tuple(block.columns), block.rows, token, block)


def _insert(table: str, columns: tuple[str, ...], count: int, token: str | None, data: object) -> None:
    settings: dict[str, Setting] = dict(WRITE_SETTINGS) | {"insert_block_size": count}
    if token is None:
        settings |= {"deduplicate_insert": "disable", "insert_deduplicate": 0}
    else:
        settings["insert_deduplication_token"] = token
    # Plain names of ours; the driver takes the text as it is, so no doubled percent signs.
    text = f"INSERT INTO {names((table,))} ({names(columns)}) VALUES"
    _attempt(
        writers(),
        lambda client: client.execute(text, data, columnar=True, types_check=False, settings=settings),
        seconds=WRITE_SECONDS,
        is_repeatable=False,
    )


def command(sql: str, *, timeout: float = WRITE_SECONDS) -> None:
    """Run a statement of our own that returns nothing: schema changes, mutations. Never repeated."""
    settings = {"max_execution_time": timeout}
    _attempt(writers(), lambda client: client.execute(sql, settings=settings), seconds=timeout, is_repeatable=False)


def ping(*, timeout: float = 5) -> str:
    """Ask the server for its version; raises ClickHouseUnavailableError when it does not answer."""
    result = run(Statement.unscoped("SELECT version()"), timeout=timeout, tag="ping")
    return str(result.rows[0][0])


def cancel(query_id: str) -> bool:
    """Stop a query: at once when this process asked it, through the server otherwise. False when it is not running."""
    running = _running.get(query_id)
    if running is not None:
        running.is_cancelled = True
        return _send_cancel(query_id, running)
    killed = Statement.unscoped("KILL QUERY WHERE query_id = %(query_id)s ASYNC", {"query_id": query_id}).render()
    stop = _attempt(writers(), lambda client: client.execute(killed), seconds=CANCEL_SECONDS, is_repeatable=True)
    return bool(stop)


def _send_cancel(query_id: str, running: _Running) -> bool:
    """Send the cancel once the query itself is wholly sent; False when it ended before that."""
    end = time.monotonic() + CANCEL_SECONDS
    while _running.get(query_id) is running and time.monotonic() < end:
        if not running.client.is_awaiting:
            time.sleep(0.005)
            continue
        try:
            running.client.connection.send_cancel()
        except (OSError, AttributeError):
            return False  # it ended, and its connection with it, while we were on the way
        return True
    return False


@contextmanager
def _cancellable(query_id: str, client: TrackedClient) -> Iterator[None]:
    """Keep a query findable for `cancel` while it runs."""
    running = _running[query_id] = _Running(client)
    try:
        yield
    finally:
        del _running[query_id]
        if running.is_cancelled:
            # A server that was asked to stop ends the answer as if it were whole: what came is no result.
            raise QueryCancelledError(_CANCELLED, "The query was cancelled.")


def _attempt(pool: Pool, work: Callable[[TrackedClient], _T], *, seconds: float, is_repeatable: bool) -> _T:
    """Do a piece of work on a connection; on a connection that broke, once more if that is safe."""
    try:
        return _once(pool, work, seconds)
    except ClickHouseUnavailableError as exc:
        if not is_repeatable or not isinstance(exc.__cause__, EOFError | ConnectionError):
            raise
        log.info("clickhouse.reconnect", reason=str(exc.__cause__))
        pool.close()
        return _once(pool, work, seconds)


def _once(pool: Pool, work: Callable[[TrackedClient], _T], seconds: float) -> _T:
    try:
        with pool.lease() as client:
            _wait_at_most(client, seconds + SOCKET_GRACE_SECONDS)
            return work(client)
    except ClickHouseError:
        raise
    except driver_errors.ServerException as exc:
        raise from_code(exc.code, exc.message) from exc
    except driver_errors.UnknownTypeError as exc:
        raise from_code(exc.code, "The result has a type that cannot be sent.") from exc
    except (driver_errors.SocketTimeoutError, TimeoutError) as exc:
        raise ClickHouseUnavailableError(_SOCKET_TIMEOUT, "ClickHouse gave no answer in time.") from exc
    except (driver_errors.Error, EOFError, OSError) as exc:
        raise ClickHouseUnavailableError(_NETWORK_ERROR, f"ClickHouse cannot be reached: {exc}") from exc


def _wait_at_most(client: TrackedClient, seconds: float) -> None:
    """Bound the silence between two packets, on a connection open or yet to be opened."""
    connection = client.connection
    connection.send_receive_timeout = seconds
    if connection.connected and connection.socket is not None:
        connection.socket.settimeout(seconds)
