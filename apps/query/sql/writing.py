"""From the parser's tree to a statement: every table bound to its project, everything else written anew.

Nothing of the text somebody sent is passed on. A node that has no writer, or a part of one its writer does not know, is
refused, so a clause nobody thought of cannot slip through; names and texts are quoted by our own functions.
"""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any, Final

from apps.clickhouse.statement import identifier
from apps.query.sql.errors import refuse
from apps.query.sql.expressions import QUERIES, Expressions
from apps.query.sql.functions import safe
from apps.query.sql.nodes import Node, name_of, only, whole
from apps.query.sql.scopes import RESERVED, Select, Source
from apps.query.sql.tables import FILTERED, TABLES, Bound

FILTERS: Final = "filters"
MOST_ROWS: Final = 1_000_000_000
SET_OPERATIONS: Final = {"Union": "UNION", "Intersect": "INTERSECT", "Except": "EXCEPT"}
SIDES: Final = frozenset({"", "LEFT", "RIGHT", "FULL"})
KINDS: Final = frozenset({"", "INNER", "OUTER", "CROSS", "SEMI", "ANTI", "ANY", "ALL", "ASOF", "ARRAY"})
MAX_SOURCES: Final = 30

Pieces = list[str | Source]
"""A text with places for tables, whose columns are known only when all of it is written."""


class Writer(Expressions):
    """Writes one query; `values` fill its placeholders, `place` gives the subquery of a logical table."""

    def __init__(self, values: Mapping[str, Any], place: Callable[[Bound], str]) -> None:
        super().__init__(values)
        self._place = place
        self._commons: list[frozenset[str]] = [frozenset()]
        self._count = 0

    def query(self, node: Node) -> str:
        """Write a SELECT, or several joined by UNION and its like."""
        kind = type(node).__name__
        if kind == "Select":
            return self._select(node)
        if kind == "Subquery" and type(node.this).__name__ in QUERIES:
            only(node, "this")
            return self.query(node.this)
        if kind not in SET_OPERATIONS:
            raise refuse("Only SELECT is answered", node)
        only(node, "this", "expression", "distinct", "with_")
        with self._names(node.args.get("with_")) as (commons, scalars):
            if scalars:
                raise refuse("Put WITH values into the query that uses them", node)
            if kind == "Union" and node.args.get("distinct") is None:
                raise refuse("Say UNION ALL or UNION DISTINCT", node)
            how = " DISTINCT" if node.args.get("distinct") else " ALL" if kind == "Union" else ""
            both = f"({self.query(node.this)}) {SET_OPERATIONS[kind]}{how} ({self.query(node.expression)})"
        # Common tables are seen from within a subquery, while WITH before brackets is no ClickHouse.
        return f"WITH {', '.join(commons)} SELECT * FROM ({both})" if commons else both  # noqa: S608 - written by us

    def _select(self, node: Node) -> str:
        only(
            node, "expressions", "from_", "joins", "where", "group", "having", "qualify", "order", "limit", "offset",
            "with_", "distinct", "windows",
        )  # fmt: skip
        if node.args.get("distinct") is not None:
            only(node.args["distinct"])
        here = Select()
        with self._names(node.args.get("with_")) as (commons, scalars):
            first = self._source(here, node.args["from_"]) if node.args.get("from_") else None
            joined = [(join, self._joined(here, join)) for join in node.args.get("joins") or ()]
            self.selects.append(here)
            try:
                pieces = self._pieces(node, here, first, joined)
                commons += [f"{self.expression(value)} AS {identifier(name)}" for name, value in scalars]
            finally:
                self.selects.pop()
        before = f"WITH {', '.join(commons)} " if commons else ""
        return before + "".join(piece if isinstance(piece, str) else self._placed(piece) for piece in pieces)

    def _pieces(
        self, node: Node, here: Select, first: Source | None, joined: list[tuple[Node, Source | None]]
    ) -> Pieces:
        args = node.args
        shown = ", ".join(one for each in node.expressions for one in self._shown(each, here))
        pieces: Pieces = [f"SELECT{' DISTINCT' if args.get('distinct') is not None else ''} {shown}"]
        if first:
            pieces += [" FROM ", first]
        for join, source in joined:
            pieces += self._join(join, source)
        if args.get("where"):
            only(args["where"], "this")
            pieces.append(f" WHERE {self._condition(args['where'].this, first)}")
        if group := args.get("group"):
            only(group, "expressions", "all")
            pieces.append(f" GROUP BY {'ALL' if group.args.get('all') else self.list(group.expressions)}")
        for name in ("having", "qualify"):
            if clause := args.get(name):
                only(clause, "this")
                pieces.append(f" {name.upper()} {self.expression(clause.this)}")
        if windows := args.get("windows"):
            named = [f"{identifier(name_of(one.this))} AS {self.window(one)}" for one in windows]
            pieces.append(f" WINDOW {', '.join(named)}")
        if order := args.get("order"):
            pieces.append(f" {self.order(order)}")
        return [*pieces, self._limits(args.get("limit"), args.get("offset"))]

    # --- WITH --------------------------------------------------------------

    @contextmanager
    def _names(self, node: Node) -> Any:  # noqa: ANN401 - a context manager of two lists
        """Make common tables known inside; gives their texts, and the named values yet to be written."""
        known, commons, scalars = self._commons[-1], [], []
        self._commons.append(known)
        try:
            if node is not None:
                only(node, "expressions")
            for one in node.expressions if node is not None else ():
                only(one, "this", "alias", "scalar")
                only(one.args["alias"], "this")
                name = name_of(one.args["alias"].this)
                if one.args.get("scalar"):
                    scalars.append((name, one.this))
                    continue
                if name in RESERVED:
                    raise refuse(f"{name} is the name of a table; call the query in WITH otherwise", one)
                commons.append(f"{identifier(name)} AS ({self.query(one.this)})")
                self._commons[-1] |= {name}
            yield commons, scalars
        finally:
            self._commons.pop()

    # --- FROM --------------------------------------------------------------

    def _source(self, here: Select, clause: Node) -> Source:
        only(clause, "this")
        node = clause.this
        self._count += 1
        if self._count > MAX_SOURCES:
            raise refuse(f"A query names {MAX_SOURCES} tables at most", node)
        kind = type(node).__name__
        if kind == "Table":
            source = self._table(node)
        elif kind == "Subquery" and type(node.this).__name__ in QUERIES:
            only(node, "this", "alias")
            source = Source(self._alias_of(node) or "", text=f"({self.query(node.this)})")
        else:
            raise refuse("Tables are events, persons and the like, or queries in brackets", node)
        if source.name and here.named(source.name):
            raise refuse(f"Two tables are called {source.name}; give one another name with AS", node)
        here.sources.append(source)
        return source

    def _table(self, node: Node) -> Source:
        if node.args.get("db") is not None or node.args.get("catalog") is not None:
            raise refuse("A table has a single name: there are no databases to choose from", node)
        only(node, "this", "alias")
        if type(node.this).__name__ != "Identifier":
            raise refuse("Table functions are not answered", node)
        name = name_of(node.this)
        alias = self._alias_of(node) or name
        if name in self._commons[-1]:
            return Source(alias, text=identifier(name))
        if name not in TABLES:
            raise refuse(f"There is no table {name[:60]}; the tables are {', '.join(TABLES)}", node)
        return Source(alias, Bound(name, alias))

    @staticmethod
    def _alias_of(node: Node) -> str | None:
        alias = node.args.get("alias")
        if alias is None:
            return None
        only(alias, "this")
        return name_of(alias.this)

    def _placed(self, source: Source) -> str:
        text = self._place(source.bound) if source.bound else source.text
        return f"{text} AS {identifier(source.name)}" if source.name else text

    def _joined(self, here: Select, join: Node) -> Source | None:
        is_array = str(join.args.get("kind") or "").upper() == "ARRAY"
        return None if is_array else self._source(here, _Clause(join.this))

    def _join(self, join: Node, source: Source | None) -> Pieces:
        only(join, "this", "side", "kind", "on", "using", "global_", "expressions")
        side, kind = (str(join.args.get(part) or "").upper() for part in ("side", "kind"))
        if side not in SIDES or kind not in KINDS:
            raise refuse("That is no join", join)
        words = " " + " ".join(word for word in (side, kind, "JOIN") if word)
        if source is None:
            return [f"{words} {self.list([join.this, *join.expressions])}"]
        if join.expressions:
            raise refuse("A join names one table", join)
        pieces: Pieces = [f"{words} ", source]
        if join.args.get("on") is not None:
            pieces.append(f" ON {self.expression(join.args['on'])}")
        if using := join.args.get("using"):
            pieces.append(f" USING ({self.list(using)})")
            for one in using:
                self.found(one)
        return pieces

    # --- the rest ----------------------------------------------------------

    def _condition(self, node: Node, first: Source | None) -> str:
        """Write WHERE; `{filters}` in it is asked of the table itself, where the index helps."""
        kind = type(node).__name__
        if kind == "And":
            only(node, "this", "expression")
            return f"({self._condition(node.this, first)} AND {self._condition(node.expression, first)})"
        if kind == "Paren":
            only(node, "this")
            return f"({self._condition(node.this, first)})"
        if kind == "Placeholder" and node.this == FILTERS and FILTERS not in self.values:
            if first is None or first.bound is None or first.bound.table not in FILTERED:
                raise refuse(f"{{filters}} stands in a query from {', '.join(sorted(FILTERED))}", node)
            first.bound.is_filtered = True
            return "1"
        return self.expression(node)

    def _shown(self, node: Node, here: Select) -> list[str]:
        """Write one entry of what is selected; a star over logical tables is their columns, one by one."""
        kind = type(node).__name__
        if kind == "Star":
            only(node)
            return [one for source in here.sources for one in self._star(source, is_only=len(here.sources) == 1)] or [
                "*"
            ]
        if kind == "Column" and type(node.this).__name__ == "Star":
            only(node, "this", "table")
            only(node.this)
            source = here.named(name_of(node.args["table"]))
            if source is None:
                raise refuse("There is no table of that name here", node)
            return self._star(source, is_only=False)
        found = self.found(node) if kind in {"Column", "Dot", "Bracket"} else None
        text = self.expression(node)
        if found and not any(found.shown in TABLES[table.table] for table in here.tables):
            return [f"{text} AS {identifier(safe(found.shown))}"]
        return [text]

    def _star(self, source: Source, *, is_only: bool) -> list[str]:
        if source.bound is None:
            if not source.name and not is_only:
                raise refuse("Give each query in brackets a name with AS, or name the columns")
            return [f"{identifier(source.name)}.*" if source.name else "*"]
        columns = TABLES[source.bound.table]
        for column in columns:
            source.bound.want(column)
        return [f"{identifier(source.name)}.{identifier(column)} AS {identifier(column)}" for column in columns]

    def _limits(self, limit: Node, offset: Node) -> str:
        text = ""
        if limit is not None:
            only(limit, "expression", "expressions")
            text = f" LIMIT {whole(limit.expression, MOST_ROWS)}"
            if offset is not None:
                text += f" OFFSET {self._offset(offset)}"
            if limit.expressions:
                text += f" BY {self.list(limit.expressions)}"
        elif offset is not None:
            text = f" OFFSET {self._offset(offset)}"
        return text

    @staticmethod
    def _offset(node: Node) -> int:
        only(node, "expression")
        return whole(node.expression, MOST_ROWS)


class _Clause:
    """A joined table in the shape of a FROM clause."""

    def __init__(self, this: Node) -> None:
        self.this = this
        self.args = {"this": this}
