"""REST doors of ingest; the capture endpoints stand before Django, in `door.py`."""

from django.urls import URLPattern, path

from apps.ingest.api.dead_letters import DeadLettersView

urlpatterns: list[URLPattern] = [
    path("projects/<str:project_id>/dead_letters/", DeadLettersView.as_view(), name="dead-letters"),
]
