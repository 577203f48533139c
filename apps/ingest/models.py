"""The tables of ingest in the relational database, gathered from its rooms for Django."""

from apps.ingest.controls.models import IngestionSettings

__all__ = ["IngestionSettings"]
