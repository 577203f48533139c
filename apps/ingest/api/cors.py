"""Cross-origin headers of the capture endpoints: any page may send events with a project key."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_HEADERS: Final = "Content-Type, Content-Encoding, X-PostHog-Distinct-Id, X-PostHog-Session-Id"


def headers(environ: "WSGIEnvironment") -> list[tuple[str, str]]:
    """Mirror the page's origin and the headers it asked for; a request without origin needs nothing."""
    origin = environ.get("HTTP_ORIGIN")
    if not origin:
        return []
    allowed = [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Vary", "Origin"),
    ]
    if environ["REQUEST_METHOD"] == "OPTIONS":
        allowed += [
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
            ("Access-Control-Allow-Headers", environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS") or _HEADERS),
            ("Access-Control-Max-Age", "86400"),
        ]
    return allowed
