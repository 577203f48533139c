"""The capture endpoints, as WSGI in front of Django.

They are the hot path: Django's request object, middleware and signals cost three times what taking a small event
costs, and nothing of them is needed, since there is no session, no form and no redirect here. Success is exactly 200,
because official SDKs resend after anything else; the answer never redirects, with or without trailing slash.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import structlog
from django.db import DatabaseError, close_old_connections

from apps.common.errors import DomainError
from apps.common.http import problem, problem_for
from apps.ingest import services
from apps.ingest.api import cors
from apps.ingest.bounds import bounds
from apps.ingest.errors import LogUnavailableError, MalformedPayloadError
from apps.ingest.protocols.encoding import Packed, too_large

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CAPTURE_PATHS: Final = ("/batch", "/e", "/i/v0/e", "/capture")

_METHODS: Final = "GET, POST, OPTIONS"
_OK: Final = b'{"status": "Ok"}'
_JSON: Final = ("Content-Type", "application/json")
_QUERY_FIELDS: Final = 32
_PIECE: Final = 1 << 18
_DISCARD_TIMES: Final = 4
"""How many times the bound of a body is still read, and thrown away, so that its sender learns why."""

Take = Callable[[services.Capture], object]
Answer = tuple[int, list[tuple[str, str]], bytes]

log = structlog.get_logger(__name__)


class CaptureDoor:
    """Answers the capture endpoints and hands everything else to Django."""

    def __init__(self, inside: "WSGIApplication", take: Take = services.capture) -> None:
        """Name what stands behind the door, and what takes in the events that come through it."""
        self._inside = inside
        self._take = take
        self._paths = frozenset(path + slash for path in CAPTURE_PATHS for slash in ("", "/"))

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request."""
        if environ["PATH_INFO"] not in self._paths:
            return self._inside(environ, start_response)
        status, headers, body = _answer(environ, self._take)
        headers += cors.headers(environ)
        headers.append(("Content-Length", str(len(body))))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]


def _answer(environ: "WSGIEnvironment", take: Take) -> Answer:
    method = environ["REQUEST_METHOD"]
    if method == "OPTIONS":
        return 204, [], b""
    if method not in {"POST", "GET"}:
        return 405, [("Allow", _METHODS)], b""
    try:
        take(_read(environ))
    except DomainError as exc:
        return _refusal(exc)
    except DatabaseError as exc:
        log.warning("capture.database_away", reason=str(exc))
        return _refusal(LogUnavailableError("The database is away."))
    except Exception:
        log.exception("capture.failed", path=environ["PATH_INFO"])
        answer = problem(500, "error", "Something went wrong on the server.")
        return 500, [("Content-Type", answer["Content-Type"])], answer.content
    finally:
        close_old_connections()
    return 200, [_JSON], _OK


def _refusal(error: DomainError) -> Answer:
    answer = problem_for(error)
    assert answer is not None  # noqa: S101 - there is one for every DomainError; this tells mypy
    headers = [("Content-Type", answer["Content-Type"])]
    if isinstance(error, LogUnavailableError):
        headers.append(("Retry-After", str(error.retry_after)))
    return error.status, headers, answer.content


def _read(environ: "WSGIEnvironment") -> services.Capture:
    query = _query(environ.get("QUERY_STRING", ""))
    data = query.get("data", "")
    packed = Packed(
        body=data.encode(errors="replace") if data else _body(environ),
        content_encoding=environ.get("HTTP_CONTENT_ENCODING", ""),
        compression=query.get("compression", ""),
    )
    sent_at = query.get("_") or query.get("sent_at", "")
    return services.Capture(packed, path=environ["PATH_INFO"], token=query.get("token", ""), sent_at=sent_at)


def _query(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        return dict(parse_qsl(text, max_num_fields=_QUERY_FIELDS))
    except ValueError as exc:
        raise MalformedPayloadError("The query has more parameters than events need.") from exc


def _body(environ: "WSGIEnvironment") -> bytes:
    """Read the raw body, never more than the bound, whether its length was told beforehand or not."""
    limit = bounds().body_bytes
    is_chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    announced = _length(environ)
    source: Any = environ["wsgi.input"]
    try:
        if announced > limit:
            _discard(source, _DISCARD_TIMES * limit)
            raise too_large(limit)
        body: bytes = source.read(limit + 1 if is_chunked else announced)
        if len(body) > limit:
            _discard(source, _DISCARD_TIMES * limit)
            raise too_large(limit)
    except OSError as exc:
        raise MalformedPayloadError("The body could not be read to its end.") from exc
    if not is_chunked and len(body) < announced:
        raise MalformedPayloadError("The body ended before its announced length.")
    return body


def _discard(source: Any, most: int) -> None:  # noqa: ANN401 - WSGI's input has no type of its own
    """Read on without keeping anything: a sender that is still sending does not see an answer."""
    while most > 0 and (piece := source.read(min(most, _PIECE))):
        most -= len(piece)


def _length(environ: "WSGIEnvironment") -> int:
    try:
        return max(0, int(environ.get("CONTENT_LENGTH") or 0))
    except ValueError as exc:
        raise MalformedPayloadError("The Content-Length is no number.") from exc
