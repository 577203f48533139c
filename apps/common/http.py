"""One shape for every error of the API, for Django REST framework's views and for plain ones.

A body is an RFC 9457 problem (`type`, `title`, `status`, `detail`) that also carries what PostHog's clients read
(`type`, `code`, `detail`, `attr`), so readers of either find what they look for. `attr` names the field at fault.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.request import Request

from apps.common.errors import DomainError

CONTENT_TYPE: Final = "application/problem+json"

_KINDS: Final = {401: "authentication_error", 403: "permission_error", 429: "throttled_error"}


def problem(  # noqa: PLR0913 - the members of a problem, by keyword
    status: int,
    code: str,
    detail: str,
    *,
    attr: str | None = None,
    kind: str | None = None,
    headers: dict[str, str] | None = None,
) -> JsonResponse:
    """Make an error answer."""
    fallback = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request"
    body = {
        "type": kind or _KINDS.get(status, fallback),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "attr": attr,
    }
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE, headers=headers)


def problem_for(error: Exception) -> JsonResponse | None:  # noqa: PLR0911 - one line a kind of error
    """Turn an error with a meaning outside the code into its answer; None for one without, which is our fault."""
    match error:
        case DomainError():
            kind = "validation_error" if error.status == HTTPStatus.BAD_REQUEST and error.attr else None
            return problem(error.status, error.code, error.detail, attr=error.attr, kind=kind)
        case exceptions.ValidationError():
            path, detail = next(_leaves(error.get_full_details()), ((), exceptions.ErrorDetail("Invalid input.")))
            attr = ".".join(path) or None
            return problem(400, detail.code or "invalid_input", str(detail), attr=attr, kind="validation_error")
        case exceptions.APIException():
            return _api_problem(error)
        case Http404():
            return problem(404, "not_found", "There is nothing at this address.")
        case PermissionDenied():
            return problem(403, "permission_denied", "You may not do this.")
        case BadRequest() | SuspiciousOperation():
            return problem(400, "bad_request", "The request is malformed.")
        case _:
            return None


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:  # noqa: ARG001 - DRF's signature
    """Answer an error of a REST view; what it leaves alone becomes a logged 500 that says nothing (`server_error`)."""
    return problem_for(error)


# --- Django's own error views, named in analytics/urls.py --------------------
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refused."""
    if _is_api(request):
        return problem(400, "bad_request", "The request is malformed.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that may not be made."""
    if _is_api(request):
        return problem(403, "permission_denied", "You may not do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for an address that does not exist."""
    if _is_api(request):
        return problem(404, "not_found", "There is nothing at this address.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when the fault is ours: Django has logged it, the caller learns nothing of it."""
    if _is_api(request):
        return problem(500, "error", "Something went wrong on the server.")
    return defaults.server_error(request)


def client_ip(request: HttpRequest | Request) -> str | None:
    """Name the address a request came from; behind our own proxy, the one that it saw."""
    return address_of(request.META)


def address_of(environ: Mapping[str, Any]) -> str | None:
    """Name the address a WSGI request came from; behind our own proxy, the one that it saw."""
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "") if settings.BALEEN_BEHIND_PROXY else ""
    return _canonical(forwarded.rpartition(",")[2].strip() or environ.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=4_096)
def _canonical(address: str) -> str | None:
    """Give an address in its one spelling. Remembered, as the same senders come again and again."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _api_problem(error: exceptions.APIException) -> JsonResponse:
    headers: dict[str, str] = {}
    if (challenge := getattr(error, "auth_header", None)) is not None:
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "error"
    return problem(error.status_code, code, str(error.detail), headers=headers)


def _leaves(details: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], exceptions.ErrorDetail]]:
    """Walk REST framework's nested error details, `{"field": [{"message", "code"}]}`, to each sentence and its path."""
    if isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["code"], str):
        yield path, exceptions.ErrorDetail(details["message"], details["code"])
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _leaves(inner, path if name == "non_field_errors" else (*path, str(name)))
    elif isinstance(details, list):
        for inner in details:
            yield from _leaves(inner, path)
