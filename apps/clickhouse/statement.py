"""A question to ClickHouse: text and values apart, and never without a project.

The text holds parameters as `%(name)s`; a percent sign meant literally is written `%%`. Values are put in by
`Statement.render()` as SQL literals, so no value can become text. Names that come from people (property keys) go
through `identifier()`.
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from types import MappingProxyType
from typing import Self
from uuid import UUID

Value = object
Setting = str | int | float

# https://clickhouse.com/docs/sql-reference/syntax#string: the escapes its lexer knows.
_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        "\0": "\\0",
        "\a": "\\a",
        "\b": "\\b",
        "\t": "\\t",
        "\n": "\\n",
        "\v": "\\v",
        "\f": "\\f",
        "\r": "\\r",
    }
)
_PERCENT = re.compile(r"%(?:\((?P<name>\w+)\)s|%|)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME_ESCAPES = _ESCAPES | str.maketrans({"`": "\\`", "'": "'"})


@dataclass(frozen=True)
class Statement:
    """One SQL text with its values; refused unless it names the project it is about.

    `settings` are ClickHouse settings for this statement alone, over those the client always sends.
    """

    sql: str
    params: Mapping[str, Value] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    is_unscoped: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        """Hold the rule, and freeze what was handed in."""
        if not self.is_unscoped and "project_id" not in self.params:
            raise ValueError(
                "A statement needs the parameter project_id; use Statement.unscoped() for one that has none."
            )
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    @classmethod
    def unscoped(
        cls, sql: str, params: Mapping[str, Value] | None = None, settings: Mapping[str, Setting] | None = None
    ) -> Self:
        """Make a statement about no single project: schema, health, jobs over all projects."""
        return cls(sql, params or {}, settings or {}, is_unscoped=True)

    def render(self) -> str:
        """Give the SQL text with every value in its place as a literal.

        Raises ValueError for a value that has no literal, a parameter that is missing, or text that is no Unicode.
        """
        text = _PERCENT.sub(self._fill, self.sql)
        if not _is_unicode(text):
            raise ValueError("The statement holds half a surrogate pair, which is no text.")
        return text

    def _fill(self, found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            if found[0] != "%%":
                raise ValueError("A percent sign in a statement that is no parameter must be doubled.")
            return "%"
        if name not in self.params:
            raise ValueError(f"The statement has no value for its parameter {name}.")
        return literal(self.params[name])


@singledispatch
def literal(value: Value) -> str:
    """Write a Python value as the ClickHouse literal that means the same; ValueError when there is none."""
    raise ValueError(f"A {type(value).__name__} has no ClickHouse literal.")


@literal.register
def _null(_value: None) -> str:
    return "NULL"


@literal.register
def _bool(value: bool) -> str:  # noqa: FBT001 - dispatched on
    return "true" if value else "false"


@literal.register
def _enum(value: Enum) -> str:
    return literal(value.value)


@literal.register(int)
@literal.register(Decimal)
def _number(value: int | Decimal) -> str:
    # In parentheses, since `x -%(n)s` with a bare -1 would start a comment.
    return f"({value})" if value < 0 else str(value)


@literal.register
def _float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "(-inf)"
    return f"({value!r})" if math.copysign(1, value) < 0 else repr(value)


@literal.register
def _text(value: str) -> str:
    return f"'{value.translate(_ESCAPES)}'"


@literal.register
def _uuid(value: UUID) -> str:
    return f"toUUID('{value}')"


@literal.register
def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("A moment without a time zone means nothing to ClickHouse.")
    microseconds = (value - _EPOCH) // timedelta(microseconds=1)
    return f"fromUnixTimestamp64Micro(toInt64({microseconds}), 'UTC')"


@literal.register
def _date(value: date) -> str:
    return f"toDate32('{value.isoformat()}')"


@literal.register(list)
def _array(value: list[Value]) -> str:
    return f"[{', '.join(map(literal, value))}]"


@literal.register(tuple)
@literal.register(set)
@literal.register(frozenset)
def _choice(value: Collection[Value]) -> str:
    # Never empty parentheses, which are no SQL: `x IN tuple()` is false for every x.
    return f"({', '.join(map(literal, value))})" if value else "tuple()"


def identifier(name: str) -> str:
    """Quote a name that comes from outside, ready to stand in the text of a Statement (its percent signs doubled)."""
    if not name or not _is_unicode(name):
        raise ValueError("An identifier must be text and not empty.")
    return f"`{name.translate(_NAME_ESCAPES)}`".replace("%", "%%")


def text_literal(value: str) -> str:
    """Write a string as a literal inside the text of a Statement, where a parameter cannot stand."""
    if not _is_unicode(value):
        raise ValueError("Half a surrogate pair is no text.")
    return literal(value).replace("%", "%%")


def names(columns: Sequence[str]) -> str:
    """Quote and join column names."""
    return ", ".join(identifier(column) for column in columns)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
