"""A batch of events as the packed columns of `events`, so that ClickHouse has nothing left to convert.

Converting properties from text costs the engine more than everything else that happens to an event; see
docs/decisions/0011-native-inserts.md.
"""

from typing import Final

from apps.clickhouse.native.block import Block
from apps.clickhouse.native.reader import Objects, Reader, Split
from apps.clickhouse.native.values import few_texts, numbers, texts, uuids
from apps.ingest import properties
from apps.ingest.batch import REMOVED, EventBatch

_READER: Final = Reader()


def split(events: EventBatch) -> Split:
    """Read the properties of events, changes of the steps included; those of one kind probably resemble each other."""
    kinds = list(zip(events.project_ids, events.events, strict=True))
    if not any(events.changes):
        return _READER.read(kinds, Objects(events.properties))
    texts, changes = list(events.properties), list(events.changes)
    for row, change in enumerate(changes):
        # What goes is often what could be no column: long conversations.
        if change is not None and REMOVED in change.values():
            texts[row], changes[row] = events.text(row), None
    return _READER.read(kinds, Objects(texts, changes, properties.change))


def block(events: EventBatch, found: Split) -> Block:
    """Pack the events whose properties became a column; raises ValueError or OverflowError for odd values."""
    rows = found.rows
    return Block(
        len(rows),
        {
            "project_id": [numbers("Q", [events.project_ids[row] for row in rows])],
            "uuid": [uuids([events.uuids[row] for row in rows])],
            "event": [few_texts([events.events[row] for row in rows])],
            "distinct_id": [texts([events.distinct_ids[row] for row in rows])],
            "person_id": [uuids([events.person_ids[row] for row in rows])],
            "timestamp": [numbers("q", [events.timestamps_us[row] for row in rows])],
            "received_at": [numbers("q", [events.received_us[row] for row in rows])],
            "properties": found.column.finish(),
            "entry": [texts([events.entries[row] for row in rows])],
        },
    )
