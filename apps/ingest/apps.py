"""Registers the app with Django."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """The ingest app; it has commands and no tables in the relational database."""

    name = "apps.ingest"
    label = "ingest"
