"""What a project has sent, asked of the events themselves; bounded, so that looking around stays cheap. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from apps.catalog.contracts import SeenEvent, SeenValue
from apps.catalog.filters.binding import Bindings
from apps.clickhouse.properties import property_text
from apps.clickhouse.statement import Statement
from apps.clickhouse.tables import EVENTS

_FROM: Final = f"FROM {EVENTS}"

MAX_NAMES: Final = 1000
MAX_VALUES: Final = 100
SAMPLED_EVENTS: Final = 60
"""Of how many event names properties are looked at, the commonest first."""

SAMPLE_PER_EVENT: Final = 300
SAMPLE_OF_VALUES: Final = 200_000


def build_event_names(project_id: int, since: datetime) -> Statement:
    """Ask which events came since a moment."""
    return Statement(
        f"SELECT event, count() AS events, max(timestamp) AS last_seen {_FROM}\n"
        "WHERE project_id = %(project_id)s AND timestamp >= %(since)s\n"
        "GROUP BY event ORDER BY events DESC, event LIMIT %(most)s",
        {"project_id": project_id, "since": since, "most": MAX_NAMES},
    )


def decode_event_names(rows: Sequence[Mapping[str, Any]]) -> list[SeenEvent]:
    """Read the events by column name."""
    return [SeenEvent(row["event"], row["events"], row["last_seen"].replace(tzinfo=UTC)) for row in rows]


def build_property_names(project_id: int, events: Sequence[str], since: datetime) -> Statement:
    """Ask which property paths a sample of each event carries."""
    bindings = Bindings(project_id)
    first, most = bindings.bind(since), bindings.bind(SAMPLE_PER_EVENT)
    samples = [
        f"(SELECT properties {_FROM}\nWHERE project_id = %(project_id)s AND event = {bindings.bind(event)}"
        f" AND timestamp >= {first} LIMIT {most})"
        for event in events
    ]
    union = "\nUNION ALL\n".join(samples)
    return Statement(f"SELECT distinctJSONPaths(properties) AS paths\nFROM (\n{union}\n)", bindings.values)


def decode_property_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Read the property names: the first part of each path, with escaped dots back in place.

    A property without a name is left out: no filter or breakdown can name it.
    """
    paths = rows[0]["paths"] if rows else []
    names = {path.split(".")[0].replace("%2E", ".") for path in paths} - {""}
    return sorted(names, key=lambda name: (name.lower(), name))


def build_property_values(
    project_id: int, key: str, *, event: str | None, search: str | None, since: datetime
) -> Statement:
    """Ask for the commonest values of a property in a sample of recent events."""
    bindings = Bindings(project_id)
    where = ["project_id = %(project_id)s", f"timestamp >= {bindings.bind(since)}", "value IS NOT NULL"]
    if event:
        where.append(f"event = {bindings.bind(event)}")
    if search:
        where.append(f"positionCaseInsensitiveUTF8(value, {bindings.bind(search)}) > 0")
    return Statement(
        f"SELECT assumeNotNull(value) AS text, count() AS events\n"
        f"FROM (SELECT {property_text(key)} AS value {_FROM}\n"
        f"WHERE {' AND '.join(where)} LIMIT {bindings.bind(SAMPLE_OF_VALUES)})\n"
        f"GROUP BY value ORDER BY events DESC, text LIMIT {bindings.bind(MAX_VALUES)}",
        bindings.values,
    )


def decode_property_values(rows: Sequence[Mapping[str, Any]]) -> list[SeenValue]:
    """Read the values by column name."""
    return [SeenValue(row["text"], row["events"]) for row in rows]
