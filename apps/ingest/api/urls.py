"""The public capture endpoints, each with and without trailing slash since a redirect would lose the body."""

from django.urls import URLPattern, path

from apps.ingest.api.dead_letters import DeadLettersView
from apps.ingest.api.views import capture

CAPTURE_PATHS = ("batch", "e", "i/v0/e", "capture")

urlpatterns: list[URLPattern] = [
    *(path(f"{address}{slash}", capture) for address in CAPTURE_PATHS for slash in ("/", "")),
    path("api/projects/<str:project_id>/dead_letters/", DeadLettersView.as_view(), name="dead-letters"),
]
