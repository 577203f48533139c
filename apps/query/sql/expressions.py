"""Writing expressions: names, values, operators and calls of functions that are allowed."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from apps.clickhouse.statement import identifier, text_literal
from apps.query.sql.errors import refuse
from apps.query.sql.functions import OURS, is_allowed
from apps.query.sql.nodes import (
    ARITHMETIC,
    BINARY,
    COMPARING,
    NUMERIC_CALLS,
    UNITS,
    Node,
    cast_type,
    is_number,
    name_of,
    number,
    only,
)
from apps.query.sql.scopes import AmbiguousNameError, Found, Select, find
from apps.query.sql.tables import PROPERTIES

QUERIES: Final = frozenset({"Select", "Subquery", "Union", "Intersect", "Except"})
MAX_VALUES: Final = 10_000


class Expressions:
    """Writes expressions of the selects around it; what is not known is refused."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.selects: list[Select] = []
        """The selects around what is being written, the innermost last."""
        self._writers: Mapping[str, Callable[[Node], str]] = {
            "Literal": self._literal, "Null": lambda _: "NULL", "Boolean": lambda node: str(bool(node.this)).lower(),
            "Column": self._column, "Dot": self._dot, "Identifier": self._plain, "Placeholder": self._placeholder,
            "Paren": self._paren, "Tuple": self._tuple, "Array": self._array, "Bracket": self._bracket,
            "Not": self._not, "Neg": self._neg, "Is": self._is, "Between": self._between, "In": self._in,
            "Exists": self._exists, "Case": self._case, "If": self._if, "Cast": self._cast,
            "CastToStrType": self._cast, "Interval": self._interval, "Lambda": self._lambda,
            "Anonymous": self._call, "AnonymousAggFunc": self._call, "CombinedAggFunc": self._call,
            "ParameterizedAgg": self._call, "CombinedParameterizedAgg": self._call, "Filter": self._filter,
            "Window": self._over, "Distinct": self._distinct, "Alias": self._alias, "Order": self.order,
        }  # fmt: skip

    def query(self, node: Node) -> str:
        """Write a query within an expression."""
        raise NotImplementedError

    def expression(self, node: Node) -> str:
        """Write any expression."""
        kind = type(node).__name__
        if kind in BINARY:
            return self._binary(node, kind)
        if kind in QUERIES:
            return f"({self.query(node)})"
        writer = self._writers.get(kind)
        if writer is None:
            raise refuse(f"{_words(kind)} is not answered here", node)
        return writer(node)

    def list(self, nodes: Iterable[Node]) -> str:
        """Write expressions one after the other."""
        return ", ".join(self.expression(node) for node in nodes)

    def found(self, node: Node, *, is_number: bool = False) -> Found | None:
        """Find the property or the person's column a node means, if it means one."""
        parts = dotted(node)
        if parts is None:
            return None
        try:
            found = find(parts, self.selects, is_number=is_number)
        except AmbiguousNameError as exc:
            raise refuse(f"Several tables have {'.'.join(parts)}: put the name of one before it", node) from exc
        if found is None and len(parts) > 1 and parts[0] == PROPERTIES:
            raise refuse(f"There is no table here with {'.'.join(parts)}; read it where its table is named", node)
        return found

    def operand(self, node: Node, *, is_number: bool) -> str:
        """Write an operand; a property next to numbers is read as a number."""
        if is_number and type(node).__name__ in {"Column", "Dot", "Bracket"}:
            found = self.found(node, is_number=True)
            if found is not None:
                return _qualified(found)
        return self.expression(node)

    # --- names -------------------------------------------------------------

    def _column(self, node: Node) -> str:
        only(node, "this", "table", "db", "catalog")
        found = self.found(node)
        if found is not None:
            return _qualified(found)
        if type(node.this).__name__ == "Star":
            raise refuse("A star stands alone", node)
        parts = [node.args[part] for part in ("catalog", "db", "table") if node.args.get(part)]
        text = ".".join(identifier(name_of(part)) for part in parts)
        if type(node.this).__name__ == "Literal":
            return f"tupleElement({text}, {number(str(node.this.this))})"
        own = identifier(name_of(node.this))
        return f"{text}.{own}" if parts else own

    def _dot(self, node: Node) -> str:
        only(node, "this", "expression")
        found = self.found(node)
        if found is not None:
            return _qualified(found)
        member = node.expression
        if type(member).__name__ == "Literal" and not member.args.get("is_string"):
            return f"tupleElement({self.expression(node.this)}, {number(str(member.this))})"
        return f"tupleElement({self.expression(node.this)}, {text_literal(name_of(member))})"

    def _plain(self, node: Node) -> str:
        only(node, "this", "quoted")
        return identifier(name_of(node))

    def _bracket(self, node: Node) -> str:
        only(node, "this", "expressions")
        found = self.found(node)
        if found is not None:
            return _qualified(found)
        if len(node.expressions) != 1:
            raise refuse("Expected one index", node)
        return f"{self.expression(node.this)}[{self.expression(node.expressions[0])}]"

    # --- values ------------------------------------------------------------

    def _literal(self, node: Node) -> str:
        only(node, "this", "is_string")
        return text_literal(str(node.this)) if node.args.get("is_string") else number(str(node.this))

    def _placeholder(self, node: Node) -> str:
        only(node, "this")
        name = str(node.this or "")
        if name not in self.values:
            raise refuse(f"There is no value for {{{name}}}", node)
        return value_text(self.values[name], name)

    def _tuple(self, node: Node) -> str:
        only(node, "expressions")
        return f"tuple({self.list(node.expressions)})"

    def _array(self, node: Node) -> str:
        only(node, "expressions")
        return f"[{self.list(node.expressions)}]"

    def _interval(self, node: Node) -> str:
        only(node, "this", "unit")
        unit = str(node.args["unit"].this).upper().removesuffix("S") if node.args.get("unit") else ""
        if unit not in UNITS:
            raise refuse("Expected an interval like INTERVAL 1 DAY", node)
        amount = node.this
        is_text = type(amount).__name__ == "Literal" and amount.args.get("is_string")
        text = number(str(amount.this)) if is_text else self.expression(amount)
        return f"toInterval{unit.capitalize()}({text})"

    def _cast(self, node: Node) -> str:
        only(node, "this", "to")
        return f"CAST({self.expression(node.this)}, {text_literal(cast_type(node.args['to']))})"

    # --- operators ---------------------------------------------------------

    def _binary(self, node: Node, kind: str) -> str:
        only(node, "this", "expression", "safe", "typed")
        left, right = node.this, node.expression
        numeric = kind in ARITHMETIC or (kind in COMPARING and (is_number(left) or is_number(right)))
        one, other = self.operand(left, is_number=numeric), self.operand(right, is_number=numeric)
        return f"({one} {BINARY[kind]} {other})"

    def _paren(self, node: Node) -> str:
        only(node, "this")
        return f"({self.expression(node.this)})"

    def _not(self, node: Node) -> str:
        only(node, "this")
        return f"(NOT {self.expression(node.this)})"

    def _neg(self, node: Node) -> str:
        only(node, "this")
        return f"(- {self.operand(node.this, is_number=True)})"

    def _is(self, node: Node) -> str:
        only(node, "this", "expression")
        if type(node.expression).__name__ != "Null":
            raise refuse("Only IS NULL and IS NOT NULL are answered", node)
        return f"({self.expression(node.this)} IS NULL)"

    def _between(self, node: Node) -> str:
        only(node, "this", "low", "high")
        low, high = node.args["low"], node.args["high"]
        value = self.operand(node.this, is_number=is_number(low) or is_number(high))
        return f"({value} BETWEEN {self.expression(low)} AND {self.expression(high)})"

    def _in(self, node: Node) -> str:
        known = ("field",) if type(node.args.get("field")).__name__ == "Placeholder" else ()
        only(node, "this", "expressions", "query", "is_global", *known)
        if node.args.get("query") is not None:
            return f"({self.expression(node.this)} IN {self.expression(node.args['query'])})"
        wanted = node.expressions
        if known:
            wanted = [node.args["field"]]
        if len(wanted) == 1 and type(wanted[0]).__name__ == "Placeholder":
            return f"({self.expression(node.this)} IN {self.expression(wanted[0])})"
        if not wanted or any(_is_name(one) for one in wanted):
            # The engine takes a name in these brackets for a table of any database.
            raise refuse("Expected values or a query after IN; for names say = or has()", node)
        numeric = all(is_number(one) for one in wanted)
        return f"({self.operand(node.this, is_number=numeric)} IN ({self.list(wanted)}))"

    def _exists(self, node: Node) -> str:
        only(node, "this")
        return f"EXISTS ({self.query(node.this)})"

    def _case(self, node: Node) -> str:
        only(node, "this", "ifs", "default")
        parts = ["CASE"] + ([self.expression(node.this)] if node.args.get("this") else [])
        for one in node.args["ifs"]:
            only(one, "this", "true")
            parts.append(f"WHEN {self.expression(one.this)} THEN {self.expression(one.args['true'])}")
        if node.args.get("default") is not None:
            parts.append(f"ELSE {self.expression(node.args['default'])}")
        return f"{' '.join(parts)} END"

    def _if(self, node: Node) -> str:
        only(node, "this", "true", "false")
        return f"if({self.list([node.this, node.args['true'], node.args['false']])})"

    # --- calls -------------------------------------------------------------

    def _call(self, node: Node) -> str:
        only(node, "this", "expressions", "params")
        name = node.this if isinstance(node.this, str) else ""
        arguments = [one for one in node.expressions if type(one).__name__ != "Star"]
        if name.lower() in OURS and len(arguments) == 1:
            return f"accurateCastOrNull({self.expression(arguments[0])}, '{OURS[name.lower()]}')"
        if not name.isascii() or not name.isidentifier() or not is_allowed(name):
            raise refuse(f"There is no function {name[:60]} here", node)
        numeric = NUMERIC_CALLS.fullmatch(name) is not None
        given = ", ".join(self.operand(one, is_number=numeric) for one in arguments)
        if node.args.get("params") is None:
            return f"{name}({given})"
        params = ", ".join(self.operand(one, is_number=numeric) for one in node.args["params"])
        return f"{name}({given})({params})"

    def _lambda(self, node: Node) -> str:
        only(node, "this", "expressions")
        names = ", ".join(identifier(name_of(one)) for one in node.expressions)
        return f"({names}) -> {self.expression(node.this)}"

    def _distinct(self, node: Node) -> str:
        only(node, "expressions")
        return f"DISTINCT {self.list(node.expressions)}"

    def _alias(self, node: Node) -> str:
        only(node, "this", "alias")
        return f"{self.expression(node.this)} AS {identifier(name_of(node.args['alias']))}"

    def _filter(self, node: Node) -> str:
        only(node, "this", "expression")
        only(node.expression, "this")
        return f"{self.expression(node.this)} FILTER (WHERE {self.expression(node.expression.this)})"

    # --- windows -----------------------------------------------------------

    def _over(self, node: Node) -> str:
        if node.args.get("alias") is not None:
            only(node, "this", "alias", "over")
            return f"{self.expression(node.this)} OVER {identifier(name_of(node.args['alias']))}"
        return f"{self.expression(node.this)} OVER {self.window(node)}"

    def window(self, node: Node) -> str:
        """Write the inside of OVER."""
        only(node, "this", "partition_by", "order", "spec", "over")
        parts = []
        if by := node.args.get("partition_by"):
            parts.append(f"PARTITION BY {self.list(by)}")
        if order := node.args.get("order"):
            parts.append(self.order(order))
        if spec := node.args.get("spec"):
            only(spec, "kind", "start", "start_side", "end", "end_side")
            kind = str(spec.args.get("kind") or "").upper()
            if kind not in {"ROWS", "RANGE"}:
                raise refuse("A frame counts ROWS or a RANGE", node)
            start = self._edge(spec, "start")
            parts.append(
                f"{kind} BETWEEN {start} AND {self._edge(spec, 'end')}" if spec.args.get("end") else f"{kind} {start}"
            )
        return f"({' '.join(parts)})"

    def _edge(self, spec: Node, which: str) -> str:
        edge, side = spec.args.get(which), str(spec.args.get(f"{which}_side") or "").upper()
        if edge == "CURRENT ROW":
            return "CURRENT ROW"
        if side not in {"PRECEDING", "FOLLOWING"}:
            raise refuse("A frame begins and ends PRECEDING, FOLLOWING or at the CURRENT ROW", spec)
        return f"UNBOUNDED {side}" if edge == "UNBOUNDED" else f"{self.expression(edge)} {side}"

    def order(self, node: Node) -> str:
        """Write ORDER BY."""
        only(node, "expressions", "this")
        parts = []
        for one in node.expressions:
            only(one, "this", "desc", "nulls_first")
            nulls = " NULLS FIRST" if one.args.get("nulls_first") else ""
            parts.append(f"{self.expression(one.this)}{' DESC' if one.args.get('desc') else ''}{nulls}")
        return f"ORDER BY {', '.join(parts)}"


def dotted(node: Node) -> tuple[str, ...] | None:
    """Give the names of `a.b.c` and `a.b['c']`, or None for anything else."""
    kind = type(node).__name__
    if kind == "Column":
        parts = [node.args[part] for part in ("catalog", "db", "table", "this") if node.args.get(part) is not None]
    elif kind == "Identifier":
        parts = [node]
    elif kind == "Dot":
        before = dotted(node.this)
        return (*before, node.expression.this) if before and type(node.expression).__name__ == "Identifier" else None
    elif kind == "Bracket" and len(node.expressions) == 1:
        before, key = dotted(node.this), node.expressions[0]
        is_key = type(key).__name__ == "Literal" and key.args.get("is_string")
        return (*before, key.this) if before and before[-1] == PROPERTIES and is_key and key.this else None
    else:
        return None
    return tuple(part.this for part in parts) if all(type(part).__name__ == "Identifier" for part in parts) else None


def value_text(value: Any, name: str) -> str:  # noqa: ANN401 - raw JSON
    """Write a value of the question in the place of its name."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and abs(value) < 1e300:  # noqa: PLR2004 - what a Float64 holds, roughly
        return f"({value!r})"
    if isinstance(value, str | date | datetime):
        return text_literal(str(value))
    if isinstance(value, list | tuple) and len(value) <= MAX_VALUES:
        return f"[{', '.join(value_text(one, name) for one in value)}]"
    raise refuse(f"The value of {name} is no text, number, boolean, null or list of them")


def _qualified(found: Found) -> str:
    return f"{identifier(found.source)}.{identifier(found.column)}"


def _is_name(node: Node) -> bool:
    while type(node).__name__ in {"Paren", "Alias"}:
        node = node.this
    return type(node).__name__ in {"Column", "Identifier", "Dot", "Bracket", "Star"}


def _words(kind: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind)
