"""What answers are split by: a property of the event, its person, its group or its session, one value an event.

Properties of others than the event come by a join of their rows, each kind of rows once however many are named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters import places
from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.comparing import Value, json_value
from apps.catalog.filters.operators import Source
from apps.catalog.filters.places import Place
from apps.query.kinds.source import Actors, People, from_events

_Rows = tuple[Source, int | None]

_METADATA: Final = {
    "event": "toString(event)",
    "distinct_id": "distinct_id",
    "uuid": "toString(uuid)",
    "timestamp": "toString(timestamp)",
}


@dataclass(frozen=True, slots=True)
class Split:
    """One property to split by.

    `bins` asks for a histogram of that many bins over its numbers, `is_path` for values without a last slash.
    """

    key: str
    source: Source = Source.EVENT
    group_index: int | None = None
    bins: int | None = None
    is_path: bool = False

    @property
    def names_person(self) -> bool:
        """Whether its value can only be read of the person."""
        return self.source is Source.PERSON or (self.source is Source.METADATA and self.key == "person_id")


@dataclass(frozen=True, slots=True)
class Beside:
    """The values of some splits, each as text and as a number, and the rows they must be read from."""

    people: People
    values: tuple[Value, ...]
    joins: str = ""
    names_person: bool = False

    def rows(self, actors: Actors | None = None) -> str:
        """Give the FROM clause over events, each once, for selects that name these values, and the actor if given."""
        if self.names_person:
            return self.people.from_events(self.joins)
        return from_events() + self.joins if actors is None else actors.from_events(self.joins)


def beside(splits: Sequence[Split], people: People, bindings: Bindings) -> Beside:
    """Say where the values of some splits come from."""
    wanted: dict[_Rows, list[str]] = {}
    for split in splits:
        if split.source not in {Source.EVENT, Source.METADATA}:
            keys = wanted.setdefault((split.source, split.group_index), [])
            if split.key not in keys:
                keys.append(split.key)
    return Beside(
        people,
        tuple(_value(split, people, wanted) for split in splits),
        "".join(_join(rows, keys, people, bindings) for rows, keys in wanted.items()),
        any(split.names_person for split in splits),
    )


def text_of(split: Split, value: Value) -> str:
    """Give the text results are split by: NULL for none, which the empty text is too."""
    return f"nullIf({shown(split, value)}, '')"


def shown(split: Split, value: Value) -> str:
    """Give the text of a value as results show it; NULL for none."""
    text = value.text
    if not split.is_path:
        return text
    return f"if(length({text}) > 1 AND endsWith({text}, '/'), substring({text}, 1, length({text}) - 1), {text})"


def _value(split: Split, people: People, wanted: dict[_Rows, list[str]]) -> Value:
    if split.source is Source.EVENT:
        return json_value(split.key)
    if split.source is Source.METADATA:
        return Value.of_text(_METADATA.get(split.key) or f"toString({people.actor})")
    rows = (split.source, split.group_index)
    name = f"{_name(rows)}_{wanted[rows].index(split.key)}"
    return Value(name, f"{name}_number", f"isNotNull({name})")


def _name(rows: _Rows) -> str:
    source, index = rows
    return f"beside_{source}" if index is None else f"beside_{source}_{index}"


def _join(rows: _Rows, keys: Sequence[str], people: People, bindings: Bindings) -> str:
    source, index = rows
    name = _name(rows)
    if source is Source.PERSON:
        place, link = places.persons(), people.actor
    elif source is Source.GROUP:
        place, link = places.groups(index or 0), places.group_key(index or 0)
    else:
        place, link = places.sessions(tuple(keys), bindings), places.SESSION
    columns = []
    for number, key in enumerate(keys):
        value = places.value_in(source, key)
        columns += [
            f"CAST({value.text}, 'Nullable(String)') AS {name}_{number}",
            f"CAST({value.number}, 'Nullable(Float64)') AS {name}_{number}_number",
        ]
    return f"\nGLOBAL LEFT ANY JOIN ({_select(place, name, columns)}) AS {name} ON {link} = {name}_key"


def _select(place: Place, name: str, columns: list[str]) -> str:
    return f"SELECT {place.key} AS {name}_key, {', '.join(columns)}\n{place.rows}"
