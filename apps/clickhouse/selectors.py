"""Reads about the tables themselves that several apps need."""

from collections.abc import Sequence

from apps.clickhouse import client
from apps.clickhouse.statement import Statement


def list_written(entries: Sequence[str]) -> set[tuple[str, str]]:
    """Say which events of these log entries are in `events`: (entry, canonical uuid).

    The writer asks it about entries it was handed a second time, before it writes what is missing. Cheap: a bloom
    filter on `entry` skips what cannot hold them.
    """
    if not entries:
        return set()
    statement = Statement.unscoped(
        "SELECT entry, toString(uuid) FROM events WHERE entry IN %(entries)s",
        {"entries": tuple(entries)},
        {"max_result_rows": 0},
    )
    return {(entry, uuid) for entry, uuid in client.run(statement, tag="ingest.list_written").rows}
