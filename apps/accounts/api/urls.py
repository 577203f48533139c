"""Doors of accounts below `/api/`."""

from django.urls import path

from apps.accounts.api import organizations, projects, users

urlpatterns = [
    path("organizations/", organizations.OrganizationsView.as_view()),
    path("organizations/<str:organization_id>/", organizations.OrganizationView.as_view()),
    path("organizations/<str:organization_id>/projects/", projects.OrganizationProjectsView.as_view()),
    path("organizations/<str:organization_id>/members/", organizations.MembersView.as_view()),
    path("organizations/<str:organization_id>/members/<str:user_id>/", organizations.MemberView.as_view()),
    path("organizations/<str:organization_id>/audit_log/", organizations.AuditLogView.as_view()),
    path("projects/", projects.ProjectsView.as_view()),
    path("projects/<str:project_id>/", projects.ProjectView.as_view()),
    path("projects/<str:project_id>/reset_token/", projects.ProjectTokenView.as_view()),
    path("users/@me/", users.MeView.as_view()),
    path("users/set_password/", users.SetPasswordView.as_view()),
    path("personal_api_keys/", users.PersonalKeysView.as_view()),
    path("personal_api_keys/<str:key_id>/", users.PersonalKeyView.as_view()),
]
