"""REST doors of ingest; the capture endpoints stand before Django, in `door.py`."""

from django.urls import URLPattern, path

from apps.ingest.api.dead_letters import DeadLetterReplayView, DeadLettersView
from apps.ingest.api.ingestion import IngestionStoredView, IngestionUsageView, IngestionView

urlpatterns: list[URLPattern] = [
    path("projects/<str:project_id>/dead_letters/", DeadLettersView.as_view(), name="dead-letters"),
    path("projects/<str:project_id>/dead_letters/replay/", DeadLetterReplayView.as_view(), name="dead-letter-replay"),
    path("projects/<str:project_id>/ingestion/", IngestionView.as_view(), name="ingestion"),
    path("projects/<str:project_id>/ingestion/usage/", IngestionUsageView.as_view(), name="ingestion-usage"),
    path("projects/<str:project_id>/ingestion/stored/", IngestionStoredView.as_view(), name="ingestion-stored"),
]
