"""What decides whether an object can be written as columns, and the plain way of doing so, object by object.

This module is the law: what it takes, and into which paths and types, is exactly what ClickHouse makes of the same text
(see ../properties.py and the view in schema/0001). `shapes.py` does the same faster for objects that resemble others.

Taken are text, booleans, numbers of at most 64 bits, lists of one of these, null, and objects of all these. Everything
else (lists of objects or of lists, mixed lists, larger numbers, a key that comes twice, keys with `%2E`, quotes or
control characters in them) goes into ClickHouse as text.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

from apps.clickhouse.native.json_column import ABSENT, SCALARS, Arrays, Packed, Piece, Type

MOST_PATHS: Final = 256
MOST_DEEP: Final = 8
_LEAST_INTEGER: Final = -(1 << 63)
_MOST_INTEGER: Final = (1 << 63) - 1
_ESCAPE: Final = re.compile(rb"\\.", re.DOTALL)
_ODD_KEY: Final = re.compile(r'[\x00-\x1f"\\]|%2E')
_LISTS_OF_MORE: Final = (b"[{", b"[[")

TYPES: Final[dict[type, Type]] = {str: "String", int: "Int64", float: "Float64", bool: "Bool"}
_NULLS: Final[dict[Type, Any]] = {"String": "", "Int64": 0, "Float64": 0.0, "Bool": False}

Value = tuple[str, Type, Any]
"""A path, the type at it, and the value."""


class NotFlatError(Exception):
    """The object has to go into ClickHouse as text."""


def may_be_flat(text: bytes) -> bool:
    """Say quickly that an object cannot be written as columns; a guess that it can may be wrong."""
    # One byte is found many times faster than two, and most objects hold no list at all.
    return b"[" not in text or not any(start in text for start in _LISTS_OF_MORE)


def path_of(parent: str | None, key: str) -> str:
    """Name a key below a path; raises NotFlatError for a key that reads like an escaped one, or no struct can have."""
    if _ODD_KEY.search(key):
        raise NotFlatError
    key = key.replace(".", "%2E")
    return key if parent is None else f"{parent}.{key}"


def count_quotes(text: bytes) -> int:
    """Count the quotes around keys and texts; an object has two a key and two a text, and more if a key comes twice."""
    quotes = text.count(b'"')
    if b"\\" in text:
        quotes -= _ESCAPE.findall(text).count(b'\\"')
    return quotes


def decode(text: bytes) -> dict[str, Any]:
    """Decode an object; raises NotFlatError when it is none that msgspec reads."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise NotFlatError from exc
    if not isinstance(found, dict):
        raise NotFlatError
    return found


def flatten(text: bytes, found: dict[str, Any]) -> list[Value]:
    """Give what a decoded object has at which path; raises NotFlatError."""
    values: list[Value] = []
    quotes = _walk(found, None, values, 1)
    if quotes != count_quotes(text) or len(values) > MOST_PATHS:
        raise NotFlatError
    return values


def content(text: bytes) -> dict[str, Any] | None:
    """Decode an object that can be written as columns; None for any other."""
    try:
        found = decode(text)
        flatten(text, found)
    except NotFlatError:
        return None
    return found


def _walk(found: dict[str, Any], parent: str | None, values: list[Value], depth: int) -> int:
    """Collect the values of an object and of those in it; give how many quotes it takes to write them down."""
    if depth > MOST_DEEP:
        raise NotFlatError
    quotes = 0
    for key, value in found.items():
        quotes += 2
        path = path_of(parent, key)
        kind = value.__class__
        if kind is str:
            quotes += 2
        elif kind is int:
            if not _LEAST_INTEGER <= value <= _MOST_INTEGER:
                raise NotFlatError
        elif kind is dict:
            quotes += _walk(value, path, values, depth + 1)
            continue
        elif kind is list:
            element = element_type(value)
            quotes += 2 * (len(value) - value.count(None)) if element == "String" else 0
            values.append((path, f"Array(Nullable({element}))", value))
            continue
        elif value is None:
            continue
        values.append((path, TYPES[kind], value))
    return quotes


def element_type(values: list[Any]) -> Type:
    """Name the type of a list's elements; raises NotFlatError when they have none in common."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return "String"
    if len(kinds) > 1 or (kind := kinds.pop()) not in TYPES:
        raise NotFlatError
    if kind is int and any(value is not None and not _LEAST_INTEGER <= value <= _MOST_INTEGER for value in values):
        raise NotFlatError
    return TYPES[kind]


def pack(type_name: Type, values: Sequence[Any]) -> Packed:
    """Pack values of one type; raises OverflowError for a number that is too large."""
    plain = SCALARS.get(type_name)
    if plain is not None:
        return plain(values)
    element = type_name.removeprefix("Array(Nullable(").removesuffix("))")
    elements = list(chain.from_iterable(values))
    nulls = bytes([value is None for value in elements])
    if 1 in nulls:
        zero = _NULLS[element]
        elements = [zero if value is None else value for value in elements]
    return Arrays([len(value) for value in values], nulls, SCALARS[element](elements))


def pieces(rows: Sequence[list[Value]]) -> Iterator[Piece]:
    """Turn objects, each as its values, into the pieces of a column."""
    found: dict[str, tuple[bytearray, dict[Type, list[Any]]]] = {}
    for row, values in enumerate(rows):
        for path, type_name, value in values:
            known = found.get(path)
            if known is None:
                known = found[path] = (bytearray([ABSENT]) * len(rows), {})
            index, by_type = known
            if type_name not in by_type:
                by_type[type_name] = []
            by_type[type_name].append(value)
            index[row] = list(by_type).index(type_name)
    for path, (index, by_type) in found.items():
        yield Piece(path, [(type_name, pack(type_name, values)) for type_name, values in by_type.items()], bytes(index))
