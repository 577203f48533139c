"""Persons and groups as other apps see them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """One person, with some of their distinct ids (the first ten where many are listed)."""

    id: UUID
    created_at: datetime
    is_identified: bool
    properties: dict[str, Any]
    distinct_ids: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What to call them: an email or name their app told us, else an id it uses."""
        told = next((self.properties[key] for key in ("email", "name", "username") if self.properties.get(key)), None)
        return str(told) if told is not None else next(iter(self.distinct_ids), str(self.id))


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """One group."""

    index: int
    key: str
    created_at: datetime
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GroupTypeSummary:
    """One of a project's group types."""

    index: int
    name: str
