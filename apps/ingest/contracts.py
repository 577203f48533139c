"""What travels between the door, the event log, the steps and the writer.

Events travel as columns, one list a field, never as one object an event: the door builds the lists while it
validates, the log carries them packed, and the writer joins them into the block it inserts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from msgspec import Struct


class Rejection(Struct, array_like=True, frozen=True):
    """One event of a request that was refused: its place in the request, why, and what it was."""

    index: int
    code: str
    reason: str
    event: str = ""
    distinct_id: str = ""
    payload: bytes = b""


class LogEntry(Struct, array_like=True):
    """What one request adds to the event log. New fields go to the end with a default, so old entries stay readable."""

    project_id: int
    received_us: int
    path: str
    uuids: list[str]
    events: list[str]
    distinct_ids: list[str]
    timestamps_us: list[int]
    properties: list[bytes]
    rejections: list[Rejection] = []

    def __len__(self) -> int:
        """Count the accepted events."""
        return len(self.uuids)


@dataclass(slots=True)
class EventBatch:
    """What the writer inserts at once: the columns of the landing table, for any number of projects.

    A step of `settings.INGEST_STEPS` may replace or change any column; all stay equally long. The same events may
    come to a step more than once, so a step must give the same result again.
    """

    project_ids: list[int] = field(default_factory=list)
    uuids: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    distinct_ids: list[str] = field(default_factory=list)
    person_ids: list[str] = field(default_factory=list)
    timestamps_us: list[int] = field(default_factory=list)
    received_us: list[int] = field(default_factory=list)
    properties: list[bytes] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Count the events."""
        return len(self.uuids)

    def take(self, rows: Sequence[int]) -> "EventBatch":
        """Give a batch of only these rows."""
        return EventBatch(*([column[row] for row in rows] for column in self.columns()))

    def part(self, start: int, stop: int) -> "EventBatch":
        """Give a batch of the rows from one place to another."""
        return EventBatch(*(column[start:stop] for column in self.columns()))

    def columns(self) -> list[list[Any]]:
        """Give the columns in the order of the fields."""
        return [getattr(self, item.name) for item in fields(self)]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused event as it is stored: whose, from which entry of the log and path, and the refusal itself."""

    project_id: int
    received_us: int
    entry: str
    path: str
    rejection: Rejection


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a request got us: how many events are safe in the log, how many were refused one by one."""

    accepted: int
    rejected: int
