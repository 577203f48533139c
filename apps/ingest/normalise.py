"""Every rule about one event: what it must have, what is mended, what is refused and why.

The codes are documented in docs/reference/dead-letters.md.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Raw

from apps.common.ids import uuid7
from apps.ingest import properties, timestamps
from apps.ingest.bounds import NAME_LENGTH, Bounds
from apps.ingest.protocols.posthog import ABSENT, WireEvent

CODES: Final = (
    "event_not_object",
    "event_missing",
    "event_not_text",
    "event_too_long",
    "distinct_id_missing",
    "distinct_id_illegal",
    "uuid_malformed",
    "timestamp_too_old",
    "properties_not_object",
    "properties_unreadable",
    "properties_too_deep",
    "too_many_properties",
    "event_too_large",
)
"""Why the door refuses an event."""

_UUID: Final = re.compile(r"([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})")
_BLANK: Final = "".join(map(chr, range(33)))
"""Blank is what consists of ASCII spaces and control characters only."""
_LONGEST_OFFSET_MS: Final = 10**15
_NULL: Final = (b"", b"null")


class RejectedError(Exception):
    """One event is refused; its neighbours are not."""

    def __init__(self, code: str, reason: str, attr: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.attr = attr


@dataclass(frozen=True, slots=True)
class Clock:
    """Our time at receipt and how far the sender's clock is behind it, in microseconds."""

    now_us: int
    skew_us: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One event that keeps every rule."""

    uuid: str
    name: str
    distinct_id: str
    timestamp_us: int
    properties: bytes


def normalise(wire: WireEvent | None, clock: Clock, bounds: Bounds, illegal_ids: frozenset[str] = frozenset()) -> Event:
    """Turn one event as sent into one as stored. Raises RejectedError."""
    if wire is None:
        raise RejectedError("event_not_object", "The event is no JSON object, or has a number out of range.")
    try:
        return _normalise(wire, clock, bounds, illegal_ids)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as exc:
        raise RejectedError("properties_unreadable", f"The properties cannot be read: {exc}.", "properties") from exc


def _normalise(wire: WireEvent, clock: Clock, bounds: Bounds, illegal_ids: frozenset[str]) -> Event:
    name = _name(wire.event)
    is_ai = name.startswith("$ai_")
    content = _object(wire.properties)
    problem = properties.fault(content, bounds, is_ai=is_ai)
    if problem is not None:
        raise RejectedError(*problem, "properties")
    inside = properties.ids(content)
    who = _distinct_id((wire.distinct_id, wire.other_distinct_id, inside.distinct_id, inside.other_distinct_id))
    if who.lower() in illegal_ids:
        raise RejectedError(
            "distinct_id_illegal", f"The distinct_id {who} stands for nobody in particular.", "distinct_id"
        )
    uid = uuid_of(wire.uuid)
    moment = _moment(wire, clock, ignore_sent_at=inside.ignore_sent_at is True)
    is_far_away = moment == timestamps.FAR_AWAY_US and timestamps.has_far_year(wire.timestamp)
    additions: dict[str, Raw | bytes] = {
        key: member
        for key, member in (("$set", wire.set), ("$set_once", wire.set_once), ("$unset", wire.unset))
        if member is not ABSENT and bytes(member) not in _NULL
    }
    if moment is None:
        moment = clock.now_us
        if wire.timestamp is not None:
            additions["$ingestion_warnings"] = b'["timestamp_unparseable"]'
    if moment < clock.now_us - bounds.age_us and not is_far_away:
        days = bounds.age_us // 86_400_000_000
        raise RejectedError("timestamp_too_old", f"The event happened more than {days} days ago.", "timestamp")
    if moment > clock.now_us + timestamps.AHEAD_US:
        moment = clock.now_us
    if additions:
        content = properties.overlay(content, additions)
        problem = properties.fault(content, bounds, is_ai=is_ai)
        if problem is not None:
            raise RejectedError(*problem, "properties")
    return Event(uid, name, who, moment, content)


def _name(value: Any) -> str:  # noqa: ANN401 - a sender's JSON value
    if value is None:
        raise RejectedError("event_missing", "The event has no name.", "event")
    if not isinstance(value, str):
        raise RejectedError("event_not_text", "The name of the event is no text.", "event")
    if not value.strip(_BLANK):
        raise RejectedError("event_missing", "The event has no name.", "event")
    if len(value) > NAME_LENGTH:
        raise RejectedError("event_too_long", f"The event's name is longer than {NAME_LENGTH} characters.", "event")
    return value


def _object(raw: Raw) -> bytes:
    content = bytes(raw)
    if content in _NULL:
        return properties.EMPTY
    if content[:1] != b"{":
        raise RejectedError("properties_not_object", "The properties are no JSON object.", "properties")
    return content


def _distinct_id(candidates: tuple[Any, ...]) -> str:
    for value in candidates:
        text = _text(value)
        if text.strip(_BLANK):
            return text[:NAME_LENGTH]
    raise RejectedError("distinct_id_missing", "The event does not say who did it (distinct_id).", "distinct_id")


def _text(value: Any) -> str:  # noqa: ANN401 - a sender's JSON value
    match value:
        case None:
            return ""
        case str():
            return value
        case float() if math.isfinite(value) and value.is_integer():
            return str(int(value))
        case _:
            return msgspec.json.encode(value).decode()


def uuid_of(value: Any) -> str:  # noqa: ANN401 - a sender's JSON value
    """Give an event id in its one spelling, or a new one where none was sent. Raises RejectedError."""
    if value is None or value == "":
        return str(uuid7())
    match = _UUID.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise RejectedError("uuid_malformed", "The uuid of the event is no UUID.", "uuid")
    return "-".join(match.group(1, 3, 4, 5, 6))


def _moment(wire: WireEvent, clock: Clock, *, ignore_sent_at: bool) -> int | None:
    offset = wire.offset
    if isinstance(offset, int | float) and not isinstance(offset, bool) and abs(offset) < _LONGEST_OFFSET_MS:
        return round(clock.now_us - offset * 1_000)
    told = timestamps.parse(wire.timestamp)
    if told is None or told == timestamps.FAR_AWAY_US or ignore_sent_at:
        return told
    return told + clock.skew_us
