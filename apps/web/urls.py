"""Addresses of the pages."""

from django.urls import include, path

from apps.web.pages import (
    costs,
    definitions,
    funnels,
    home,
    ingestion,
    live,
    password,
    paths,
    people,
    projects,
    rejected,
    settings,
    system,
    trends,
)

app_name = "web"

project_pages = [
    path("", home.home, name="home"),
    path("waiting/", home.waiting, name="waiting"),
    path("summary/", home.summary, name="summary"),
    path("alarm/", system.alarm, name="alarm"),
    path("system/", system.system, name="system"),
    path("system/state/", system.state, name="system_state"),
    path("install/", home.install, name="install"),
    path("live/", live.live, name="live"),
    path("live/rows/", live.rows, name="live_rows"),
    path("live/<uuid:uuid>/", live.event, name="event"),
    path("people/", people.people, name="people"),
    path("people/find/", people.find, name="find_person"),
    path("people/<uuid:uuid>/", people.person, name="person"),
    path("people/<uuid:uuid>/delete/", people.delete, name="delete_person"),
    path("data/", definitions.events, name="event_definitions"),
    path("data/events/<uuid:uuid>/", definitions.event, name="event_definition"),
    path("data/properties/", definitions.properties, name="property_definitions"),
    path("data/properties/<uuid:uuid>/", definitions.property_, name="property_definition"),
    path("rejected/", rejected.rejected, name="rejected"),
    path("rejected/again/", rejected.try_again, name="try_again"),
    path("trends/", trends.trends, name="trends"),
    path("trends/result/", trends.result, name="trends_result"),
    path("funnels/", funnels.funnels, name="funnels"),
    path("funnels/result/", funnels.result, name="funnels_result"),
    path("paths/", paths.paths, name="paths"),
    path("paths/result/", paths.result, name="paths_result"),
    path("costs/", costs.costs, name="costs"),
    path("costs/result/", costs.result, name="costs_result"),
    path("costs/prices/", costs.prices, name="prices"),
    path("costs/prices/<int:price_id>/delete/", costs.delete_price, name="delete_price"),
    path("costs/again/", costs.repricings, name="repricings"),
    path("costs/again/runs/", costs.runs, name="repricing_runs"),
    path("settings/", settings.project, name="settings"),
    path("settings/token/", settings.reset_token, name="reset_token"),
    path("settings/ingestion/", ingestion.ingestion, name="ingestion"),
    path("settings/ingestion/usage/", ingestion.usage, name="ingestion_usage"),
    path("settings/ingestion/stored/", ingestion.stored, name="ingestion_stored"),
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
