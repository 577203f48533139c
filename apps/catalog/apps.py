"""Registers the app with Django."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """The catalog app; its label names its tables, once it has some, `catalog_*`."""

    name = "apps.catalog"
    label = "catalog"
