"""What travels between the door, the event log, the steps and the writer.

Events travel as columns, one list a field, never as one object an event: the door builds the lists while it
validates, the log carries them packed, and the writer joins them into the block it inserts.
"""

from dataclasses import dataclass

from msgspec import Struct


class Rejection(Struct, array_like=True, frozen=True, gc=False):
    """One event of a request that was refused: its place in the request, why, and what it was."""

    index: int
    code: str
    reason: str
    event: str = ""
    distinct_id: str = ""
    payload: bytes = b""
    attr: str = ""
    """The field of the event that is at fault."""


class Recording(Struct, array_like=True, frozen=True):
    """One piece of a session recording, kept as it came."""

    uuid: str
    session_id: str
    window_id: str
    distinct_id: str
    source: str
    first_ms: int
    last_ms: int
    data: bytes


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
    ip: str = ""
    user_agent: str = ""
    recordings: list[Recording] = []
    is_historical: bool = False

    def __len__(self) -> int:
        """Count the accepted events."""
        return len(self.uuids)


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
    """What a request got us: how many events are safe in the log, how many were refused one by one.

    `limited` names what the project has no quota left for: "events", "recordings".
    """

    accepted: int
    rejected: int
    limited: tuple[str, ...] = ()
