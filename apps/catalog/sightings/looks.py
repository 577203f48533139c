"""Which properties the events of one name carry, found without reading each event in full.

Reading one costs some 5 microseconds, comparing it with what is known less than one: a struct whose fields are the
properties seen so far, with their types, refuses whatever else is in a text. So the first events are read, and those
that do not fit. Of a name that comes very often, and fits, every eighth is compared.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Union

import msgspec
from msgspec import Raw, Struct

from apps.catalog.contracts import PropertyType, Scope

Pair = tuple[Scope, str, str, PropertyType]
"""Scope, group type, name, type."""

SURE_AFTER: Final = 16
"""So many events in a row without anything new, and the rest is only compared."""

COMPARED_FIRST: Final = 500
EVERY: Final = 8
"""Once so many in a row fitted, only every eighth is compared."""

_MOST_FIELDS: Final = 300
_MOST_STRUCTS: Final = 12
_LONGEST_NAME: Final = 400
_MOST_TEXTS: Final = 1_000

_GROUP_IDENTIFY: Final = "$groupidentify"
_OF_PERSONS: Final = frozenset({"$set", "$set_once"})
_OF_GROUPS: Final = "$group_set"
_INSTRUCTIONS: Final = _OF_PERSONS | {_OF_GROUPS, "$unset"}
"""Properties that tell what to do with others; nobody asks an event for them."""

_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
_TEXT: Final = msgspec.json.Decoder(str)
_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)
_TYPES: Final = {
    ord("t"): PropertyType.BOOLEAN,
    ord("f"): PropertyType.BOOLEAN,
    ord("["): PropertyType.ARRAY,
    ord("{"): PropertyType.OBJECT,
    **dict.fromkeys(b"-0123456789", PropertyType.NUMERIC),
}
_MOMENT: Final = re.compile(rb'"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?"')
_ANNOTATIONS: Final[dict[PropertyType, Any]] = {
    PropertyType.STRING: str,
    PropertyType.DATETIME: str,
    PropertyType.NUMERIC: int | float,
    PropertyType.BOOLEAN: bool,
}


def type_of(text: bytes) -> PropertyType | None:
    """Tell the type of a JSON value by its first characters; null has none."""
    first = text[0]
    if first == ord('"'):
        return PropertyType.DATETIME if _MOMENT.fullmatch(text) else PropertyType.STRING
    return _TYPES.get(first)


class Sighting:
    """One property with one type: in how many events, and when first and last."""

    __slots__ = ("count", "first", "last")

    def __init__(self, moment: int) -> None:
        self.count, self.first, self.last = 1, moment, moment

    def again(self, moment: int) -> None:
        """Note it once more."""
        self.count += 1
        self.first, self.last = min(self.first, moment), max(self.last, moment)


class Looks:
    """What was seen of the events of one name."""

    __slots__ = (
        "_added",
        "_compared",
        "_decoder",
        "_event",
        "_inner",
        "_inner_texts",
        "_seen",
        "_structs",
        "_sure",
        "changed",
        "reads",
    )

    def __init__(self, event: str) -> None:
        self._event = event
        self._seen: dict[Pair, Sighting] = {}
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._inner: tuple[str, ...] = ()
        self._inner_texts: set[bytes] = set()
        self._added: set[tuple[str, ...]] = set()
        self._compared = self._structs = self._sure = 0
        self.reads = 0
        """How many were read in full."""
        self.changed: set[Pair] = set()
        """What was seen since the last time somebody asked."""

    def look(self, texts: Sequence[bytes], moments: Sequence[int]) -> None:
        """Look at the properties of events."""
        place, count = 0, len(texts)
        while place < count:
            if self._decoder is None or not self._fits(self._decoder, texts[place], moments[place]):
                self._read(texts[place], moments[place])
            place += self.stride

    @property
    def stride(self) -> int:
        """How many events further the next look is: one, or more once very many in a row fitted."""
        return 1 if self._compared < COMPARED_FIRST else EVERY

    def _fits(self, decoder: msgspec.json.Decoder[Any], text: bytes, moment: int) -> bool:
        try:
            found = decoder.decode(text)
        except _UNREADABLE:
            self._compared = 0
            return False
        self._compared += 1
        if self._inner:
            self._look_inside(found, moment)
        return True

    def look_at_added(self, added: Mapping[str, object], moment: int) -> None:
        """Look at properties that are put to an event, unless the very same names were looked at before."""
        names = tuple(added)
        if names in self._added:
            return
        if len(self._added) >= _MOST_TEXTS:
            self._added.clear()
        self._added.add(names)
        for name, value in added.items():
            try:
                text = msgspec.json.encode(value)
            except TypeError:
                continue
            self._note(Scope.EVENT, "", name, text, moment)

    def always(self) -> Iterator[Pair]:
        """Give what every event that was read had."""
        return (pair for pair, sighting in self._seen.items() if sighting.count >= self.reads and _is_listed(pair))

    def range_of(self, pair: Pair) -> tuple[int, int]:
        """Give when a property was seen first and last, as far as it was looked at."""
        sighting = self._seen[pair]
        return sighting.first, sighting.last

    def _read(self, text: bytes, moment: int) -> None:
        try:
            members = _MEMBERS.decode(text)
        except _UNREADABLE:
            return
        self.reads += 1
        known = len(self._seen)
        for name, value in members.items():
            self._note(Scope.EVENT, "", name, bytes(value), moment)
            if name in _OF_PERSONS:
                self._read_inner(Scope.PERSON, "", value, moment)
        if self._event == _GROUP_IDENTIFY and _OF_GROUPS in members:
            self._read_group(members, moment)
            return
        self._sure = 0 if len(self._seen) > known else self._sure + 1
        if self._sure >= SURE_AFTER and self._structs < _MOST_STRUCTS and len(self._seen) <= _MOST_FIELDS:
            self._sure = 0
            self._structs += 1
            self._make_decoder()

    def _note(self, scope: Scope, group_type: str, name: str, text: bytes, moment: int) -> None:
        kind = type_of(text)
        if kind is None or not 0 < len(name) <= _LONGEST_NAME:
            return
        pair = (scope, group_type, name, kind)
        sighting = self._seen.get(pair)
        if sighting is None:
            self._seen[pair] = Sighting(moment)
        else:
            sighting.again(moment)
        if _is_listed(pair):
            self.changed.add(pair)

    def _read_inner(self, scope: Scope, group_type: str, value: Raw, moment: int) -> None:
        try:
            members = _MEMBERS.decode(value)
        except _UNREADABLE:
            return
        for name, text in members.items():
            self._note(scope, group_type, name, bytes(text), moment)

    def _read_group(self, members: dict[str, Raw], moment: int) -> None:
        try:
            group_type = _TEXT.decode(members.get("$group_type", b"null"))
        except _UNREADABLE:
            return
        self._read_inner(Scope.GROUP, group_type, members[_OF_GROUPS], moment)

    def _look_inside(self, found: Struct, moment: int) -> None:
        """Read what an event sets of its person, unless the very same was read before."""
        for field in self._inner:
            value = getattr(found, field)
            if value is None or (text := bytes(value)) in self._inner_texts:
                continue
            if len(self._inner_texts) >= _MOST_TEXTS:
                self._inner_texts.clear()
            self._inner_texts.add(text)
            self._read_inner(Scope.PERSON, "", value, moment)

    def _make_decoder(self) -> None:
        kinds: dict[str, set[PropertyType]] = {}
        for scope, _, name, kind in self._seen:
            if scope is Scope.EVENT:
                kinds.setdefault(name, set()).add(kind)
        fields: list[Any] = []
        inner: list[str] = []
        for number, (name, types) in enumerate(kinds.items()):
            field = f"f{number}"
            if name in _OF_PERSONS:
                inner.append(field)
            fields.append((field, _annotation(types), msgspec.field(name=name, default=None)))
        shape = msgspec.defstruct("Properties", fields, forbid_unknown_fields=True, gc=False)
        self._decoder, self._inner = msgspec.json.Decoder(shape), tuple(inner)


def _is_listed(pair: Pair) -> bool:
    scope, _, name, _ = pair
    return scope is not Scope.EVENT or name not in _INSTRUCTIONS


def _annotation(types: set[PropertyType]) -> Any:  # noqa: ANN401 - a type made at run time
    """Accept null and the types seen. A list or an object is not taken apart: then any value fits."""
    if not types.isdisjoint({PropertyType.ARRAY, PropertyType.OBJECT}):
        return Raw if len(types) == 1 else Any
    return Union[(*(_ANNOTATIONS[kind] for kind in types), None)]
