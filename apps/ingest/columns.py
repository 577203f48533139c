"""A batch of events as the packed columns of `events`, so that ClickHouse has nothing left to convert.

Converting properties from text costs the engine more than everything else that happens to an event; see
docs/decisions/0011-native-inserts.md.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from apps.clickhouse.native.block import Block
from apps.clickhouse.native.reader import Objects, Reader, Split
from apps.clickhouse.native.values import few_texts, numbers, texts, uuids
from apps.ingest import properties
from apps.ingest.batch import REMOVED, EventBatch

_READER: Final = Reader()
_MARK: Final = type(REMOVED)
"""No value of JSON is of this type."""


def split(events: EventBatch) -> Split:
    """Read the properties of events, changes of the steps included; those of one kind probably resemble each other."""
    kinds = list(zip(events.project_ids, events.events, strict=True))
    if not any(events.changes):
        return _READER.read(kinds, Objects(events.properties))
    texts, changes = list(events.properties), list(events.changes)
    if _MARK in set(map(type, chain.from_iterable(map(dict.values, filter(None, changes))))):
        for row, change in enumerate(changes):
            # What goes is often what could be no column: long conversations.
            if change is not None and REMOVED in change.values():
                texts[row], changes[row] = events.text(row), None
    return _READER.read(kinds, Objects(texts, changes, properties.change))


def block(events: EventBatch, found: Split) -> Block:
    """Pack the events whose properties became a column; raises ValueError or OverflowError for odd values."""
    take = _taking(found.rows)
    return Block(
        len(found.rows),
        {
            "project_id": [numbers("Q", take(events.project_ids))],
            "uuid": [uuids(take(events.uuids))],
            "event": [few_texts(take(events.events))],
            "distinct_id": [texts(take(events.distinct_ids))],
            "person_id": [uuids(take(events.person_ids))],
            "timestamp": [numbers("q", take(events.timestamps_us))],
            "received_at": [numbers("q", take(events.received_us))],
            "properties": found.column.finish(),
            "entry": [texts(take(events.entries))],
        },
    )


def _taking(rows: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Give the function that takes these rows out of a column; many at once, so that no loop is left to Python."""
    if len(rows) > 1:
        return itemgetter(*rows)
    return lambda column: [column[row] for row in rows]
