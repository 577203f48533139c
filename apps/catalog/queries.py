"""What a project has sent, asked of the events themselves; bounded, so that looking around stays cheap. Pure.

Values are found like this, and the names of a project whose events no writer has passed (`seen.py` has all others).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from apps.catalog.contracts import PropertyDefinition, PropertyType, Scope, SeenValue
from apps.catalog.filters.binding import Bindings
from apps.catalog.seen import one_type, property_id
from apps.clickhouse.properties import property_text
from apps.clickhouse.statement import Statement
from apps.clickhouse.tables import EVENTS

_FROM: Final = f"FROM {EVENTS}"

_STORED_TYPES: Final = {
    "Bool": PropertyType.BOOLEAN,
    "Float64": PropertyType.NUMERIC,
    "Int64": PropertyType.NUMERIC,
    "UInt64": PropertyType.NUMERIC,
}

MAX_VALUES: Final = 100
SAMPLED_EVENTS: Final = 60
"""Of how many event names properties are looked at, the commonest first."""

SAMPLE_PER_EVENT: Final = 300
SAMPLE_OF_VALUES: Final = 200_000


def build_sampled_properties(project_id: int, events: Sequence[str], since: datetime) -> Statement:
    """Ask which property paths a sample of each event carries, and with which types."""
    bindings = Bindings(project_id)
    first, most = bindings.bind(since), bindings.bind(SAMPLE_PER_EVENT)
    samples = [
        f"(SELECT properties {_FROM}\nWHERE project_id = %(project_id)s AND event = {bindings.bind(event)}"
        f" AND timestamp >= {first} LIMIT {most})"
        for event in events
    ]
    union = "\nUNION ALL\n".join(samples)
    return Statement(f"SELECT distinctJSONPathsAndTypes(properties) AS paths\nFROM (\n{union}\n)", bindings.values)


def decode_sampled_properties(project_id: int, rows: Sequence[Mapping[str, Any]]) -> list[PropertyDefinition]:
    """Read the properties: the first part of each path, with escaped dots back in place.

    A property without a name is left out: no filter or breakdown can name it.
    """
    types: dict[str, set[PropertyType]] = {}
    for path, stored in (rows[0]["paths"] if rows else {}).items():
        name, dot, _ = path.partition(".")
        kinds = {PropertyType.OBJECT} if dot else {_type_of(kind) for kind in stored}
        types.setdefault(name.replace("%2E", "."), set()).update(kinds)
    types.pop("", None)
    return [
        PropertyDefinition(
            id=property_id(project_id, Scope.EVENT, "", name),
            name=name,
            scope=Scope.EVENT,
            group_type="",
            type=one_type(sorted(kinds), max(kinds)),
            types=tuple(sorted(kinds)),
            first_seen=None,
            last_seen=None,
            event_count=0,
        )
        for name, kinds in types.items()
    ]


def _type_of(stored: str) -> PropertyType:
    if stored.startswith("Array"):
        return PropertyType.ARRAY
    return _STORED_TYPES.get(stored, PropertyType.STRING)


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
