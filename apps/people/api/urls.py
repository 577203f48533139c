"""Paths below `/api/projects/{project_id}/`."""

from django.urls import path

from apps.people.api import views

_PROJECT = "api/projects/<str:project_id>"

urlpatterns = [
    path(f"{_PROJECT}/persons/", views.PersonsView.as_view(), name="persons"),
    path(f"{_PROJECT}/persons/deletions/<str:deletion_id>/", views.DeletionView.as_view(), name="person-deletion"),
    path(f"{_PROJECT}/persons/<str:person_id>/", views.PersonView.as_view(), name="person"),
    path(f"{_PROJECT}/groups/", views.GroupsView.as_view(), name="groups"),
    path(f"{_PROJECT}/groups_types/", views.GroupTypesView.as_view(), name="group-types"),
]
