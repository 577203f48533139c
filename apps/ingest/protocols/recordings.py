"""Pieces of session recordings: what each must say of itself, and the part of it that is kept as it came.

What a snapshot holds (rrweb's events, partly compressed) is for whoever plays it; here it stays the bytes it is.
"""

from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Raw, Struct, field

from apps.ingest.bounds import NAME_LENGTH, Bounds
from apps.ingest.contracts import Recording
from apps.ingest.normalise import Clock, RejectedError, uuid_of
from apps.ingest.protocols.posthog import ABSENT, WireEvent

CODES: Final = ("session_id_missing", "session_id_malformed", "snapshot_data_missing", "snapshot_unreadable")
"""Why a piece of a recording is refused, besides what may be wrong with any event."""

SESSION_ID_LENGTH: Final = 100
_NULL: Final = (b"", b"null")
_SOURCES: Final = ("web", "mobile")
_EARLIEST_MS: Final = 946_684_800_000
_LATEST_MS: Final = 4_102_444_800_000
"""Of the years 2000 and 2100: a clock that says another year says nothing."""


class _Snapshot(Struct, gc=False):
    data: Raw = field(default=ABSENT, name="$snapshot_data")
    session_id: Any = field(default=None, name="$session_id")
    window_id: Any = field(default=None, name="$window_id")
    source: Any = field(default=None, name="$snapshot_source")
    distinct_id: Any = None


class _Moment(Struct, gc=False):
    timestamp: Any = None


_SNAPSHOT: Final = msgspec.json.Decoder(_Snapshot)
_MOMENTS: Final = msgspec.json.Decoder(list[_Moment] | _Moment)


def read(wire: WireEvent | None, clock: Clock, bounds: Bounds) -> Recording:
    """Turn one event of a recording request into what is kept of it. Raises RejectedError."""
    if wire is None:
        raise RejectedError("event_not_object", "The event is no JSON object, or has a number out of range.")
    content = bytes(wire.properties)
    if content[:1] != b"{":
        raise RejectedError("properties_not_object", "The properties are no JSON object.", "properties")
    try:
        snapshot = _SNAPSHOT.decode(content)
        session_id = _id(snapshot.session_id, "$session_id")
        data = bytes(snapshot.data)
        if data in _NULL:
            raise RejectedError("snapshot_data_missing", "The snapshot holds nothing.", "properties.$snapshot_data")
        if len(data) > bounds.body_bytes:
            raise RejectedError("event_too_large", "The snapshot is too large.", "properties.$snapshot_data")
        first_ms, last_ms = _span(data, clock.now_us // 1_000)
    except (msgspec.MsgspecError, RecursionError) as exc:
        reason = f"The snapshot cannot be read: {exc}."
        raise RejectedError("snapshot_unreadable", reason, "properties.$snapshot_data") from exc
    window_id = session_id if snapshot.window_id in (None, "") else _id(snapshot.window_id, "$window_id")
    who = wire.distinct_id if isinstance(wire.distinct_id, str) else snapshot.distinct_id
    return Recording(
        uuid=uuid_of(wire.uuid) if wire.uuid else _uuid_from(session_id, window_id, data),
        session_id=session_id,
        window_id=window_id,
        distinct_id=who[:NAME_LENGTH] if isinstance(who, str) else "",
        source=snapshot.source if snapshot.source in _SOURCES else "web",
        first_ms=first_ms,
        last_ms=last_ms,
        data=data,
    )


def _id(value: Any, name: str) -> str:  # noqa: ANN401 - a sender's JSON value
    if value is None or value == "":
        raise RejectedError("session_id_missing", f"The snapshot has no {name}.", f"properties.{name}")
    if not isinstance(value, str) or len(value) > SESSION_ID_LENGTH or not value.isprintable():
        reason = f"The {name} is no text of at most {SESSION_ID_LENGTH} characters."
        raise RejectedError("session_id_malformed", reason, f"properties.{name}")
    return value


def _uuid_from(*parts: str | bytes) -> str:
    """Name a snapshot by what it is, so that one sent again is known."""
    text = b"\0".join(part.encode() if isinstance(part, str) else part for part in parts)
    return str(UUID(bytes=blake2b(text, digest_size=16).digest(), version=5))


def _span(data: bytes, now_ms: int) -> tuple[int, int]:
    """Say from when to when the snapshot's events are, by the sender's clock; without a clock to believe, now."""
    found = _MOMENTS.decode(data)
    moments = found if isinstance(found, list) else [found]
    times = [
        int(moment.timestamp)
        for moment in moments
        if isinstance(moment.timestamp, int | float) and _EARLIEST_MS <= moment.timestamp <= _LATEST_MS
    ]
    return (min(times), max(times)) if times else (now_ms, now_ms)
