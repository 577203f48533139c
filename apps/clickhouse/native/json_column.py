"""A column of ClickHouse's JSON type in Native form, laid out path by path.

The form is the flattened one (version 3, read by ClickHouse since 25.6): the paths; for each path the types that occur
at it; then for each path one byte a row that names the type (or, one past the last type, that nothing is there), and
for each type its values one after the other.
Source: ClickHouse's SerializationObject.cpp and SerializationDynamic.cpp (FLATTENED).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from apps.clickhouse.embedded.wire import string, varint
from apps.clickhouse.native.values import booleans, numbers, texts

ABSENT: Final = 255
"""The code of "nothing here" until a path knows how many types it has."""

_FLATTENED: Final = (3).to_bytes(8, "little")
_MOST_TYPES: Final = 250

Type = str
"""A ClickHouse type by name: one of SCALARS, or an array of one of them."""

SCALARS: Final[dict[Type, Callable[[Sequence[Any]], bytes]]] = {
    "String": texts,
    "Int64": lambda values: numbers("q", values),
    "Float64": lambda values: numbers("d", values),
    "Bool": booleans,
}


class Arrays(NamedTuple):
    """Values of one array type: the length of each, which elements are null, and the elements, null ones as zero."""

    lengths: list[int]
    nulls: bytes
    elements: bytes


Packed = bytes | Arrays


@dataclass(frozen=True, slots=True)
class Piece:
    """What some rows in a row have at one path.

    `index` gives for each row the place of its type among `values`, or ABSENT; without one every row has the first.
    """

    path: str
    values: list[tuple[Type, Packed]]
    index: bytes | None = None


class _Values(Protocol):
    def add(self, packed: Any) -> None: ...  # noqa: ANN401 - bytes or Arrays, as the type wants

    def finish(self) -> list[bytes]: ...


@dataclass(slots=True)
class _Plain:
    pieces: list[bytes] = field(default_factory=list)

    def add(self, packed: bytes) -> None:
        self.pieces.append(packed)

    def finish(self) -> list[bytes]:
        return self.pieces


@dataclass(slots=True)
class _Nested:
    """Arrays of Nullable: where each ends, then the nulls of all elements, then all elements."""

    ends: list[int] = field(default_factory=list)
    nulls: list[bytes] = field(default_factory=list)
    elements: list[bytes] = field(default_factory=list)
    count: int = 0

    def add(self, packed: Arrays) -> None:
        for length in packed.lengths:
            self.count += length
            self.ends.append(self.count)
        self.nulls.append(packed.nulls)
        self.elements.append(packed.elements)

    def finish(self) -> list[bytes]:
        return [numbers("Q", self.ends), *self.nulls, *self.elements]


@dataclass(slots=True)
class _Path:
    rows: int = 0
    index: list[bytes] = field(default_factory=list)
    codes: dict[Type, int] = field(default_factory=dict)
    values: list[_Values] = field(default_factory=list)

    def code(self, type_name: Type) -> int:
        known = self.codes.get(type_name)
        if known is None:
            known = self.codes[type_name] = len(self.codes)
            if known >= _MOST_TYPES:
                raise ValueError("More types at one path than there are.")
            self.values.append(_Plain() if type_name in SCALARS else _Nested())
        return known

    def fill(self, rows: int) -> None:
        if rows > self.rows:
            self.index.append(bytes([ABSENT]) * (rows - self.rows))
            self.rows = rows


class JsonColumn:
    """Collects rows, some at a time, and gives the bytes of the column."""

    def __init__(self) -> None:
        self.rows = 0
        self._paths: dict[str, _Path] = {}

    def new_paths(self, paths: set[str]) -> int:
        """Count the paths that would be new."""
        return len(paths - self._paths.keys())

    def __len__(self) -> int:
        """Count the paths."""
        return len(self._paths)

    def append(self, count: int, pieces: Sequence[Piece]) -> None:
        """Add so many rows; they have nothing at paths that no piece is about."""
        for piece in pieces:
            path = self._paths.get(piece.path)
            if path is None:
                path = self._paths[piece.path] = _Path()
            path.fill(self.rows)
            codes = [path.code(type_name) for type_name, _ in piece.values]
            for code, (_, packed) in zip(codes, piece.values, strict=True):
                path.values[code].add(packed)
            if piece.index is None:
                path.index.append(bytes(codes[:1]) * count)
            elif codes == list(range(len(codes))):
                path.index.append(piece.index)
            else:
                path.index.append(piece.index.translate(bytes(codes).ljust(256, bytes([ABSENT]))))
            path.rows = self.rows + count
        self.rows += count

    def finish(self) -> list[bytes]:
        """Give the column's bytes, prefix first."""
        paths = sorted((name.encode(), path) for name, path in self._paths.items())
        pieces = [_FLATTENED, varint(len(paths)), *(string(name) for name, _ in paths)]
        for _, path in paths:
            pieces += [_FLATTENED, varint(len(path.codes)), *(string(type_name) for type_name in path.codes)]
        for _, path in paths:
            path.fill(self.rows)
            pieces.append(b"".join(path.index).replace(bytes([ABSENT]), bytes([len(path.codes)])))
            pieces += [piece for values in path.values for piece in values.finish()]
        return pieces
