"""PostHog's second capture format: the token in a header, typed options beside the properties, an answer per event.

An event of it becomes one of the first format, with everything that stands outside the properties put back into
them under the names they have there, so that from here on there is only one kind of event.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from apps.ingest import properties
from apps.ingest.errors import EmptyBatchError, MalformedPayloadError, TooManyEventsError
from apps.ingest.protocols import text
from apps.ingest.protocols.posthog import ABSENT, Request, WireEvent

ILLEGAL_IDS: Final = frozenset((
    "0", "00000000-0000-0000-0000-000000000000", "[object object]", "anonymous", "anonymous-user", "backend",
    "distinct_id", "distinctid", "email", "false", "guest", "id", "nan", "none", "not_authenticated", "null", "system",
    "true", "undefined", "user",
))  # fmt: skip
"""Ids that stand for nobody in particular, in lower case: this format drops their events."""


class _Options(Struct, gc=False):
    cookieless_mode: bool | None = None
    disable_skew_correction: bool | None = None
    product_tour_id: str | None = None
    process_person_profile: bool | None = None


class _Event(Struct, gc=False):
    event: Any = None
    uuid: Any = None
    distinct_id: Any = None
    timestamp: Any = None
    session_id: str | None = None
    window_id: str | None = None
    options: _Options | None = None
    properties: Raw = ABSENT


class _Envelope(Struct, gc=False):
    batch: list[_Event]
    historical_migration: bool = False


class _Sizes(Struct, gc=False):
    batch: list[Raw]


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_SIZES: Final = msgspec.json.Decoder(_Sizes)


@dataclass(frozen=True, slots=True)
class Library:
    """What sent the request, as its `PostHog-Sdk-Info: name/version` says."""

    name: str
    version: str

    @classmethod
    def named(cls, header: str) -> "Library":
        """Read the header."""
        name, _, version = header.strip().partition("/")
        return cls(name[:100], version[:100])


def parse(body: bytes, library: Library, most: int) -> Request:
    """Read a request's JSON text that holds at most so many events.

    Raises MalformedPayloadError, EmptyBatchError or TooManyEventsError.
    """
    body = text.clean(body.strip())
    try:
        if len(body) >= 2 * most and body.count(b",") >= most and len(_SIZES.decode(body).batch) > most:
            raise TooManyEventsError(f"The request holds more than {most} events.", attr="batch")
        envelope = _ENVELOPE.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise MalformedPayloadError(f"The body is not what this address takes: {exc}.") from exc
    except RecursionError as exc:
        raise MalformedPayloadError("The JSON is nested too deeply to be read.") from exc
    if not envelope.batch:
        raise EmptyBatchError("The request holds no event.", attr="batch")
    about = {"$lib": _json(library.name), "$lib_version": _json(library.version)}
    events = [_wire(event, about) for event in envelope.batch]
    ignores = any(event.options is not None and event.options.disable_skew_correction for event in envelope.batch)
    return Request(
        body,
        events,
        "",
        is_historical=envelope.historical_migration,
        may_ignore_sent_at=ignores,
        illegal_ids=ILLEGAL_IDS,
    )


def _wire(event: _Event, about: dict[str, Raw | bytes]) -> WireEvent:
    members = dict(about)
    if event.session_id is not None:
        members["$session_id"] = _json(event.session_id)
    if event.window_id is not None:
        members["$window_id"] = _json(event.window_id)
    if event.options is not None:
        for name, option in _OPTIONS.items():
            value = getattr(event.options, option)
            if value is not None:
                members[name] = _json(value)
    content = bytes(event.properties) or properties.EMPTY
    if content[:1] == b"{":
        content = _overlaid(content, members)
    return WireEvent(
        event=event.event,
        distinct_id=event.distinct_id,
        uuid=event.uuid,
        timestamp=event.timestamp,
        properties=Raw(content),
    )


def _overlaid(content: bytes, members: dict[str, Raw | bytes]) -> bytes:
    """Put what stood outside into the properties; those that cannot be read stay as they are, to be refused later."""
    try:
        return properties.overlay(content, members)
    except (msgspec.MsgspecError, RecursionError):
        return content


def _json(value: str | bool) -> bytes:  # noqa: FBT001 - any value will do
    return msgspec.json.encode(value)


_OPTIONS: Final = {
    "$cookieless_mode": "cookieless_mode",
    "$ignore_sent_at": "disable_skew_correction",
    "$product_tour_id": "product_tour_id",
    "$process_person_profile": "process_person_profile",
}
"""The property that each option becomes."""
