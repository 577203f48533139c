"""What the capture door refuses, and how.

IngestError                     400 and up: the sender can act on it
├── MalformedPayloadError       400 the body cannot be read
├── EmptyBatchError             400 nothing in it
├── InvalidEventError           400 every event of the request is at fault; carries the first fault's code
├── InvalidTokenError           401 no project key, several, or one nobody has
├── BodyTimeoutError            408 the body did not arrive in time
├── PayloadTooLargeError        413 the body, packed or unpacked, is over the bound
└── TooManyEventsError          413 the events of one request are too many
LogUnavailableError             503 the event log cannot take more now; nothing was kept, send it again
"""

from typing import ClassVar

from apps.common.errors import DomainError, UnavailableError


class IngestError(DomainError):
    """A capture request was refused as a whole."""


class MalformedPayloadError(IngestError):
    """The body is not what its headers say, or no JSON, or JSON of another shape."""

    status, code = 400, "malformed_payload"


class EmptyBatchError(IngestError):
    """The request holds no event."""

    status, code = 400, "empty_batch"


class InvalidEventError(IngestError):
    """Every event of the request was refused; the code is that of the first fault."""

    status = 400

    def __init__(self, detail: str, *, code: str, attr: str | None = None) -> None:
        super().__init__(detail, attr=attr)
        self.code = code  # type: ignore[misc]  # of the first fault, so of this instance


class InvalidTokenError(IngestError):
    """The request names no project, more than one, or one that is not there."""

    status, code = 401, "invalid_token"


class BodyTimeoutError(IngestError):
    """The body of the request did not arrive within BALEEN_BODY_TIMEOUT; it may be sent again."""

    status, code = 408, "body_timeout"


class PayloadTooLargeError(IngestError):
    """The body is larger than BALEEN_INGEST_MAX_BODY_BYTES, before or after decompression."""

    status, code = 413, "payload_too_large"


class TooManyEventsError(IngestError):
    """One request holds more events than BALEEN_INGEST_MAX_EVENTS; they may come in several."""

    status, code = 413, "too_many_events"


class UnsupportedTypeError(IngestError):
    """The Content-Type names a format that is none of ours."""

    status, code = 415, "unsupported_media_type"


class LogUnavailableError(UnavailableError):
    """The event log is away or full. Nothing of this request was kept; `retry_after` says when to try again."""

    status: ClassVar[int] = 503
    code: ClassVar[str] = "event_log_unavailable"

    def __init__(self, detail: str, *, retry_after: int = 5, reason: str = "away") -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.reason = reason
        """One word for the counts: away, disk, memory, backlog."""
