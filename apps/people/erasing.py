"""What a deletion does to stored events: erase them, or give them back to the person of each distinct id.

Call it under `rewriting()`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from apps.clickhouse import client, tables
from apps.clickhouse.migrator import variables
from apps.clickhouse.statement import literal
from apps.people.identity import person_text_for

_IDS_AT_ONCE: Final = 100
"""An id takes up to 800 bytes, and is named twice in a statement of at most 256 kB."""
_SECONDS: Final = 540.0


def erase_events(project_id: int, distinct_ids: Sequence[str], until: datetime) -> None:
    """Erase all that had come in under some distinct ids at a moment, wherever it is kept."""
    for ids in _chunks(distinct_ids):
        of_ids = f"project_id = {int(project_id)} AND distinct_id IN {literal(tuple(ids))}"
        then = f"received_at <= fromUnixTimestamp64Micro(toInt64({int(until.timestamp() * 1_000_000)}), 'UTC')"
        events = f"SELECT uuid FROM {tables.EVENTS} WHERE {of_ids} AND {then}"  # noqa: S608 - our own words
        # The texts have no moment of their own: those of the events that go, and before these do.
        _alter(tables.AI_TEXTS, f"DELETE WHERE {of_ids} AND event_uuid IN ({events})")
        for table, columns in tables.COLUMNS.items():
            if "distinct_id" in columns and "received_at" in columns:
                _alter(table, f"DELETE WHERE {of_ids} AND {then}")


def give_back(project_id: int, distinct_ids: Sequence[str]) -> None:
    """Name in stored events the person of each distinct id itself, as if nothing had ever been merged.

    Ids that meanwhile lead to somebody new do so by overrides, which stay until this is done (`squash.py`).
    """
    for ids in _chunks(distinct_ids):
        own = literal([person_text_for(project_id, each) for each in ids])
        person = f"toUUID(transform(distinct_id, {literal(list(ids))}, {own}, toString(person_id)))"
        of_ids = f"project_id = {int(project_id)} AND distinct_id IN {literal(tuple(ids))}"
        _alter(tables.EVENTS, f"UPDATE person_id = {person} WHERE {of_ids}")


def _alter(table: str, change: str) -> None:
    words = variables(settings.CLICKHOUSE_CLUSTER)
    client.command(
        f"ALTER TABLE {table}{words['LOCAL']} {words['ON_CLUSTER']} {change} "
        "SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1",
        timeout=_SECONDS,
    )


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _IDS_AT_ONCE] for start in range(0, len(ids), _IDS_AT_ONCE))
