"""What an event is called on a path: the page, the screen or the event, cleaned and grouped as was asked."""

from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.clickhouse.properties import property_text
from apps.query.kinds.paths_question import PathsInput
from apps.query.schema.paths import PathType

_PROPERTIES: Final = {PathType.PAGEVIEW: "$current_url", PathType.SCREEN: "$screen_name"}
_LIKE_ESCAPES: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%"})
_ALIAS_ESCAPES: Final = str.maketrans({"\\": "\\\\"})


def is_of_types(question: PathsInput, bindings: Bindings) -> str:
    """Give the condition that an event is of the types paths are made of."""
    parts = [f"event = {bindings.bind(str(one))}" for one in question.types if one in _PROPERTIES]
    if PathType.CUSTOM_EVENT in question.types:
        parts.append("NOT startsWith(event, '$')")
    return f"({' OR '.join(parts)})"


def name(question: PathsInput, bindings: Bindings) -> str:
    """Give the expression of what an event is called; empty for a page view without an address."""
    named = [one for one in question.types if one in _PROPERTIES]
    if not named:
        return "event"
    parts = [f"event = {bindings.bind(str(one))}, ifNull({property_text(_PROPERTIES[one])}, '')" for one in named]
    return f"multiIf({', '.join(parts)}, event)"


def cleaned(question: PathsInput, bindings: Bindings, named: str) -> str:
    """Give the expression of a name (a column) without its last slash, and as the rules want it."""
    named = f"if(endsWith({named}, '/') AND {named} != '/', substring({named}, 1, length({named}) - 1), {named})"
    for pattern, alias in question.cleaning:
        alias_text = bindings.bind(alias.translate(_ALIAS_ESCAPES))
        named = f"replaceRegexpAll({named}, {bindings.bind(pattern)}, {alias_text})"
    return named


def grouped(question: PathsInput, bindings: Bindings, item: str) -> str:
    """Give the expression of what an item (a column) belongs to: the first grouping found in it, else itself."""
    if not question.groupings:
        return item
    parts = [
        f"{item} LIKE {bindings.bind(f'%{grouping.translate(_LIKE_ESCAPES)}%')}, {bindings.bind(grouping)}"
        for grouping in question.groupings
    ]
    return f"multiIf({', '.join(parts)}, {item})"


def spellings(text: str) -> tuple[str, ...]:
    """List the items a person can mean by a text: the text itself, and without its last slash."""
    return tuple(dict.fromkeys((text, text[:-1] if len(text) > 1 and text.endswith("/") else text)))
