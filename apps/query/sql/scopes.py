"""What a name may mean inside one SELECT: the tables it reads, and what it reads of them."""

from dataclasses import dataclass, field
from typing import Final

from apps.clickhouse.tables import COLUMNS
from apps.query.sql.functions import safe
from apps.query.sql.tables import PERSON, PERSON_COLUMNS, PROPERTIES, TABLES, Bound

RESERVED: Final = frozenset(COLUMNS) | frozenset(TABLES)
"""Names no common table may take: they would stand before what is stored under them."""


@dataclass(slots=True)
class Source:
    """One entry of FROM: a logical table, or the text of a subquery or a common table."""

    name: str
    bound: Bound | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A name that means something of a logical table: the source, and the column or property."""

    source: str
    column: str
    shown: str
    """What to call it where the query gives it no name."""


@dataclass(slots=True)
class Select:
    """The sources of one SELECT, in their order."""

    sources: list[Source] = field(default_factory=list)

    @property
    def tables(self) -> list[Bound]:
        """The logical tables among them."""
        return [one.bound for one in self.sources if one.bound]

    def named(self, name: str) -> Source | None:
        """Find a source by the name it has in the query."""
        return next((one for one in self.sources if one.name == name), None)


class AmbiguousNameError(Exception):
    """A property that several tables of the query have."""


def find(parts: tuple[str, ...], selects: list[Select], *, is_number: bool) -> Found | None:
    """Find what a dotted name means, from the innermost select outwards, and ask the tables for it.

    None when it is no property of a logical table: a plain column, an alias, a value of a lambda. Each table that has
    a column of that name is then asked for it, which costs nothing if the name meant something else.
    """
    for select in reversed(selects):
        source = select.named(safe(parts[0])) if len(parts) > 1 else None
        tables = [source.bound] if source and source.bound else [] if source else select.tables
        rest = parts[1:] if source else parts
        able = [table for table in tables if _has(table, rest)]
        if len(able) > 1:
            raise AmbiguousNameError
        if able:
            return _read(able[0], rest, is_number=is_number)
        for table in tables:
            table.want(rest[0])
        if source:
            return None
    return None


def _has(table: Bound, rest: tuple[str, ...]) -> bool:
    if rest[0] == PROPERTIES and len(rest) > 1:
        return PROPERTIES in TABLES[table.table]
    if rest[0] != PERSON or not table.has_person or len(rest) == 1:
        return False
    return (rest[1] == PROPERTIES and len(rest) > 2) or (rest[1] in PERSON_COLUMNS and len(rest) == 2)  # noqa: PLR2004 - person.properties.key


def _read(table: Bound, rest: tuple[str, ...], *, is_number: bool) -> Found:
    if rest[0] == PROPERTIES:
        return Found(table.name, table.want_property(rest[1:], is_number=is_number), rest[-1])
    if rest[1] == PROPERTIES:
        column = table.want_property(rest[2:], is_number=is_number, is_of_person=True)
        return Found(table.name, column, rest[-1])
    return Found(table.name, table.want_person(rest[1]), rest[-1])
