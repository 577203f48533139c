"""Split the events of a request into those we keep, as columns of a log entry, and those we refuse, with the reason.

One bad event never sinks its neighbours. The loop has a short path for the common event (text where text belongs,
everything in bounds), written out because it runs 50,000 times a second; all others go to `apps.ingest.normalise`,
which knows every rule.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.ingest import timestamps
from apps.ingest.bounds import DEAD_LETTER_BYTES, NAME_LENGTH, Bounds
from apps.ingest.contracts import LogEntry, Rejection
from apps.ingest.normalise import Clock, RejectedError, normalise
from apps.ingest.protocols.posthog import ABSENT, Request, WireEvent

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
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
    parse_iso, to_us, skew_us = datetime.fromisoformat, timestamps.to_us, clock.skew_us
    short = _short(request, bounds)
    faults: list[_Fault] = []
    for index, wire in enumerate(request.events):
        if wire is not None:
            name, who, uid, raw = wire.event, wire.distinct_id, wire.uuid, bytes(wire.properties)
            if (
                name.__class__ is str
                and who.__class__ is str
                and uid.__class__ is str
                and 0 < len(name) <= NAME_LENGTH
                and 0 < len(who) <= NAME_LENGTH
                and len(raw) <= short
                and raw[:1] == b"{"
                and wire.offset is None
                and wire.set is ABSENT
                and wire.set_once is ABSENT
                and wire.unset is ABSENT
                and not who.isspace()
                and not name.isspace()
                and _UUID(uid)
            ):
                try:
                    when = to_us(parse_iso(wire.timestamp)) + skew_us
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
