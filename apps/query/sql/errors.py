"""What is wrong with somebody's SQL, and where."""

from typing import Any

from apps.query.errors import InvalidQueryError

ATTR = "query.query"


def refuse(detail: str, node: Any = None) -> InvalidQueryError:  # noqa: ANN401 - a node of the parser's tree
    """Make the refusal of a piece of SQL, with its place in the text when that is known."""
    place = _place(node)
    return InvalidQueryError(f"{detail}{place}.", attr=ATTR)


def at(line: int, column: int) -> str:
    """Name a place in the text."""
    return f" (line {line}, column {column})"


def _place(node: Any) -> str:  # noqa: ANN401 - a node of the parser's tree
    if node is None:
        return ""
    found = next((one.meta for one in node.walk() if one.meta.get("line")), None)
    if found is None:
        return ""
    width = found["end"] - found["start"]
    return at(found["line"], max(found["col"] - width, 1))
