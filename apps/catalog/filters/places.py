"""Where the properties of persons, groups and sessions are, as SQL: their rows, and what of an event leads to them."""

from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.comparing import Value, json_value
from apps.catalog.filters.operators import Source, entry_of
from apps.clickhouse.properties import property_text
from apps.clickhouse.tables import EVENTS, GROUPS, PERSON_OVERRIDES, PERSONS

IN_PROJECT: Final = "project_id = %(project_id)s"
SESSION: Final = f"ifNull({property_text('$session_id')}, '')"
"""The session of an event; empty for none."""

LONGEST_SESSION_US: Final = 24 * 3_600 * 1_000_000
"""How far beyond the range of a question the events of a session are looked for."""

_MICROS: Final = "toUnixTimestamp64Micro"
_COUNTED: Final = {
    "$pageview_count": "$pageview",
    "$screen_count": "$screen",
    "$autocapture_count": "$autocapture",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Rows that hold properties: which column is their key, and where they come from."""

    key: str
    rows: str


def persons() -> Place:
    """Give the persons of the project as they are now."""
    return Place("person_id", f"FROM {PERSONS} FINAL\nWHERE {IN_PROJECT}")


def groups(index: int) -> Place:
    """Give the groups of one type."""
    return Place("group_key", f"FROM {GROUPS} FINAL\nWHERE {IN_PROJECT} AND group_index = {index}")


def group_key(index: int) -> str:
    """Give the expression of the group of a type that an event happened in; empty for none."""
    return f"ifNull({property_text(f'$group_{index}')}, '')"


def sessions(keys: tuple[str, ...], bindings: Bindings) -> Place:
    """Give the sessions with some of their properties, as columns named by `session_column`."""
    columns = [f"{SESSION} AS session", *(f"{_session_fact(key, bindings)} AS {session_column(key)}" for key in keys)]
    where = [IN_PROJECT, "session != ''"]
    if bindings.reach is not None:
        first = bindings.bind(bindings.reach[0] - LONGEST_SESSION_US)
        last = bindings.bind(bindings.reach[1] + LONGEST_SESSION_US)
        where.append(f"timestamp >= fromUnixTimestamp64Micro(toInt64({first}), 'UTC')")
        where.append(f"timestamp <= fromUnixTimestamp64Micro(toInt64({last}), 'UTC')")
    rows = f"SELECT {', '.join(columns)}\nFROM {EVENTS} FINAL\nWHERE {' AND '.join(where)}\nGROUP BY session"
    return Place("session", f"FROM ({rows})\nWHERE true")


def session_column(key: str) -> str:
    """Name the column of a session's property."""
    return f"session_{key.removeprefix('$')}"


def session_value(key: str) -> Value:
    """Read a property of the rows that `sessions` gives."""
    column = session_column(key)
    if key in {"$start_timestamp", "$end_timestamp"}:
        text = f"toString(fromUnixTimestamp64Micro({column}, 'UTC'))"
        return Value(text, f"toFloat64({column}) / 1000000", "true", column)
    if entry_of(key) is None:
        return Value(f"toString({column})", f"toFloat64({column})", "true")
    return Value.of_text(column)


def value_in(source: Source, key: str) -> Value:
    """Read a property of the rows of a place."""
    return session_value(key) if source is Source.SESSION else json_value(key)


def merged_into(place: Place, condition: str) -> str:
    """Select the persons that were merged into those of a place who pass a condition."""
    merged = f"FROM {PERSON_OVERRIDES} FINAL WHERE {IN_PROJECT}"
    return (
        f"SELECT old_person_id {merged} AND person_id GLOBAL IN (SELECT {place.key}\n{place.rows}"
        f" AND {place.key} GLOBAL IN (SELECT person_id {merged}) AND {condition})"
    )


def _session_fact(key: str, bindings: Bindings) -> str:
    if key == "$session_duration":
        return f"({_MICROS}(max(timestamp)) - {_MICROS}(min(timestamp))) / 1000000"
    if key in {"$start_timestamp", "$end_timestamp"}:
        return f"{_MICROS}({'min' if key == '$start_timestamp' else 'max'}(timestamp))"
    if (end := entry_of(key)) is not None:
        is_first, name = end
        text = property_text(name)
        return f"nullIf({'argMinIf' if is_first else 'argMaxIf'}({text}, (timestamp, uuid), isNotNull({text})), '')"
    return f"countIf(event = {bindings.bind(_COUNTED[key])})"
