"""The capture endpoints of PostHog's first format: events, person updates and session recordings."""

from typing import Final

from apps.ingest import services
from apps.ingest.api.answers import JSON, Answer, given
from apps.ingest.api.arrival import Arrival
from apps.ingest.contracts import Receipt
from apps.ingest.protocols.encoding import Packed

_OK: Final[Answer] = (200, [JSON], b'{"status": "Ok"}')


def events(arrival: Arrival) -> Answer:
    """Take events in."""
    return _told(services.capture(_read(arrival)))


def person_updates(arrival: Arrival) -> Answer:
    """Take in what old SDKs send about persons: an event that needs no name."""
    return _told(services.capture(_read(arrival, default_event="$identify")))


def recordings(arrival: Arrival) -> Answer:
    """Take in pieces of session recordings."""
    return _told(services.record(_read(arrival)))


def _told(receipt: Receipt) -> Answer:
    """Answer 200; what a project has no quota left for is named, so that its pages stop sending it for a while."""
    return given({"status": "Ok", "quota_limited": list(receipt.limited)}) if receipt.limited else _OK


def _read(arrival: Arrival, default_event: str | None = None) -> services.Capture:
    query = arrival.query
    data = query.get("data", "")
    packed = Packed(
        body=data.encode(errors="replace") if data else arrival.body(),
        content_encoding=arrival.header("CONTENT_ENCODING"),
        compression=query.get("compression", ""),
    )
    return services.Capture(
        packed,
        path=arrival.path,
        token=query.get("token", ""),
        bearer=arrival.bearer,
        sent_at=query.get("_") or query.get("sent_at", ""),
        ip=arrival.ip,
        user_agent=arrival.user_agent,
        origin=arrival.header("ORIGIN"),
        default_event=default_event,
    )
