"""Paths below `/api/projects/{project_id}/llm/`."""

from django.urls import path

from apps.llm.api import views

_BELOW = "projects/<str:project_id>/llm"

urlpatterns = [
    path(f"{_BELOW}/prices/", views.PricesView.as_view(), name="llm-prices"),
    path(f"{_BELOW}/prices/<str:price_id>/", views.PriceView.as_view(), name="llm-price"),
    path(f"{_BELOW}/price_check/", views.PriceCheckView.as_view(), name="llm-price-check"),
    path(f"{_BELOW}/unpriced_models/", views.UnpricedModelsView.as_view(), name="llm-unpriced-models"),
    path(f"{_BELOW}/spend/", views.SpendView.as_view(), name="llm-spend"),
    path(f"{_BELOW}/repricings/", views.RepricingsView.as_view(), name="llm-repricings"),
    path(f"{_BELOW}/repricings/<str:repricing_id>/", views.RepricingView.as_view(), name="llm-repricing"),
]
