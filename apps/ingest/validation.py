"""Split the events of a request into those we keep, as columns of a log entry, and those we refuse, with the reason.

One bad event never sinks its neighbours. The loop has a short path for the common event (text where text belongs,
everything in bounds), written out because it runs 50,000 times a second; all others go to `apps.ingest.normalise`,
which knows every rule.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from apps.ingest import timestamps
from apps.ingest.bounds import DEAD_LETTER_BYTES, NAME_LENGTH, Bounds
from apps.ingest.contracts import LogEntry, Rejection
from apps.ingest.normalise import Clock, RejectedError, normalise
from apps.ingest.protocols import recordings
from apps.ingest.protocols.posthog import ABSENT, Request, WireEvent

_UUID_LENGTH: Final = 36
_BYTES_OF_SHORTEST_PROPERTY: Final = 5
"""`"":1,` is the shortest there is."""


def validate(request: Request, *, project_id: int, path: str, clock: Clock, bounds: Bounds) -> LogEntry:
    """Judge every event of a request; what is kept and what is refused come back as one log entry."""
    entry = LogEntry(project_id, clock.now_us, path, [], [], [], [], [], rejections=[])
    keep_uuid, keep_event, keep_who = entry.uuids.append, entry.events.append, entry.distinct_ids.append
    keep_when, keep_properties = entry.timestamps_us.append, entry.properties.append
    earliest, latest = clock.now_us - bounds.age_us, clock.now_us + timestamps.AHEAD_US
    parse_iso, epoch, microsecond = datetime.fromisoformat, timestamps.EPOCH, timestamps.MICROSECOND
    skew_us, short, depth = clock.skew_us, _short(request, bounds), bounds.depth
    texts: list[bytes] = []
    for index, wire in enumerate(request.events):
        if wire is not None:
            name, who, uid, raw = wire.event, wire.distinct_id, wire.uuid, bytes(wire.properties)
            if (
                name.__class__ is str
                and who.__class__ is str
                and uid.__class__ is str
                # Text that starts above a blank is not blank, nor empty.
                and name >= "!"
                and who >= "!"
                and len(name) <= NAME_LENGTH
                and len(who) <= NAME_LENGTH
                and len(uid) == _UUID_LENGTH
                and len(raw) <= short
                and raw[:1] == b"{"
                and wire.offset is None
                and wire.set is ABSENT
                and wire.set_once is ABSENT
                and wire.unset is ABSENT
                and (raw.find(b"{", 1) < 0 > raw.find(b"[") or raw.count(b"{") + raw.count(b"[") <= depth)
            ):
                try:
                    when = (parse_iso(wire.timestamp) - epoch) // microsecond + skew_us
                except (ValueError, TypeError, OverflowError):
                    when = latest + 1
                if earliest <= when <= latest:
                    keep_uuid(uid)
                    keep_event(name)
                    keep_who(who)
                    keep_when(when)
                    keep_properties(raw)
                    continue
        try:
            event = normalise(wire, clock, bounds, request.illegal_ids)
        except RejectedError as exc:
            # Told at once: an error that is kept keeps the frames it went through, 50,000 of which the garbage
            # collector walks again and again.
            texts = texts or request.raw_events()
            entry.rejections.append(_rejection(index, wire, exc, texts[index]))
        else:
            keep_uuid(event.uuid)
            keep_event(event.name)
            keep_who(event.distinct_id)
            keep_when(event.timestamp_us)
            keep_properties(event.properties)
    return entry


def validate_recordings(request: Request, *, project_id: int, path: str, clock: Clock, bounds: Bounds) -> LogEntry:
    """Judge every piece of a recording of a request, as `validate` does events."""
    entry = LogEntry(project_id, clock.now_us, path, [], [], [], [], [], rejections=[], recordings=[])
    texts: list[bytes] = []
    for index, wire in enumerate(request.events):
        try:
            entry.recordings.append(recordings.read(wire, clock, bounds))
        except RejectedError as exc:
            texts = texts or request.raw_events()
            entry.rejections.append(_rejection(index, wire, exc, texts[index]))
    return entry


def _short(request: Request, bounds: Bounds) -> int:
    """Say how long the properties of an event on the short path may be; so short, they are not too many either."""
    if request.may_ignore_sent_at or request.illegal_ids or not _have_canonical_uuids(request.events):
        return 0
    return min(bounds.properties * _BYTES_OF_SHORTEST_PROPERTY, bounds.event_bytes)


def _have_canonical_uuids(events: Sequence[WireEvent | None]) -> bool:
    """Look at all event ids at once: as one text, they are hexadecimal with dashes at every place of a dash.

    Each must still be 36 characters long for this to say anything about it.
    """
    try:
        text = "".join([wire.uuid for wire in events if wire is not None]).encode("ascii")
    except (TypeError, UnicodeEncodeError):
        return False
    dashes = b"-" * (len(text) // _UUID_LENGTH)
    return (
        text.translate(None, b"0123456789abcdef") == dashes * 4
        and text[8::36] == text[13::36] == text[18::36] == text[23::36] == dashes
    )


def _rejection(index: int, wire: WireEvent | None, error: RejectedError, text: bytes) -> Rejection:
    name = wire.event if wire is not None else None
    who = wire.distinct_id if wire is not None else None
    return Rejection(
        index=index,
        code=error.code,
        reason=error.reason,
        event=name[:NAME_LENGTH] if isinstance(name, str) else "",
        distinct_id=who[:NAME_LENGTH] if isinstance(who, str) else "",
        payload=text[:DEAD_LETTER_BYTES],
        attr=error.attr,
    )
