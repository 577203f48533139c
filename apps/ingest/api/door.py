"""The public endpoints of ingest, as WSGI in front of Django.

They are the hot path: Django's request object, middleware and signals cost three times what taking a small event
costs, and nothing of them is needed, since there is no session, no form and no redirect here. Success is exactly 200,
because official SDKs resend after anything else; the answer never redirects, with or without trailing slash.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from django.db import close_old_connections

from apps.ingest.api import ai_parts, analytics_events, capture, cors, otlp, remote_config
from apps.ingest.api.answers import Answer, Handler, known, refusal
from apps.ingest.api.arrival import Arrival

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_GET_AND_POST: Final = ("GET", "POST")
_POST: Final = ("POST",)
_GET: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers at an address, and to which methods; OPTIONS is answered for all."""

    handle: Handler
    methods: tuple[str, ...] = _GET_AND_POST


EVENTS: Final = Route(capture.events)

ROUTES: Final[Mapping[str, Route]] = {
    "/batch": EVENTS,
    "/e": EVENTS,
    "/i/v0/e": EVENTS,
    "/capture": EVENTS,
    "/track": EVENTS,
    "/engage": Route(capture.person_updates),
    "/i/v0/ai/batch": EVENTS,
    "/s": Route(capture.recordings),
    "/i/v0/ai": Route(ai_parts.event_in_parts, _POST),
    "/i/v1/analytics/events": Route(analytics_events.events, _POST),
    "/flags": Route(remote_config.flags),
    "/decide": Route(remote_config.flags),
    "/api/surveys": Route(remote_config.surveys, _GET),
    "/api/early_access_features": Route(remote_config.early_access_features, _GET),
    "/api/web_experiments": Route(remote_config.web_experiments, _GET),
    **dict.fromkeys(otlp.PATHS, Route(otlp.export, _POST)),
}
"""By path, without the trailing slash that each may have."""

CONFIG: Final = Route(remote_config.config, _GET)


class CaptureDoor:
    """Answers the public endpoints and hands everything else to Django."""

    def __init__(self, inside: "WSGIApplication", routes: Mapping[str, Route] = ROUTES) -> None:
        """Name what stands behind the door, and who answers at which path before it."""
        self._inside = inside
        self._routes = dict(routes) | {f"{path}/": route for path, route in routes.items()}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request."""
        path = environ["PATH_INFO"]
        route = self._routes.get(path)
        if route is None:
            if not path.startswith(remote_config.PREFIX):
                return self._inside(environ, start_response)
            route = CONFIG
        status, headers, body = _answer(route, Arrival(environ))
        # The list may be a handler's own, given out again and again.
        headers = [*headers, *cors.headers(environ), ("Content-Length", str(len(body)))]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _answer(route: Route, arrival: Arrival) -> Answer:
    if arrival.method == "OPTIONS":
        return 204, [], b""
    if arrival.method not in route.methods:
        return 405, [("Allow", ", ".join((*route.methods, "OPTIONS")))], b""
    try:
        return route.handle(arrival)
    except Exception as exc:  # noqa: BLE001 - what it amounts to is told apart there, and logged
        return refusal(known(exc, arrival.path))
    finally:
        close_old_connections()
