"""The capture endpoint of PostHog's second format: errors and results in its own shapes."""

from typing import Final

from apps.ingest import services
from apps.ingest.api.answers import Answer, given, known, retry_after
from apps.ingest.api.arrival import Arrival
from apps.ingest.errors import IngestError, InvalidTokenError
from apps.ingest.protocols.analytics import Library
from apps.ingest.protocols.compression import ENCODINGS
from apps.ingest.protocols.encoding import Packed

_NEEDED: Final = {
    "POSTHOG_SDK_INFO": "PostHog-Sdk-Info",
    "POSTHOG_ATTEMPT": "PostHog-Attempt",
    "POSTHOG_REQUEST_ID": "PostHog-Request-Id",
    "POSTHOG_REQUEST_TIMESTAMP": "PostHog-Request-Timestamp",
}
_TAGS: Final = {"invalid_token": "invalid_api_token", "too_many_events": "payload_too_large"}
"""What this format calls our codes, where the names differ."""


class MissingHeadersError(IngestError):
    """The request lacks headers that this format cannot do without."""

    status, code = 400, "missing_required_headers"


class UnsupportedTypeError(IngestError):
    """The body is said to be something else than JSON."""

    status, code = 415, "unsupported_content_type"


class UnsupportedEncodingError(IngestError):
    """The body is compressed in a way nobody here undoes."""

    status, code = 415, "unsupported_content_encoding"


def events(arrival: Arrival) -> Answer:
    """Take events in and say what became of each."""
    try:
        return given({"results": services.capture_analytics(_read(arrival))})
    except Exception as exc:  # noqa: BLE001 - what it amounts to is told apart in `known`, and logged
        return _refusal(exc, arrival.path)


def _refusal(exc: Exception, path: str) -> Answer:
    error = known(exc, path)
    if error is None:
        return given({"error": "internal", "error_description": "Something went wrong on the server."}, 500)
    content = {"error": _TAGS.get(error.code, error.code), "error_description": error.detail}
    status, headers, body = given(content, error.status)
    return status, headers + retry_after(error), body


def _read(arrival: Arrival) -> services.AnalyticsCapture:
    if not arrival.bearer:
        raise InvalidTokenError("The project key is missing; send it as Authorization: Bearer.")
    missing = [name for key, name in _NEEDED.items() if not arrival.header(key).strip()]
    if missing:
        raise MissingHeadersError(f"The request lacks {', '.join(missing)}.")
    kind = arrival.content_type.partition(";")[0].strip().lower()
    if kind not in {"", "application/json"}:
        raise UnsupportedTypeError("The body must be application/json.")
    encoding = arrival.header("CONTENT_ENCODING").strip().lower()
    if encoding not in {"", "identity", "none", *ENCODINGS}:
        raise UnsupportedEncodingError("The body may be plain, gzip, deflate, zstd or br.")
    return services.AnalyticsCapture(
        Packed(arrival.body(), content_encoding=encoding),
        path=arrival.path,
        bearer=arrival.bearer,
        library=Library.named(arrival.header("POSTHOG_SDK_INFO")),
        sent_at=arrival.header("POSTHOG_REQUEST_TIMESTAMP"),
        ip=arrival.ip,
        user_agent=arrival.user_agent,
        origin=arrival.header("ORIGIN"),
    )
