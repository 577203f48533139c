"""The capture endpoints: plain Django views, since they are the hot path.

They neither redirect nor let Django parse the body, and answer exactly 200 on success, because official SDKs resend
after anything else.
"""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.common.errors import DomainError
from apps.common.http import problem_for
from apps.ingest import services
from apps.ingest.api.cors import allow_origin
from apps.ingest.bounds import bounds
from apps.ingest.errors import LogUnavailableError, MalformedPayloadError
from apps.ingest.protocols.encoding import Packed, too_large

_OK: Final = b'{"status": "Ok"}'


@csrf_exempt
def capture(request: HttpRequest) -> HttpResponse:
    """Take events (POST, or GET with `data`), or tell a browser that it may (OPTIONS)."""
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
    elif request.method in {"POST", "GET"}:
        response = _capture(request)
    else:
        response = HttpResponse(status=405, headers={"Allow": "GET, POST, OPTIONS"})
    allow_origin(request, response)
    return response


def _capture(request: HttpRequest) -> HttpResponse:
    try:
        services.capture(_read(request))
    except DomainError as exc:
        response = problem_for(exc) or HttpResponse(status=exc.status)
        if isinstance(exc, LogUnavailableError):
            response.headers["Retry-After"] = str(exc.retry_after)
        return response
    return HttpResponse(_OK, content_type="application/json")


def _read(request: HttpRequest) -> services.Capture:
    headers = request.META
    query = request.GET if headers.get("QUERY_STRING") else {}
    data = query.get("data", "")
    packed = Packed(
        body=data.encode(errors="replace") if data else _body(request),
        content_encoding=headers.get("HTTP_CONTENT_ENCODING", ""),
        compression=query.get("compression", ""),
    )
    sent_at = query.get("_") or query.get("sent_at", "")
    return services.Capture(packed, path=request.path, token=query.get("token", ""), sent_at=sent_at)


def _body(request: HttpRequest) -> bytes:
    """Read the raw body, never more than the bound, whether its length was told beforehand or not."""
    limit = bounds().body_bytes
    try:
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            body: bytes = request.META["wsgi.input"].read(limit + 1)
        else:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
            if length > limit:
                raise too_large(limit)
            body = request.read(length)
            if len(body) < length:
                raise MalformedPayloadError("The body ended before its announced length.")
    except ValueError as exc:
        raise MalformedPayloadError("The Content-Length is no number.") from exc
    except OSError as exc:
        raise MalformedPayloadError("The body could not be read to its end.") from exc
    if len(body) > limit:
        raise too_large(limit)
    return body
