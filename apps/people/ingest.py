"""The step people adds to the ingest pipeline: who did it."""

from apps.ingest.batch import EventBatch
from apps.people.identity import person_text_for


def resolve(batch: EventBatch) -> None:
    """Set the person of every event."""
    batch.person_ids = list(map(person_text_for, batch.project_ids, batch.distinct_ids))
