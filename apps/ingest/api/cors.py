"""Cross-origin headers of the public capture endpoints: any page may send events with a project key."""

from django.http import HttpRequest, HttpResponse

_METHODS = "GET, POST, OPTIONS"
_HEADERS = "Content-Type, Content-Encoding, X-PostHog-Distinct-Id, X-PostHog-Session-Id"
_DAY = "86400"


def allow_origin(request: HttpRequest, response: HttpResponse) -> None:
    """Mirror the page's origin and the headers it asked for; a request without origin needs nothing."""
    origin = request.META.get("HTTP_ORIGIN")
    if not origin:
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Allow-Credentials"] = "true"
    response.headers["Vary"] = "Origin"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = request.META.get(
            "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", _HEADERS
        )
        response.headers["Access-Control-Max-Age"] = _DAY
