"""OTLP over HTTP: which addresses, which encoding, and answers in the encoding of the request.

An exporter sends again after 429, 502, 503 and 504 only, and drops its spans after any other error; a response with
a partial success is final too. (opentelemetry.io/docs/specs/otlp/#otlphttp-response)
"""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Final

from apps.common.errors import DomainError
from apps.ingest.bounds import bounds
from apps.ingest.errors import MalformedPayloadError, UnsupportedTypeError
from apps.ingest.otlp.credentials import find_token
from apps.ingest.otlp.exports import take
from apps.ingest.otlp.formats import json_format
from apps.ingest.protocols.compression import ENCODINGS, GZIP_MAGIC, gunzip
from apps.ingest.services import project_of

TRACES: Final = ("/v1/traces", "/i/v0/ai/otel", "/i/v0/ai/otel/v1/traces", "/i/v1/traces")
OTHERS: Final = (
    "/v1/logs",
    "/v1/metrics",
    "/i/v0/ai/otel/v1/logs",
    "/i/v0/ai/otel/v1/metrics",
    "/i/v1/logs",
    "/i/v1/metrics",
)
"""What exporters with all three signals on also send to; an error from there fills their logs."""
PATHS: Final = TRACES + OTHERS
"""Without the trailing slash that each may have."""

_PROTOBUF_MODULE: Final = "apps.ingest.otlp.formats.protobuf_format"
_ONLY_TRACES: Final = "This server keeps traces only; logs and metrics are dropped."
_FAULT: Final = "Something went wrong on the server."
_SAY_NOTHING: Final = ("", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded")
"""Types that clients add by themselves, without having looked at the body."""
# google.rpc.Code, by HTTP status (github.com/googleapis/googleapis/blob/master/google/rpc/code.proto).
_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 413: 8, 415: 3, 429: 8, 500: 13, 503: 14}

Answer = tuple[int, list[tuple[str, str]], bytes]


@dataclass(frozen=True, slots=True)
class Export:
    """A request of an exporter: the body as it came, and what its headers and query said."""

    body: bytes
    path: str
    content_type: str = ""
    content_encoding: str = ""
    authorization: str = ""
    api_key: str = ""
    token: str = ""
    ip: str = ""
    user_agent: str = ""
    origin: str = ""
    """The page that sent it, as its browser says."""


def answer(export: Export) -> Answer:
    """Take an export and say what became of it. Faults that are not the sender's go on as they are."""
    encoding = _named(export.content_type)
    try:
        _check_type(export.content_type)
        body = _unpacked(export)
        if encoding is json_format and not _is_object(body) and "json" not in export.content_type.lower():
            encoding = _protobuf()
        return _taken(export, encoding, body)
    except DomainError as exc:
        return _refused(exc, encoding)


def refusal(error: DomainError | None, content_type: str) -> Answer:
    """Answer what went wrong outside of that; None is a fault of ours, already logged."""
    encoding = _named(content_type)
    if error is None:
        return _answered(500, encoding, encoding.failure(_CODES[500], _FAULT))
    return _refused(error, encoding)


def _taken(export: Export, encoding: ModuleType, body: bytes) -> Answer:
    token = find_token(export.authorization, export.api_key, export.token)
    if export.path.rstrip("/") in OTHERS:
        project_of(token)
        return _answered(200, encoding, _dropped(export.path, encoding))
    outcome = take(
        body,
        encoding,
        token=token,
        path=export.path,
        ip=export.ip,
        user_agent=export.user_agent,
        origin=export.origin,
    )
    return _answered(200, encoding, encoding.success(outcome.rejected, outcome.message))


def _dropped(path: str, encoding: ModuleType) -> bytes:
    """Answer logs and metrics: with a warning; at PostHog's own addresses as its SDKs know it, without."""
    if path.startswith("/i/v1/"):
        content: bytes = encoding.success()
        return content
    warning: bytes = encoding.success(0, _ONLY_TRACES, of="LogRecords" if "/logs" in path else "DataPoints")
    return warning


def _unpacked(export: Export) -> bytes:
    limit, body = bounds().body_bytes, export.body
    compression = export.content_encoding.strip().lower()
    if body.startswith(GZIP_MAGIC):
        # Known by its first bytes, which neither JSON nor an export in protobuf starts with.
        return gunzip(body, limit)
    if compression in ENCODINGS:
        return ENCODINGS[compression](body, limit)
    if compression in {"", "identity", "none"}:
        return body
    raise MalformedPayloadError(f"The Content-Encoding {compression[:40]} is not read here; send gzip.")


def _named(content_type: str) -> ModuleType:
    """Give the encoding that a content type names; JSON where it names none of ours."""
    return _protobuf() if "protobuf" in content_type.lower() else json_format


def _check_type(content_type: str) -> None:
    named = content_type.partition(";")[0].strip().lower()
    if named not in _SAY_NOTHING and "json" not in named and "protobuf" not in named:
        raise UnsupportedTypeError("Send application/x-protobuf or application/json.")


def _is_object(body: bytes) -> bool:
    return body[:64].lstrip()[:1] == b"{"


def _protobuf() -> ModuleType:
    return import_module(_PROTOBUF_MODULE)


def _refused(error: DomainError, encoding: ModuleType) -> Answer:
    status = error.status
    made = _answered(status, encoding, encoding.failure(_CODES.get(status, 2), error.detail))
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        made[1].append(("Retry-After", str(int(retry_after))))
    return made


def _answered(status: int, encoding: ModuleType, body: bytes) -> Answer:
    return status, [("Content-Type", encoding.CONTENT_TYPE)], body
