"""What the catalog tells other apps."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """Whose property it is."""

    EVENT = "event"
    PERSON = "person"
    GROUP = "group"


class PropertyType(StrEnum):
    """What a property's values are; the names are PostHog's, as far as it has them."""

    STRING = "String"
    NUMERIC = "Numeric"
    BOOLEAN = "Boolean"
    DATETIME = "DateTime"
    ARRAY = "Array"
    OBJECT = "Object"


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """An event name a project has sent lately: how often, and when last."""

    name: str
    count: int
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class SeenValue:
    """A value of a property, as text, and how often it was met in the sample looked at."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Remarks:
    """What people wrote about a definition."""

    description: str = ""
    is_verified: bool = False
    is_hidden: bool = False
    tags: tuple[str, ...] = ()
    updated_at: datetime | None = None
    updated_by: str | None = None
    """The address of who wrote it."""


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """An event a project sends: what was seen of it, and what people say of it. `volume` is of the last 30 days."""

    id: str
    name: str
    first_seen: datetime | None
    last_seen: datetime
    volume: int
    remarks: Remarks = field(default_factory=Remarks)


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """A property of events, persons or groups: its type, and how many events carry it."""

    id: str
    name: str
    scope: Scope
    group_type: str
    type: PropertyType
    types: tuple[PropertyType, ...]
    first_seen: datetime | None
    last_seen: datetime | None
    event_count: int
    remarks: Remarks = field(default_factory=Remarks)


@dataclass(frozen=True, slots=True)
class Carrier:
    """An event that carries a property, and when it last did."""

    event: str
    last_seen: datetime
