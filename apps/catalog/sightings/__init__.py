"""What a writer remembers of the events that passed: their names, properties and types, and when. Pure: no I/O."""

from apps.catalog.sightings.memory import Known, Limits, Rows, Sightings

__all__ = ["Known", "Limits", "Rows", "Sightings"]
