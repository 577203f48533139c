"""What a project's rules refuse as a whole, and how.

IngestError
├── ForbiddenOriginError    403 the page that sends is not one of the project's
└── LimitError              429 no room for this request; carries `retry_after` in seconds
    ├── QuotaExceededError  the month's events are used up
    └── RateLimitedError    the minute's events are used up
"""

from apps.ingest.errors import IngestError


class ForbiddenOriginError(IngestError):
    """The project names the pages that may send, and this is none of them."""

    status, code = 403, "origin_not_allowed"


class LimitError(IngestError):
    """A request found no room; nothing of it was kept."""

    status = 429

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class QuotaExceededError(LimitError):
    """The project has taken in as many events as it may this month."""

    code = "billing_limit_exceeded"


class RateLimitedError(LimitError):
    """The project has taken in as many events as it may this minute."""

    code = "rate_limited"
