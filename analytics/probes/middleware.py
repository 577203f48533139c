"""Answers /_health, /_ready and /metrics ahead of every other middleware.

A probe must not depend on allowed hosts, sessions or a login, and must cost next to nothing.
"""

import hmac
from collections.abc import Callable
from dataclasses import asdict
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from analytics.probes import metrics
from analytics.probes.components import COMPONENTS
from analytics.probes.readiness import Inspector

GetResponse = Callable[[HttpRequest], HttpResponse]


@cache
def inspector() -> Inspector:
    """Give the process's one inspector."""
    return Inspector(COMPONENTS)


def health(_request: HttpRequest) -> HttpResponse:
    """Say that the process lives, asking nobody."""
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> HttpResponse:
    """Say whether every component serves, naming each."""
    states = inspector().inspect()
    is_ready = all(state.is_ok for state in states.values())
    body = {
        "status": "ok" if is_ready else "failing",
        "components": {name: asdict(state) for name, state in states.items()},
    }
    return JsonResponse(body, status=200 if is_ready else 503)


def show_metrics(request: HttpRequest) -> HttpResponse:
    """Give the figures; to everyone, or to whoever bears BALEEN_METRICS_TOKEN when that is set."""
    token = settings.BALEEN_METRICS_TOKEN
    offered = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(offered.encode(), f"Bearer {token}".encode()):
        return HttpResponse("A bearer token is needed.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(metrics.render(inspector().inspect()), content_type=CONTENT_TYPE_LATEST)


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/_health": health,
    "/_liveness": health,
    "/_ready": ready,
    "/_readiness": ready,
    "/metrics": show_metrics,
}
PROBES |= {f"{path}/": probe for path, probe in PROBES.items()}


def answer_probes(get_response: GetResponse) -> GetResponse:
    """Take the probes' paths out of the stream of requests."""

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = probe(request)
        response["Cache-Control"] = "no-store"
        # A 503 here is an answer, not an error of ours to log at every poll of an orchestrator.
        response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001 - Django's own mark for this
        return response

    return middleware
