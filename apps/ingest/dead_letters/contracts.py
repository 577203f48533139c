"""What is asked of the dead letters, and what they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from apps.ingest.bounds import DEAD_LETTER_BYTES

LIMIT: Final = 500
"""Most letters of one page."""

State = Literal["open", "replayed", "all"]

_NO_EVENT: Final = frozenset({"entry_unreadable", "row_refused", "row_unreadable", "unreadable_properties"})
"""Codes whose payload is not an event as it was sent."""


@dataclass(frozen=True, slots=True)
class Name:
    """What names one letter: when it came, its entry of the log, its place there."""

    received_at: datetime
    entry: str
    index: int


@dataclass(frozen=True, slots=True)
class Search:
    """Which letters: all of a field's default, else those that match every field that is set."""

    code: str = ""
    event: str = ""
    distinct_id: str = ""
    text: str = ""
    """Text in the payload or the reason, upper and lower case alike."""
    since: datetime | None = None
    before: datetime | None = None
    state: State = "all"


@dataclass(frozen=True, slots=True)
class Letter:
    """One refused event."""

    received_at: datetime
    entry: str
    index: int
    code: str
    reason: str
    event: str
    distinct_id: str
    payload: str
    path: str
    replayed_at: datetime | None
    outcome: str

    @property
    def name(self) -> Name:
        """What names it."""
        return Name(self.received_at, self.entry, self.index)

    @property
    def is_replayable(self) -> bool:
        """Whether it holds the whole event, and the event did not get through since."""
        is_whole = 0 < len(self.payload.encode()) < DEAD_LETTER_BYTES
        return is_whole and self.code not in _NO_EVENT and self.outcome != ACCEPTED


ACCEPTED: Final = "accepted"
"""The outcome of a letter that got through."""
