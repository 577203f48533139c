"""Who is who: persons, the distinct ids that lead to them, and what a merge does to both.

Pure: the rows a batch of events touches are read into a Graph, the events are applied one after the other, and what
came out different is written back (`store.py`). A person who merges into another points at them, so whoever asks
follows the pointers; once written, every distinct id leads to its person in one hop.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from apps.people.held import Change, Properties, changed, encode, overlaid
from apps.people.identity import person_text_for
from apps.people.legal import is_illegal

Key = tuple[int, str]
"""A distinct id of a project."""

MOST_BYTES: Final = 512 * 1024
"""How large the properties of one person or group may grow."""


class PersonWarning(StrEnum):
    """Why an event did not do to persons what it said."""

    ILLEGAL = "cannot_merge_with_illegal_distinct_id"
    IDENTIFIED = "cannot_merge_already_identified"
    TOO_LARGE = "properties_too_large"


@dataclass(slots=True)
class Person:
    """One person as far as a batch knows them."""

    project_id: int
    id: str
    created_us: int
    is_identified: bool = False
    properties: Properties = field(default_factory=dict)
    version: int = 0
    """Zero for one who is not in the database yet."""
    size: int = 0
    """At most how many bytes the properties take."""
    is_changed: bool = False
    into: "Person | None" = None
    """Who stands for them, once merged away."""

    def standing(self) -> "Person":
        """Give the person who stands for this one, themselves unless merged away."""
        person = self
        while person.into is not None:
            person = person.into
        return person


@dataclass(slots=True)
class Place:
    """The person a distinct id leads to; version zero for one that is not in the database yet."""

    person: Person
    version: int = 0
    is_changed: bool = False


@dataclass(slots=True)
class Graph:
    """The persons and distinct ids a batch of events touches."""

    places: dict[Key, Place] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)

    def find(self, key: Key) -> Person | None:
        """Find the person of a distinct id."""
        place = self.places.get(key)
        return place.person.standing() if place else None

    def ensure(self, key: Key, timestamp_us: int) -> Person:
        """Find the person of a distinct id, or make one."""
        found = self.find(key)
        if found is not None:
            return found
        person = self._person(key, timestamp_us)
        self.places[key] = Place(person, is_changed=True)
        return person

    def merge(self, source: Key, target: Key, timestamp_us: int, *, dangerously: bool = False) -> PersonWarning | None:
        """Make two distinct ids one person, that of the target where both have one; or say why not."""
        if is_illegal(source[1]) or is_illegal(target[1]):
            return PersonWarning.ILLEGAL
        if source == target:
            return None
        old, new = self.find(source), self.find(target)
        if old is None and new is None:
            new = self.ensure(target, timestamp_us)
        if old is None or new is None:
            person = new or old
            assert person is not None  # noqa: S101 - one of the two is; this tells mypy
            self.places[source if old is None else target] = Place(person, is_changed=True)
            self._identify(person)
        elif old is not new:
            if old.is_identified and not dangerously:
                return PersonWarning.IDENTIFIED
            new.properties = overlaid(old.properties, new.properties)
            new.size += old.size
            new.created_us = min(old.created_us, new.created_us)
            new.is_changed = True
            old.into = new
            self._identify(new)
        return None

    def update(self, person: Person, change: Change) -> PersonWarning | None:
        """Apply what an event says about a person's properties."""
        after = changed(person.properties, change)
        if after is person.properties:
            return None
        person.size += change.size
        if person.size > MOST_BYTES:
            size = size_of(after)
            if size > MOST_BYTES:
                return PersonWarning.TOO_LARGE
            person.size = size
        person.properties, person.is_changed = after, True
        return None

    def versions(self) -> Iterator[int]:
        """Go through the versions of all that was read."""
        yield from (person.version for person in self.persons.values())
        yield from (place.version for place in self.places.values())

    def changed_persons(self) -> Iterator[Person]:
        """Go through those who stand and are new or different."""
        return (person for person in self.persons.values() if person.into is None and person.is_changed)

    def merged_away(self) -> Iterator[Person]:
        """Go through those who were in the database and no longer stand."""
        return (person for person in self.persons.values() if person.into is not None and person.version)

    def changed_places(self) -> Iterator[tuple[Key, Place]]:
        """Go through the distinct ids that are new here."""
        return ((key, place) for key, place in self.places.items() if place.is_changed)

    def _person(self, key: Key, timestamp_us: int) -> Person:
        person_id = person_text_for(*key)
        person = self.persons.get(person_id)
        if person is None:
            person = self.persons[person_id] = Person(key[0], person_id, timestamp_us, is_changed=True)
        return person.standing()

    def _identify(self, person: Person) -> None:
        if not person.is_identified:
            person.is_identified = person.is_changed = True


def size_of(properties: Properties) -> int:
    """Count the bytes that properties take."""
    return sum(map(len, encode(properties)))
