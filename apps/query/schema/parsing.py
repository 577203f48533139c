"""From untrusted JSON to typed structs; every refusal names the field."""

import re
from typing import Any, Final, TypeVar

import msgspec

from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.schema.funnels import FunnelsQuery
from apps.query.schema.lifecycle import LifecycleQuery
from apps.query.schema.paths import PathsQuery
from apps.query.schema.request import QueryRequest
from apps.query.schema.retention import RetentionQuery
from apps.query.schema.sql import HogQLQuery
from apps.query.schema.stickiness import StickinessQuery
from apps.query.schema.trends import TrendsQuery

Query = TrendsQuery | FunnelsQuery | RetentionQuery | LifecycleQuery | StickinessQuery | PathsQuery | HogQLQuery
"""Every kind of question there is an answer to."""

MAX_DEPTH: Final = 40
MAX_NAME_LENGTH: Final = 128
MAX_ID_LENGTH: Final = 128

LATER_KINDS: Final = frozenset(
    {
        "ActorsQuery",
        "EventsQuery",
    }
)
"""Kinds of the public contract this server does not answer."""

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_FIELD = re.compile(r"(?:unknown|required) field `(?P<name>.*)`", re.DOTALL)
_INDEX = re.compile(r"\[([^\]]*)\]")

T = TypeVar("T")


def parse_request(raw: object) -> QueryRequest:
    """Read the body of a request; the query in it stays raw, for `parse_query`.

    Raises InvalidQueryError for unknown or wrong fields.
    """
    request: QueryRequest = _convert(raw, QueryRequest, "")
    if request.name and len(request.name) > MAX_NAME_LENGTH:
        raise InvalidQueryError(f"A name may have {MAX_NAME_LENGTH} characters at most.", attr="name")
    if request.client_query_id and len(request.client_query_id) > MAX_ID_LENGTH:
        raise InvalidQueryError(f"An id may have {MAX_ID_LENGTH} characters at most.", attr="client_query_id")
    return request


def parse_query(raw: object, attr: str = "query") -> Query:
    """Read one query; raises InvalidQueryError or UnsupportedQueryError naming the field."""
    if not isinstance(raw, dict):
        raise InvalidQueryError("Expected a query object with a kind.", attr=attr)
    _check_tree(raw, attr)
    kind = raw.get("kind")
    if isinstance(kind, str) and kind in LATER_KINDS:
        raise UnsupportedQueryError(f"{kind} is not supported yet.", attr=f"{attr}.kind")
    query: Query = _convert(raw, Query, attr)
    return query


def _convert(raw: object, into: Any, attr: str) -> Any:  # noqa: ANN401 - msgspec decides the type
    try:
        return msgspec.convert(raw, into)
    except msgspec.ValidationError as exc:
        detail, path = _explain(str(exc), attr)
        raise InvalidQueryError(detail, attr=path or None) from exc


def _explain(message: str, attr: str) -> tuple[str, str]:
    """Turn msgspec's sentence into ours, and its path (`$.series[1].math`) into a dotted one."""
    match = _AT.match(message)
    what, path = (match["what"], match["path"] or "$") if match else (message, "$")
    dotted = attr + _INDEX.sub(r".\1", path.removeprefix("$"))
    if field := _FIELD.search(what):
        dotted = f"{dotted}.{field['name']}"
    return f"{what.replace('`', '')}.", dotted.strip(".")


def _check_tree(raw: object, attr: str) -> None:
    level = [raw]
    for _ in range(MAX_DEPTH):
        if any(isinstance(node, str) and not _is_text(node) for node in level):
            raise InvalidQueryError("Half a surrogate pair is no text.", attr=attr)
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise InvalidQueryError(f"A query may be nested {MAX_DEPTH} deep at most.", attr=attr)


def _is_text(node: str) -> bool:
    try:
        node.encode()
    except UnicodeEncodeError:
        return False
    return True


def _children(node: object) -> list[object]:
    if isinstance(node, dict):
        return [*node, *node.values()]
    return list(node) if isinstance(node, list | tuple) else []
