"""Whether an operation failed, and how."""

from typing import Any, Final

from apps.ingest.otlp.mapping.attributes import Attributes, whole
from apps.ingest.otlp.spans import Span

_STATUS: Final = ("http.response.status_code", "http.status_code", "error.status_code")


def failure(span: Span, attributes: Attributes) -> dict[str, Any]:
    """Give the error of a span: its status, the exception among its events, or its error.type."""
    exception = next((event.attributes for event in reversed(span.events) if event.name == "exception"), {})
    kind = attributes.take("error.type", "exception.type")
    message = attributes.take("error.message", "exception.message")
    properties: dict[str, Any] = {}
    status = whole(attributes.pick(*_STATUS))
    if status is not None:
        properties["$ai_http_status"] = status
    if not (span.is_error or exception or kind):
        return properties
    properties["$ai_is_error"] = True
    told = exception.get("exception.message") or span.status_message or message
    kind = exception.get("exception.type") or kind
    properties["$ai_error"] = told or kind or "The span ended with the status ERROR."
    if kind:
        properties["$ai_error_type"] = kind
    if trace := exception.get("exception.stacktrace"):
        properties["exception.stacktrace"] = trace
    return properties
