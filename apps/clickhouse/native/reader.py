"""From the texts of many objects to one column of the JSON type, and what has to stay text."""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apps.clickhouse.native import flat
from apps.clickhouse.native.flat import NotFlatError
from apps.clickhouse.native.json_column import JsonColumn, Piece
from apps.clickhouse.native.shapes import Change, Shape, UnfitError

_AT_ONCE: Final = 512
"""So many objects stay in the processor's cache while they are decoded and laid out."""
_FEW: Final = 64
_WORTH_LEARNING: Final = 16
_MOST_SHAPES: Final = 500
_MOST_PATHS: Final = 1_000
"""A path costs a byte for each row of the column; objects that bring more paths than this go in as text."""


@dataclass(frozen=True, slots=True)
class Objects:
    """The texts of objects, what is to be put into each, and how that is done where the text itself is needed."""

    texts: Sequence[bytes]
    changes: Sequence[Change] | None = None
    apply: Callable[[bytes, Mapping[str, Any]], bytes] | None = None

    def changed(self, row: int) -> bytes:
        """Give the text of an object with what is put into it."""
        change = self.changes[row] if self.changes else None
        return self.texts[row] if change is None or self.apply is None else self.apply(self.texts[row], change)

    def some(self, rows: list[int]) -> tuple[list[bytes], list[Change] | None]:
        """Give the texts of some objects, and what is to be put into these."""
        changes = self.changes
        return [self.texts[row] for row in rows], None if changes is None else [changes[row] for row in rows]


@dataclass(slots=True)
class Split:
    """A column, the rows that are in it in their order there, and the rows that have to stay text."""

    column: JsonColumn = field(default_factory=JsonColumn)
    rows: list[int] = field(default_factory=list)
    rest: list[int] = field(default_factory=list)


class Reader:
    """Remembers what objects of each kind look like, so that the next ones are read fast.

    What it remembers changes how fast, never what it gives.
    """

    def __init__(self) -> None:
        self._shapes: dict[Hashable, Shape] = {}
        self._lock = threading.Lock()

    def read(self, kinds: Sequence[Hashable], objects: Objects) -> Split:
        """Lay out objects; those of one kind probably resemble each other."""
        groups: defaultdict[Hashable, list[int]] = defaultdict(list)
        for row, kind in enumerate(kinds):
            groups[kind].append(row)
        split = Split()
        with self._lock:
            for kind, rows in groups.items():
                shape = self._shape(kind)
                for start in range(0, len(rows), _AT_ONCE):
                    self._read(shape, rows[start : start + _AT_ONCE], objects, split)
        return split

    def _shape(self, kind: Hashable) -> Shape:
        shape = self._shapes.get(kind)
        if shape is None or shape.is_spent:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            shape = self._shapes[kind] = Shape()
        return shape

    def _read(self, shape: Shape, rows: list[int], objects: Objects, split: Split) -> None:
        texts, changes = objects.some(rows)
        if not flat.may_be_flat(b",".join(texts)):
            split.rest += [row for row in rows if not flat.may_be_flat(objects.texts[row])]
            rows = [row for row in rows if flat.may_be_flat(objects.texts[row])]
            texts, changes = objects.some(rows)
        if not rows:
            return
        try:
            pieces = shape.read(texts, changes)
        except UnfitError:
            self._read_odd(shape, rows, objects, split)
        else:
            _add(split, rows, pieces)

    def _read_odd(self, shape: Shape, rows: list[int], objects: Objects, split: Split) -> None:
        """Read objects some of which do not fit the shape, and let it learn from them."""
        if not shape.can_learn and len(rows) > _FEW:
            middle = len(rows) // 2
            self._read(shape, rows[:middle], objects, split)
            self._read(shape, rows[middle:], objects, split)
            return
        kept, values = [], []
        for row in rows:
            try:
                text = objects.changed(row)
                values.append(flat.flatten(text, flat.decode(text)))
            except NotFlatError:
                split.rest.append(row)
            else:
                kept.append(row)
        if not kept:
            return
        if shape.can_learn and len(kept) >= _WORTH_LEARNING:
            shape.learn([content for row in kept if (content := flat.content(objects.texts[row])) is not None])
            try:
                _add(split, kept, shape.read(*objects.some(kept)))
            except UnfitError:
                pass
            else:
                return
        _add(split, kept, list(flat.pieces(values)))


def _add(split: Split, rows: list[int], pieces: list[Piece]) -> None:
    if len(split.column) + split.column.new_paths({piece.path for piece in pieces}) > _MOST_PATHS:
        split.rest += rows
        return
    split.column.append(len(rows), pieces)
    split.rows += rows
