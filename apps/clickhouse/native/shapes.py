"""Objects that resemble each other, decoded straight into columns by a struct that was made for them.

A struct whose fields are the keys seen so far lets msgspec decode a whole list of objects in C, and check while it does
so that nothing else is in them. Whatever does not fit is read the plain way (`flat.py`), and the struct learns from it.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import isfinite
from operator import itemgetter
from types import NoneType
from typing import Any, Final, Union

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple

from apps.clickhouse.native.flat import (
    MOST_PATHS,
    TYPES,
    NotFlatError,
    count_quotes,
    element_type,
    pack,
    path_of,
)
from apps.clickhouse.native.json_column import ABSENT, Packed, Piece, Type

_MOST_TIMES_LEARNED: Final = 40
_LONG_ENOUGH: Final = 2_000
"""After so many reads a shape that can learn no more has paid for a new beginning."""
_ABSENT_KINDS: Final = (UnsetType, NoneType)
_LIST_OF_TEXT: Final = "Array(Nullable(String))"
_LIST: Final = list[str | bool | int | float | None]


Change = Mapping[str, Any] | None
"""Members to put into an object, over those it has."""


class UnfitError(Exception):
    """Some object of several does not fit the shape."""


@dataclass(slots=True)
class _Member:
    """What was seen under one key."""

    path: str
    kinds: set[type] = field(default_factory=set)
    is_always_there: bool = True
    inner: "Shape | None" = None

    def annotation(self) -> Any:  # noqa: ANN401 - a type made at run time
        kinds: list[Any] = [kind for kind in self.kinds if kind not in (list, dict)]
        if float in self.kinds and int not in self.kinds:
            kinds.append(int)  # or msgspec would turn 1 into 1.0
        if list in self.kinds:
            kinds.append(_LIST)
        if self.inner is not None:
            kinds.append(self.inner.struct)
        if not self.is_always_there:
            kinds.append(UnsetType)
        return Union[tuple(kinds)]  # noqa: UP007 - of types known only now

    def only_type(self) -> type | None:
        """Give the type when every object has this key with a plain value of it."""
        if self.is_always_there and len(self.kinds) == 1:
            (kind,) = self.kinds
            return kind if kind in TYPES and kind is not float else None
        return None


class Shape:
    """What the objects of one kind, or those below one of their keys, were seen to hold."""

    def __init__(self, parent: str | None = None, depth: int = 1) -> None:
        self._parent = parent
        self._depth = depth
        self._members: dict[str, _Member] = {}
        self._struct: type[Struct] | None = None
        self._decoder: msgspec.json.Decoder[list[Any]] | None = None
        self._seen = 0
        self.times_learned = 0
        self._reads = 0

    @property
    def is_spent(self) -> bool:
        """Say whether objects may look otherwise by now, so that it is time to begin anew."""
        return not self.can_learn and self._reads >= _LONG_ENOUGH

    @property
    def can_learn(self) -> bool:
        """Say whether making another struct is worth it; objects that never resemble each other gain nothing."""
        return self.times_learned < _MOST_TIMES_LEARNED

    def size(self) -> int:
        """Count the keys, those of objects within included."""
        return sum(1 + (member.inner.size() if member.inner else 0) for member in self._members.values())

    def learn(self, contents: Sequence[dict[str, Any]]) -> None:
        """Take note of objects that `flat.flatten` accepts."""
        if self.size() + len(set().union(*contents) - self._members.keys()) > MOST_PATHS:
            self.times_learned = _MOST_TIMES_LEARNED
            return
        self.times_learned += 1
        for content in contents:
            self._note(content)
        self._forget_structs()

    def _note(self, content: dict[str, Any]) -> None:
        for key, value in content.items():
            member = self._members.get(key)
            if member is None:
                member = self._members[key] = _Member(path_of(self._parent, key))
                member.is_always_there = self._seen == 0 and self._depth == 1
            member.kinds.add(type(value))
            if isinstance(value, dict):
                if member.inner is None:
                    member.inner = Shape(member.path, self._depth + 1)
                member.inner._note(value)  # noqa: SLF001 - of the same class
        if len(content) < len(self._members):
            for key in self._members.keys() - content.keys():
                self._members[key].is_always_there = False
        self._seen += 1

    def _forget_structs(self) -> None:
        self._struct = self._decoder = None
        for member in self._members.values():
            if member.inner is not None:
                member.inner._forget_structs()  # noqa: SLF001 - of the same class

    @property
    def struct(self) -> type[Struct]:
        """Give the struct that fits what was seen and nothing else."""
        if self._struct is None:
            fields: list[Any] = []
            for number, (key, member) in enumerate(self._members.items()):
                options = {"name": key} if member.is_always_there else {"name": key, "default": UNSET}
                fields.append((f"f{number}", member.annotation(), msgspec.field(**options)))
            self._struct = msgspec.defstruct("Properties", fields, kw_only=True, forbid_unknown_fields=True, gc=False)
        return self._struct

    def read(self, texts: Sequence[bytes], changes: Sequence[Change] | None = None) -> list[Piece]:
        """Lay out objects as pieces of a column, each with its change made to it.

        Raises UnfitError when there is something else in one of them, or in a change.
        """
        self._reads += 1
        if not self._members:
            raise UnfitError
        text = b"[" + b",".join(texts) + b"]"
        try:
            if self._decoder is None:
                self._decoder = msgspec.json.Decoder(list[self.struct])  # type: ignore[name-defined]  # made at run time
            found = self._decoder.decode(text)
            pieces: list[Piece] = []
            changed = set().union(*filter(None, changes)) if changes else set()
            quotes, columns = self._lay_out(found, pieces, changed)
            for key in changed:
                member = self._members.get(key) or _Member(path_of(self._parent, key))
                column = _with_changes(columns.get(key) or (UNSET,) * len(texts), key, changes or ())
                _lay_out_mixed(member, column, pieces)
        except (msgspec.MsgspecError, NotFlatError, OverflowError, ValueError, RecursionError, KeyError) as exc:
            raise UnfitError from exc
        if len(found) != len(texts) or quotes != count_quotes(text):
            raise UnfitError
        return pieces

    def _lay_out(
        self, rows: Sequence[Struct], pieces: list[Piece], apart: Container[str] = ()
    ) -> tuple[int, dict[str, tuple[Any, ...]]]:
        """Add the pieces of these objects; give how many quotes it takes to write them down, and what was set apart."""
        quotes, columns = 0, {}
        for (key, member), column in zip(self._members.items(), zip(*map(astuple, rows), strict=True), strict=True):
            if key in apart:
                columns[key] = column
                quotes += _lay_out_mixed(member, column, [])
            elif (kind := member.only_type()) is not None:
                pieces.append(Piece(member.path, [(TYPES[kind], pack(TYPES[kind], column))]))
                quotes += len(column) * (4 if kind is str else 2)
            else:
                quotes += _lay_out_mixed(member, column, pieces)
        return quotes, columns


def _with_changes(column: tuple[Any, ...], key: str, changes: Sequence[Change]) -> tuple[Any, ...]:
    """Put the changes of one key into its column; raises UnfitError for what JSON would write in another way."""
    try:
        # Most often every object gets this member, by the same step.
        changed = tuple(map(itemgetter(key), changes))  # type: ignore[arg-type]  # None raises TypeError
    except (KeyError, TypeError):
        pairs = zip(column, changes, strict=True)
        changed = tuple([value if change is None else change.get(key, value) for value, change in pairs])
    if float in set(map(type, changed)) and not all(map(isfinite, filter(_is_float, changed))):
        raise UnfitError
    return changed


def _is_float(value: object) -> bool:
    return value.__class__ is float


def _lay_out_mixed(member: _Member, column: tuple[Any, ...], pieces: list[Piece]) -> int:
    kinds = list(map(type, column))
    different = set(kinds)
    quotes = 2 * (len(column) - (kinds.count(UnsetType) if UnsetType in different else 0))
    if len(different) == 1 and (kind := kinds[0]) in TYPES:
        pieces.append(Piece(member.path, [(TYPES[kind], pack(TYPES[kind], column))]))
        return quotes + (2 * len(column) if kind is str else 0)
    places: dict[type, int] = {}
    values: list[tuple[Type, Packed]] = []
    known = {UnsetType, NoneType, list, member.inner.struct if member.inner else None}
    for kind in different:
        if kind not in TYPES and kind not in known:
            raise UnfitError
        places[kind] = ABSENT
        if kind in TYPES:
            places[kind] = len(values)
            some = [value for value in column if value.__class__ is kind]
            values.append((TYPES[kind], pack(TYPES[kind], some)))
            quotes += 2 * len(some) if kind is str else 0
    index = bytearray(map(places.__getitem__, kinds))
    if list in different:
        quotes += _add_lists(column, index, values)
    if values:
        pieces.append(Piece(member.path, values, bytes(index)))
    if member.inner is not None:
        inner = member.inner
        nothing = inner.struct()
        rows = [value if value.__class__ is inner.struct else nothing for value in column]
        quotes += inner._lay_out(rows, pieces)[0]  # noqa: SLF001 - of this module
    return quotes


def _add_lists(column: tuple[Any, ...], index: bytearray, values: list[tuple[Type, Packed]]) -> int:
    """Add the lists among a column's values, by the type of their elements; give their quotes."""
    lists = [value for value in column if value.__class__ is list]
    elements = list(chain.from_iterable(lists))
    if set(map(type, elements)) <= {str}:  # the common case, and empty ones count as lists of text
        place = len(values)
        for row, value in enumerate(column):
            if value.__class__ is list:
                index[row] = place
        values.append((_LIST_OF_TEXT, pack(_LIST_OF_TEXT, lists)))
        return 2 * len(elements)
    by_type: dict[str, list[Any]] = {}
    places: dict[str, int] = {}
    quotes = 0
    for row, value in enumerate(column):
        if value.__class__ is list:
            element = element_type(value)
            if element not in by_type:
                by_type[element] = []
                places[element] = len(values) + len(places)
            by_type[element].append(value)
            index[row] = places[element]
            if element == "String":
                quotes += 2 * (len(value) - value.count(None))
    for element, lists in by_type.items():
        type_name = f"Array(Nullable({element}))"
        values.append((type_name, pack(type_name, lists)))
    return quotes
