"""What passes between the rooms of a question: where it is asked, and how it will be answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from apps.clickhouse.statement import Statement
from apps.query.dates import Calendar, Period
from apps.query.kinds.source import UNMERGED, People

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose question it is, and how its project reads dates; `earliest` is its first event, when the question asks."""

    project_id: int
    timezone: str
    calendar: Calendar
    earliest: datetime | None = None
    people: People = UNMERGED


class Plan(Protocol):
    """A question with nothing left open: what to ask the engine, and how to write the answer."""

    @property
    def period(self) -> Period:
        """The range the question is about."""

    @property
    def compared(self) -> Period | None:
        """The earlier range it is compared with, if it is."""

    def statements(self) -> tuple[Statement, ...]:
        """List what to ask the engine, in order."""

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Write the answer's own fields from the rows of each statement."""
