"""What every page's answer carries."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

_RULES: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    # The UI kit's arrows and check marks are data: images inside its style sheet.
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
POLICY: Final = "; ".join(_RULES)
"""Content-Security-Policy level 3 (W3C): nothing inline, nothing from elsewhere."""


class ContentSecurityPolicyMiddleware:
    """Forbid scripts and styles that are not our own files, so that an escaping mistake cannot run code."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the policy to HTML; JSON answers have nothing to execute."""
        response = self._get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response
