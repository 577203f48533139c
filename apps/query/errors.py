"""What can go wrong with a question.

QueryError                     the root of this app's errors
├── InvalidQueryError          a field is unknown, missing or has a wrong value; names it
├── UnsupportedQueryError      the field is well formed, but this server cannot answer it; names it
├── QueryTimeoutError          it took longer than a question may
├── QueryTooLargeError         it would need more memory, rows or points than a question may
├── QueryCancelledError        somebody stopped it
└── QueryUnavailableError      the engine is away for now
"""

from apps.common.errors import DomainError, UnavailableError


class QueryError(DomainError):
    """A question that got no answer."""


class InvalidQueryError(QueryError):
    """A field of the query is unknown, missing or wrong; `attr` is its path, like `query.dateRange.date_from`."""

    status, code = 400, "invalid_query"


class UnsupportedQueryError(QueryError):
    """What a field asks for cannot be answered; better no number than a wrong one."""

    status, code = 400, "not_supported"


class QueryTimeoutError(QueryError):
    """The question took longer than it may; a shorter range or fewer series may do."""

    status, code = 504, "query_timeout"


class QueryTooLargeError(QueryError):
    """The question needs more memory, rows or points than it may."""

    status, code = 422, "query_too_large"


class QueryCancelledError(QueryError):
    """Somebody stopped the question before it had an answer."""

    status, code = 409, "query_cancelled"


class QueryUnavailableError(UnavailableError, QueryError):
    """The engine cannot be reached for now."""

    status, code = 503, "unavailable"
