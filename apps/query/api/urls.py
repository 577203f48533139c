"""Paths below `/api/projects/{project_id}/`; each with and without the last slash."""

from django.urls import re_path

from apps.query.api.views import EventListView, QueryView

urlpatterns = [
    re_path(r"^api/projects/(?P<project_id>[^/]+)/query/?$", QueryView.as_view(), name="query"),
    re_path(r"^api/projects/(?P<project_id>[^/]+)/events/?$", EventListView.as_view(), name="events"),
]
