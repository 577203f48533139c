"""One question in SQL: its text bound to a project, how many rows it may give, and what its columns are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.catalog.filters.binding import Bindings
from apps.clickhouse.statement import Setting, Statement
from apps.query.kinds.source import People
from apps.query.sql.dialect import parse
from apps.query.sql.errors import refuse
from apps.query.sql.expressions import dotted
from apps.query.sql.nodes import Node, only, whole
from apps.query.sql.tables import TABLES
from apps.query.sql.writing import MOST_ROWS, SET_OPERATIONS, Writer

DEFAULT_ROWS: Final = 100
MOST_RESULT_ROWS: Final = 50_000
TIMEOUT_SECONDS: Final = 30
LIMITS: Final[Mapping[str, Setting]] = {
    "max_memory_usage": 2 << 30,
    "max_result_rows": MOST_RESULT_ROWS + 1,
    "max_result_bytes": 64 << 20,
    "max_rows_to_group_by": 20_000_000,
    "max_ast_depth": 2_000,
    "max_ast_elements": 100_000,
    "max_expanded_ast_elements": 500_000,
    "function_range_max_elements_in_block": 10_000_000,
    "cast_keep_nullable": 0,
}
"""What one query may cost."""


@dataclass(frozen=True, slots=True)
class SqlInput:
    """A query with nothing left open; `condition` is what `{filters}` means, its values are in `bindings`."""

    text: str
    values: Mapping[str, Any]
    bindings: Bindings
    condition: str
    people: People
    timezone: str


@dataclass(frozen=True, slots=True)
class SqlQuestion:
    """A statement, and how its answer is read; `columns` is None where only the engine knows their names."""

    statement: Statement
    columns: tuple[str, ...] | None
    limit: int
    offset: int


def build(asked: SqlInput) -> SqlQuestion:
    """Make the statement of a query; raises InvalidQueryError naming the place of what cannot be answered."""
    try:
        return _build(asked)
    except RecursionError as exc:
        raise refuse("The query is nested too deep") from exc
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as exc:
        # An odd tree of the parser that no writer foresaw: nothing of it goes further.
        raise refuse("The SQL cannot be read") from exc


def _build(asked: SqlInput) -> SqlQuestion:
    root = parse(asked.text)
    while type(root).__name__ == "Subquery" and not [name for name, one in root.args.items() if one and name != "this"]:
        root = root.this
    if type(root).__name__ not in {"Select", *SET_OPERATIONS}:
        raise refuse("Only SELECT is answered")
    limit, offset = _limits(root)
    writer = Writer(asked.values, lambda bound: bound.sql(asked.people, asked.timezone, asked.condition))
    sql = writer.query(root)
    if not _is_plain(root):
        sql = f"SELECT * FROM ({sql})"  # noqa: S608 - written by us from a tree
    # One row more than wanted, to know whether there are more.
    sql = f"{sql} LIMIT {limit + 1}" + (f" OFFSET {offset}" if offset else "")
    settings = dict(LIMITS) | {"session_timezone": asked.timezone}
    return SqlQuestion(Statement(sql, asked.bindings.values, settings), _columns(root), limit, offset)


def _is_plain(root: Node) -> bool:
    """Tell whether LIMIT can follow as it is: not after a UNION, nor after LIMIT BY."""
    return type(root).__name__ == "Select" and root.args.get("limit") is None


def _limits(root: Node) -> tuple[int, int]:
    """Take LIMIT and OFFSET off the query: how many rows are given is ours to bound."""
    limit, offset = root.args.get("limit"), root.args.get("offset")
    if type(root).__name__ != "Select" or (limit is not None and limit.expressions):
        return DEFAULT_ROWS, 0
    for clause in (limit, offset):
        if clause is not None:
            only(clause, "expression")
    wanted = DEFAULT_ROWS if limit is None else whole(limit.expression, MOST_ROWS)
    skipped = 0 if offset is None else whole(offset.expression, MOST_ROWS)
    root.set("limit", None)
    root.set("offset", None)
    return min(wanted, MOST_RESULT_ROWS), skipped


def _columns(root: Node) -> tuple[str, ...] | None:
    """Name the columns as the query does: by alias, by the end of a dotted name, or by the text itself."""
    while type(root).__name__ in SET_OPERATIONS or type(root).__name__ == "Subquery":
        root = root.this
    names: list[str] = []
    for one in root.expressions:
        kind = type(one).__name__
        if kind == "Star":
            table = _only_table(root)
            if table is None:
                return None
            names += TABLES[table]
        elif kind == "Column" and type(one.this).__name__ == "Star":
            return None
        elif kind == "Alias":
            names.append(str(one.args["alias"].this))
        else:
            parts = dotted(one)
            names.append(parts[-1] if parts else one.sql(dialect="clickhouse", comments=False)[:200])
    return tuple(names)


def _only_table(root: Node) -> str | None:
    source = root.args.get("from_")
    commons = {one.alias for one in root.args["with_"].expressions} if root.args.get("with_") else set()
    if source is None or root.args.get("joins") or type(source.this).__name__ != "Table":
        return None
    name = source.this.name
    return name if name in TABLES and name not in commons else None
