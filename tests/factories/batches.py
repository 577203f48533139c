"""Batches of events as a step of the writer sees them."""

import json
from typing import Any

from apps.ingest.batch import EventBatch


def make_batch(
    *properties: dict[str, Any], project_id: int = 0, event: str = "asked", ip: str = "", user_agent: str = ""
) -> EventBatch:
    """Make a batch of one event for each set of properties, ready for the steps.

    Project 0 has no rules of its own, and needs no database.
    """
    count = len(properties)
    batch = EventBatch(
        project_ids=[project_id] * count,
        uuids=[f"018f0000-0000-7000-8000-{row:012x}" for row in range(count)],
        events=[event] * count,
        distinct_ids=["ada"] * count,
        person_ids=[""] * count,
        timestamps_us=[1_750_000_000_000_000 + row for row in range(count)],
        received_us=[1_750_000_000_500_000] * count,
        properties=[json.dumps(item).encode() for item in properties],
        entries=["1-0"] * count,
        ips=[ip] * count,
        user_agents=[user_agent] * count,
    )
    batch.look()
    return batch


def read_batch(batch: EventBatch) -> list[dict[str, Any]]:
    """Give the properties of each event once all changes are written."""
    batch.change_properties()
    return [json.loads(text) for text in batch.properties]
