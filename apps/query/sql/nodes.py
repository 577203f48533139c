"""Small rules over the parser's tree: which parts a node may have, what names, numbers and types look like."""

import math
import re
from typing import Any, Final

from apps.query.sql.errors import refuse
from apps.query.sql.functions import safe

Node = Any
"""A node of the parser's tree."""

BINARY: Final = {
    "Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%%",
    "EQ": "=", "NEQ": "!=", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=",
    "And": "AND", "Or": "OR", "Like": "LIKE", "ILike": "ILIKE", "DPipe": "||",
}  # fmt: skip
ARITHMETIC: Final = frozenset({"Add", "Sub", "Mul", "Div", "Mod"})
COMPARING: Final = frozenset({"EQ", "NEQ", "GT", "GTE", "LT", "LTE"})
NUMERIC_CALLS: Final = re.compile(
    r"(?:sum|avg|median|quantiles?|stddev|var|round|floor|ceil|abs|sqrt|log|exp|pow)\w*", re.IGNORECASE
)
"""Calls that read a property as a number: the text `12` is of no use to them."""

UNITS: Final = frozenset({"SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
_NUMBER: Final = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_TYPE: Final = re.compile(r"[\w(), '/+-]{1,200}")
_TYPE_WORD: Final = re.compile(r"'[^']*'|([A-Za-z]\w*)")
_TYPES: Final = re.compile(
    r"String|FixedString|U?Int(?:8|16|32|64|128|256)|Float(?:32|64)|Decimal(?:32|64|128|256)?|Bool|Date|Date32"
    r"|DateTime|DateTime64|UUID|IPv4|IPv6|Array|Tuple|Map|Nullable|LowCardinality"
)
_LONGEST_NAME: Final = 256


def only(node: Node, *parts: str) -> None:
    """Refuse a node with a part that nobody writes."""
    for part, value in node.args.items():
        if part not in parts and value not in (None, False, "", []):
            raise refuse(f"{part.strip('_').replace('_', ' ').upper()} is not answered here", node)


def name_of(node: Node) -> str:
    """Give the name to write for an identifier."""
    if type(node).__name__ != "Identifier" or not isinstance(node.this, str):
        raise refuse("Expected a name", node)
    if not 0 < len(node.this) <= _LONGEST_NAME:
        raise refuse(f"A name has 1 to {_LONGEST_NAME} characters", node)
    return safe(node.this)


def is_number(node: Node) -> bool:
    """Tell whether a node is a number as written."""
    kind = type(node).__name__
    return (kind == "Literal" and not node.args.get("is_string")) or (kind == "Neg" and is_number(node.this))


def number(text: str) -> str:
    """Check the text of a number."""
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise refuse("That is no number")
    return text


def whole(node: Node, most: int) -> int:
    """Read a whole number that must stand as such, as in LIMIT."""
    text = str(node.this) if type(node).__name__ == "Literal" and not node.args.get("is_string") else ""
    if not text.isdecimal() or not text.isascii() or len(text) > len(str(most)) or int(text) > most:
        raise refuse(f"Expected a whole number of {most} at most", node)
    return int(text)


def cast_type(node: Node) -> str:
    """Give the type a cast names, if its values can be shown."""
    from apps.query.sql.dialect import type_text  # noqa: PLC0415 - a circle otherwise

    text = str(node.this) if type(node).__name__ == "Literal" else type_text(node)
    words = [word for word in _TYPE_WORD.findall(text) if word]
    if not _TYPE.fullmatch(text) or not all(_TYPES.fullmatch(word) for word in words):
        raise refuse(f"There is no cast to {text[:60]}", node)
    return text
