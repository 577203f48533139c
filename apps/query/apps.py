"""Registers the app with Django."""

from django.apps import AppConfig


class QueryConfig(AppConfig):
    """The query app; its label names its tables, once it has some, `query_*`."""

    name = "apps.query"
    label = "query"
