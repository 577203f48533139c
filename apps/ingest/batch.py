"""The events of one insert as columns, and what the steps of the writer may do with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final

from apps.ingest import properties
from apps.ingest.peek import FIELDS, Peek, peek

REMOVED: Final = object()
"""Stands for a property that a step took away."""

WARNINGS: Final = "$ingestion_warnings"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a step keeps an event out; without code nobody is told."""

    code: str = ""
    reason: str = ""


@dataclass(slots=True)
class EventBatch:
    """What the writer inserts at once: the columns of the landing table, for any number of projects.

    A step of `settings.INGEST_STEPS` may replace or change any column; all stay equally long. The same events may
    come to a step more than once, so a step must give the same result again. Properties are JSON text: a step reads
    them through `value` and writes through `put`, and all changes of all steps are made at once, when the events are
    packed for the insert.
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
    ips: list[str] = field(default_factory=list)
    """The address each event's request came from; empty when not known."""
    user_agents: list[str] = field(default_factory=list)
    """The User-Agent header of each event's request."""
    peeks: list[Peek] = field(default_factory=list)
    changes: list[dict[str, Any] | None] = field(default_factory=list)
    refusals: list[Refusal | None] = field(default_factory=list)
    beside: dict[str, list[dict[str, object]]] = field(default_factory=dict, init=False)
    """Rows for other tables, by table; see `put_beside`."""
    callbacks: list[Callable[[], None]] = field(default_factory=list, init=False)

    def __len__(self) -> int:
        """Count the events."""
        return len(self.uuids)

    def take(self, rows: Sequence[int]) -> "EventBatch":
        """Give a batch of only these rows."""
        return EventBatch(*([column[row] for row in rows] if column else [] for column in self.columns()))

    def part(self, start: int, stop: int) -> "EventBatch":
        """Give a batch of the rows from one place to another."""
        return EventBatch(*(column[start:stop] for column in self.columns()))

    def columns(self) -> list[list[Any]]:
        """Give the columns in the order of the fields; those not filled in yet are empty."""
        return [getattr(self, name) for name in _COLUMNS]

    def look(self) -> None:
        """Make ready for the steps: decode the well-known properties, and let nothing be changed or refused yet."""
        count = len(self)
        self.peeks = peek(self.properties)
        self.changes, self.refusals = [None] * count, [None] * count

    def value(self, row: int, name: str) -> Any:  # noqa: ANN401 - a sender's JSON value
        """Give a well-known property as a step before left it; None when there is none."""
        changed = self.changes[row]
        if changed is not None and name in changed:
            value = changed[name]
            return None if value is REMOVED else value
        return getattr(self.peeks[row], FIELDS[name])

    def put(self, row: int, name: str, value: object) -> None:
        """Set a property: anything that is JSON, or `msgspec.Raw`."""
        changed = self.changes[row]
        if changed is None:
            self.changes[row] = {name: value}
        else:
            changed[name] = value

    def put_all(self, row: int, members: dict[str, Any]) -> None:
        """Set many properties; the dictionary is the batch's own from then on."""
        changed = self.changes[row]
        if changed is None:
            self.changes[row] = members
        else:
            changed.update(members)

    def remove(self, row: int, name: str) -> None:
        """Take a property away."""
        self.put(row, name, REMOVED)

    def warn(self, row: int, code: str) -> None:
        """Note in the event itself what was odd about it."""
        said = self.value(row, WARNINGS)
        said = said if isinstance(said, list) else []
        if code not in said:
            self.put(row, WARNINGS, [*said, code])

    def refuse(self, row: int, code: str, reason: str) -> None:
        """Keep an event out and make it a dead letter."""
        self.refusals[row] = Refusal(code, reason)

    def discard(self, row: int) -> None:
        """Keep an event out as the project wishes; it leaves no trace."""
        self.refusals[row] = Refusal()

    def put_beside(self, table: str, row: dict[str, object]) -> None:
        """Add a row for another table, by column.

        It is inserted before the events, and again when the batch is, so the table must take the same row twice
        without harm.
        """
        self.beside.setdefault(table, []).append(row)

    def when_stored(self, callback: Callable[[], None]) -> None:
        """Have something done once the batch is in ClickHouse, before the log lets go of it.

        It may be called again for the same events, or never when the process dies. It must not raise.
        """
        self.callbacks.append(callback)

    def text(self, row: int) -> bytes:
        """Give an event's properties with what the steps changed."""
        changed = self.changes[row] if self.changes else None
        if changed is None:
            return self.properties[row]
        gone = [name for name, value in changed.items() if value is REMOVED]
        put = {name: value for name, value in changed.items() if value is not REMOVED} if gone else changed
        return properties.change(self.properties[row], put, gone)

    def change_properties(self) -> None:
        """Write what the steps changed into the JSON text; done where the text itself is needed."""
        self.properties = [self.text(row) for row in range(len(self))]
        self.peeks, self.changes = [], []

    def joined(self, other: "EventBatch") -> "EventBatch":
        """Give a batch of both."""
        batch = EventBatch(*(one + two for one, two in zip(self.columns(), other.columns(), strict=True)))
        for table, rows in (*self.beside.items(), *other.beside.items()):
            batch.beside.setdefault(table, []).extend(rows)
        batch.callbacks = self.callbacks + other.callbacks
        return batch


_COLUMNS: Final = tuple(item.name for item in fields(EventBatch) if item.init)
