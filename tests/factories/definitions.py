"""What a writer noted of a project's events, put where definitions are read from."""

from collections.abc import Iterable
from datetime import UTC, datetime

from apps.clickhouse import client, tables

EARLY, LATE = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


def note_events(project_id: int, names: Iterable[str]) -> None:
    """Let events be seen, in October and again on the first of November."""
    names = list(names)
    client.insert(
        tables.SEEN_EVENTS,
        {
            "project_id": [project_id] * len(names),
            "event": names,
            "first_seen": [EARLY] * len(names),
            "last_seen": [LATE] * len(names),
        },
    )


def note_properties(project_id: int, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Let properties be seen: scope, carrier, name and type of each."""
    rows = list(rows)
    client.insert(
        tables.SEEN_PROPERTIES,
        {
            "project_id": [project_id] * len(rows),
            **dict(zip(("scope", "carrier", "property", "type"), map(list, zip(*rows, strict=True)), strict=True)),
            "first_seen": [EARLY] * len(rows),
            "last_seen": [LATE] * len(rows),
        },
    )
