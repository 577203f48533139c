"""What ingest does for its callers: take a request's events into the log."""

from dataclasses import dataclass

from apps.accounts import selectors as accounts
from apps.accounts.contracts import ProjectContext
from apps.common import clock
from apps.ingest import log, timestamps
from apps.ingest.bounds import bounds
from apps.ingest.contracts import LogEntry, Receipt
from apps.ingest.errors import InvalidEventError, InvalidTokenError
from apps.ingest.normalise import Clock
from apps.ingest.protocols import posthog
from apps.ingest.protocols.encoding import Packed, unpack
from apps.ingest.validation import validate


@dataclass(frozen=True, slots=True)
class Capture:
    """A request to a capture endpoint: the body as it came, and what its path and query said."""

    packed: Packed
    path: str
    token: str = ""
    sent_at: str = ""
    ip: str = ""
    user_agent: str = ""


def capture(request: Capture) -> Receipt:
    """Take the events of a request; when this returns they are durable.

    Raises an IngestError when the request is refused as a whole, LogUnavailableError when it may be sent again.
    A single bad event is kept as a dead letter and counted in the receipt; if all are bad, the first one's fault is
    raised after they were kept.
    """
    now_us = timestamps.to_us(clock.now())
    limits = bounds()
    content = posthog.parse(unpack(request.packed, limits.body_bytes), request.token, limits.events)
    project = accounts.find_project_by_token(content.token)
    if project is None:
        raise InvalidTokenError("The project key is not one of ours.", attr="api_key")
    sender = Clock(now_us, timestamps.skew(content.sent_at, request.sent_at, now_us))
    entry = validate(content, project_id=project.id, path=request.path, clock=sender, bounds=limits)
    entry.ip, entry.user_agent = request.ip, request.user_agent
    return admit(project, entry)


def admit(project: ProjectContext, entry: LogEntry) -> Receipt:  # noqa: ARG001 - whose rules hold
    """Put what a request brought into the log: the one way in, whatever format it came in.

    Raises LogUnavailableError when it may be sent again, InvalidEventError when nothing of it was kept.
    """
    log.event_log().append(log.pack(entry))
    if not len(entry) and not entry.recordings:
        first = entry.rejections[0]
        raise InvalidEventError(first.reason, code=first.code, attr=f"batch[{first.index}]")
    return Receipt(accepted=len(entry) + len(entry.recordings), rejected=len(entry.rejections))
