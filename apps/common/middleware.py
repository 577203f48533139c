"""Django middleware that any deployment needs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class TrailingSlashMiddleware:
    """Serves REST addresses with and without their last slash, without the redirect that loses a POST's body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Resolve `/api/x` as `/api/x/`."""
        if request.path_info.startswith("/api/") and not request.path_info.endswith("/"):
            request.path_info += "/"
        return self._get_response(request)
