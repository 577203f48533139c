"""Paths below `/api/projects/{project_id}/`."""

from django.urls import path

from apps.query.api.views import EventListView, QueryView

urlpatterns = [
    path("api/projects/<str:project_id>/query/", QueryView.as_view(), name="query"),
    path("api/projects/<str:project_id>/events/", EventListView.as_view(), name="events"),
]
