"""Every door of the web process, one include per app."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("apps.web.login_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("", include("apps.catalog.api.urls")),
    path("", include("apps.people.api.urls")),
    path("", include("apps.query.api.urls")),
    path("api/", include("apps.accounts.api.urls")),
    path("api/", include("apps.ingest.api.urls")),
    path("api/", include("apps.llm.api.urls")),
    path("", include("apps.web.urls")),
]

handler400 = "apps.common.http.bad_request"
handler403 = "apps.common.http.permission_denied"
handler404 = "apps.common.http.not_found"
handler500 = "apps.common.http.server_error"
