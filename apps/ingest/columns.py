"""A batch of events as the packed columns of `events`, so that ClickHouse has nothing left to convert.

Converting properties from text costs the engine more than everything else that happens to an event; see
docs/decisions/0011-native-inserts.md.
"""

from typing import Final

from apps.clickhouse.native.block import Block
from apps.clickhouse.native.reader import Reader, Split
from apps.clickhouse.native.values import few_texts, numbers, texts, uuids
from apps.ingest.batch import EventBatch

_READER: Final = Reader()


def split(events: EventBatch) -> Split:
    """Read the properties of events; those of one project and name probably resemble each other."""
    return _READER.read(list(zip(events.project_ids, events.events, strict=True)), events.properties)


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
