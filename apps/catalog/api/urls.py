"""Paths below `/api/projects/{project_id}/`."""

from django.urls import path

from apps.catalog.api.views import EventDefinitionsView, PropertyDefinitionsView, PropertyValuesView

urlpatterns = [
    path("api/projects/<str:project_id>/event_definitions/", EventDefinitionsView.as_view(), name="event-definitions"),
    path(
        "api/projects/<str:project_id>/property_definitions/",
        PropertyDefinitionsView.as_view(),
        name="property-definitions",
    ),
    path("api/projects/<str:project_id>/events/values/", PropertyValuesView.as_view(), name="property-values"),
]
