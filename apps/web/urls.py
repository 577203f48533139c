"""Addresses of the pages."""

from django.urls import include, path

from apps.web.pages import home, password, projects, settings

app_name = "web"

project_pages = [
    path("", home.home, name="home"),
    path("settings/", settings.project, name="settings"),
    path("settings/token/", settings.reset_token, name="reset_token"),
    path("settings/members/", settings.members, name="members"),
    path("settings/members/<int:membership_id>/", settings.change_member, name="change_member"),
    path("settings/keys/", settings.keys, name="keys"),
    path("settings/keys/<int:key_id>/revoke/", settings.revoke_key, name="revoke_key"),
    path("settings/audit/", settings.audit, name="audit"),
]

urlpatterns = [
    path("", projects.start, name="start"),
    path("projects/new/", projects.new_project, name="new_project"),
    path("projects/<int:project_id>/", include(project_pages)),
    path("set-password/<str:uid>/<str:token>/", password.set_password, name="set_password"),
]
