"""What ingest does for its callers: take a request's events into the log."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from apps.accounts import selectors as accounts
from apps.accounts.contracts import ProjectContext
from apps.common import clock
from apps.ingest import canary, controls, log, timestamps
from apps.ingest.bounds import Bounds, bounds
from apps.ingest.contracts import LogEntry, Receipt, Rejection
from apps.ingest.controls import Facts
from apps.ingest.errors import InvalidEventError, InvalidTokenError
from apps.ingest.normalise import Clock
from apps.ingest.protocols import analytics, posthog
from apps.ingest.protocols.encoding import Packed, unpack
from apps.ingest.validation import validate, validate_recordings

_NOTHING_KNOWN: Final = Facts()


@dataclass(frozen=True, slots=True)
class Capture:
    """A request to a capture endpoint: the body as it came, and what its path and query said."""

    packed: Packed
    path: str
    token: str = ""
    """As the query names it."""
    bearer: str = ""
    """As the Authorization header names it, for requests that name no other."""
    sent_at: str = ""
    ip: str = ""
    user_agent: str = ""
    origin: str = ""
    """The page that sent it, as its browser says."""
    default_event: str | None = None
    """What an event without a name is."""


def capture(request: Capture) -> Receipt:
    """Take the events of a request; when this returns they are durable.

    Raises an IngestError when the request is refused as a whole, LogUnavailableError when it may be sent again.
    A single bad event is kept as a dead letter and counted in the receipt; if all are bad, the first one's fault is
    raised after they were kept.
    """
    now_us, limits = timestamps.to_us(clock.now()), _bounds_of(request.path)
    body = unpack(request.packed, limits.body_bytes)
    content = posthog.parse(body, request.token, limits.events, bearer=request.bearer)
    project = project_of(content.token)
    if request.default_event is not None:
        for event in content.events:
            if event is not None and event.event is None:
                event.event = request.default_event
    sender = Clock(now_us, timestamps.skew(content.sent_at, request.sent_at, now_us))
    entry = validate(content, project_id=project.id, path=request.path, clock=sender, bounds=limits)
    entry.is_historical = content.is_historical
    return _admit(project, entry, request)


def record(request: Capture) -> Receipt:
    """Take pieces of session recordings; what is promised is what `capture` promises."""
    now_us, limits = timestamps.to_us(clock.now()), bounds()
    body = unpack(request.packed, limits.body_bytes)
    # Compressed snapshots are text with any character in it, NUL as well, and must come out as they went in.
    content = posthog.parse(body, request.token, limits.events, bearer=request.bearer, keeps_nul=True)
    project = project_of(content.token)
    entry = validate_recordings(content, project_id=project.id, path=request.path, clock=Clock(now_us), bounds=limits)
    return _admit(project, entry, request)


@dataclass(frozen=True, slots=True)
class AnalyticsCapture:
    """A request in PostHog's second format: its body as it came, and what its headers said."""

    packed: Packed
    path: str
    bearer: str
    library: analytics.Library
    sent_at: str = ""
    ip: str = ""
    user_agent: str = ""
    origin: str = ""


def capture_analytics(request: AnalyticsCapture) -> dict[str, dict[str, str]]:
    """Take the events of a request and say what became of each, by the id it was sent with.

    When this returns, what is "ok" is durable, and what is to "drop" is a dead letter. Raises as `capture` does, but
    not when all events are refused.
    """
    now_us, limits = timestamps.to_us(clock.now()), bounds()
    project = project_of(posthog.check_token(request.bearer))
    content = analytics.parse(unpack(request.packed, limits.body_bytes), request.library, limits.events)
    sent_as = [event.uuid if event is not None else None for event in content.events]
    sender = Clock(now_us, timestamps.skew(request.sent_at, "", now_us))
    entry = validate(content, project_id=project.id, path=request.path, clock=sender, bounds=limits)
    entry.is_historical = content.is_historical
    with suppress(InvalidEventError):
        _admit(project, entry, request)
    refused = {rejection.index: rejection.reason for rejection in entry.rejections}
    return {
        uid: {"result": "drop", "details": refused[index]} if index in refused else {"result": "ok"}
        for index, uid in enumerate(sent_as)
        if isinstance(uid, str)
    }


def project_of(token: str) -> ProjectContext:
    """Find the project a token names. Raises InvalidTokenError."""
    if token == canary.key():
        return canary.PROJECT
    project = accounts.find_project_by_token(token)
    if project is None:
        raise InvalidTokenError("The project key is not one of ours.", attr="api_key")
    return project


def _bounds_of(path: str) -> Bounds:
    """Give the bounds of an address: the one for AI events takes those with whole conversations in them."""
    limits = bounds()
    return replace(limits, event_bytes=limits.ai_event_bytes) if path.startswith("/i/v0/ai") else limits


def _admit(project: ProjectContext, entry: LogEntry, request: Capture | AnalyticsCapture) -> Receipt:
    entry.ip, entry.user_agent = request.ip, request.user_agent
    # Only the second format knows how to say that there was no room.
    return admit(project, entry, Facts(request.origin, all_or_nothing=isinstance(request, AnalyticsCapture)))


def admit(project: ProjectContext, entry: LogEntry, facts: Facts = _NOTHING_KNOWN) -> Receipt:
    """Put what a request brought into the log, as far as its project's rules let it in: the one way in for any format.

    The entry is changed in place. Raises LogUnavailableError when it may be sent again, InvalidEventError when nothing
    of it was kept since nothing was right, and what `controls.apply` raises.
    """
    sent = len(entry) + len(entry.recordings) + len(entry.rejections)
    outcome = controls.apply(project, entry, facts)
    if entry.uuids or entry.rejections or entry.recordings:
        try:
            log.event_log().append(log.pack(entry), events=len(entry))
        except BaseException:
            controls.take_back(entry, outcome)
            raise
    if entry.rejections and len(entry.rejections) == sent:
        first = entry.rejections[0]
        raise InvalidEventError(first.reason, code=first.code, attr=_place(first))
    return Receipt(len(entry) + len(entry.recordings), len(entry.rejections), outcome.limited)


def _place(rejection: Rejection) -> str:
    return f"batch[{rejection.index}]" + (f".{rejection.attr}" if rejection.attr else "")
