"""Paths below `/api/projects/{project_id}/`."""

from django.urls import path

from apps.catalog.api import views

_PROJECT = "api/projects/<str:project_id>"

urlpatterns = [
    path(f"{_PROJECT}/event_definitions/", views.EventDefinitionsView.as_view(), name="event-definitions"),
    path(
        f"{_PROJECT}/event_definitions/<str:definition_id>/",
        views.EventDefinitionView.as_view(),
        name="event-definition",
    ),
    path(f"{_PROJECT}/property_definitions/", views.PropertyDefinitionsView.as_view(), name="property-definitions"),
    path(
        f"{_PROJECT}/property_definitions/<str:definition_id>/",
        views.PropertyDefinitionView.as_view(),
        name="property-definition",
    ),
    path(f"{_PROJECT}/events/values/", views.PropertyValuesView.as_view(), name="property-values"),
]
