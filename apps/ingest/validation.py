"""Split the events of a request into those we keep, as columns of a log entry, and those we refuse, with the reason.

One bad event never sinks its neighbours. The loop has a short path for the common event (text where text belongs,
everything in bounds), written out because it runs 50,000 times a second; all others go to `apps.ingest.normalise`,
which knows every rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.ingest import timestamps
from apps.ingest.bounds import DEAD_LETTER_BYTES, NAME_LENGTH, Bounds
from apps.ingest.contracts import LogEntry, Rejection
from apps.ingest.normalise import Clock, RejectedError, normalise
from apps.ingest.protocols.posthog import ABSENT, Request, WireEvent

_UUID_LENGTH: Final = 36
_OPENERS_OF_PLAIN_EVENT: Final = 2
_BYTES_OF_SHORTEST_PROPERTY: Final = 5
"""`"":1,` is the shortest there is."""


@dataclass(frozen=True, slots=True)
class _Fault:
    index: int
    wire: WireEvent | None
    error: RejectedError


def validate(request: Request, *, project_id: int, path: str, clock: Clock, bounds: Bounds) -> LogEntry:
    """Judge every event of a request; what is kept and what is refused come back as one log entry."""
    entry = LogEntry(project_id, clock.now_us, path, [], [], [], [], [], [])
    keep_uuid, keep_event, keep_who = entry.uuids.append, entry.events.append, entry.distinct_ids.append
    keep_when, keep_properties = entry.timestamps_us.append, entry.properties.append
    earliest, latest = clock.now_us - bounds.age_us, clock.now_us + timestamps.AHEAD_US
    parse_iso, epoch, microsecond = datetime.fromisoformat, timestamps.EPOCH, timestamps.MICROSECOND
    skew_us, short, is_plain = clock.skew_us, _short(request, bounds), not _has_extras(request.body)
    if not _have_canonical_uuids(request.events):
        short = 0
    faults: list[_Fault] = []
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
                and (is_plain or _is_bare(wire))
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
            event = normalise(wire, clock, bounds)
        except RejectedError as exc:
            faults.append(_Fault(index, wire, exc))
        else:
            keep_uuid(event.uuid)
            keep_event(event.name)
            keep_who(event.distinct_id)
            keep_when(event.timestamp_us)
            keep_properties(event.properties)
    if faults:
        texts = request.raw_events()
        entry.rejections = [_rejection(fault, texts[fault.index]) for fault in faults]
    return entry


def _short(request: Request, bounds: Bounds) -> int:
    """Say up to which length an event's properties can be neither too deep nor too many.

    A request without brackets beyond those of its plain events holds none that is too deep.
    """
    openers = request.body.count(b"{") + request.body.count(b"[")
    if openers > bounds.depth + _OPENERS_OF_PLAIN_EVENT * len(request.events) or b'"$ignore_sent_at"' in request.body:
        return 0
    return min(bounds.properties * _BYTES_OF_SHORTEST_PROPERTY, bounds.event_bytes)


def _has_extras(body: bytes) -> bool:
    """Say whether anything in a request could be a field that changes an event's properties or time."""
    return b'"$set' in body or b'"$unset"' in body or b'"offset"' in body


def _is_bare(wire: WireEvent) -> bool:
    return wire.offset is None and wire.set is ABSENT and wire.set_once is ABSENT and wire.unset is ABSENT


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


def _rejection(fault: _Fault, text: bytes) -> Rejection:
    name = fault.wire.event if fault.wire is not None else None
    who = fault.wire.distinct_id if fault.wire is not None else None
    return Rejection(
        index=fault.index,
        code=fault.error.code,
        reason=fault.error.reason,
        event=name[:NAME_LENGTH] if isinstance(name, str) else "",
        distinct_id=who[:NAME_LENGTH] if isinstance(who, str) else "",
        payload=text[:DEAD_LETTER_BYTES],
    )
