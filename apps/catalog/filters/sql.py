"""The SQL reading of the filter language, as conditions over the events table.

Properties of an event are read where they are. What belongs to a person, a group or a session is asked of their own
rows: `person_id IN (those who pass)`, or `NOT IN (those who fail)` when somebody without properties passes. So a
filter needs no join, works inside any question, and filters that look at the same rows share one subquery.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from apps.catalog.filters import places
from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.comparing import Value, compare, json_value
from apps.catalog.filters.elements import PATTERNS
from apps.catalog.filters.match import NOBODY, matches
from apps.catalog.filters.operators import NEGATED, Operator, Source
from apps.catalog.filters.schema import Filter, FilterGroup, PropertyFilter, leaves
from apps.clickhouse.properties import property_text
from apps.clickhouse.tables import PERSON_OVERRIDES

ALWAYS: Final = "true"

_Rows = tuple[Source, int | None]
"""Whose rows a filter looks at: persons, groups of one type, or sessions."""

_APART: Final = frozenset({Source.PERSON, Source.GROUP, Source.SESSION})


def condition(node: Filter, bindings: Bindings) -> str:
    """Write a filter as an SQL condition that is true or false for every event, never NULL."""
    rows = _rows_of(node)
    if rows is not None:
        return _among(node, rows, bindings)
    if isinstance(node, PropertyFilter):
        return _of_event(node, bindings)
    parts = [condition(child, bindings) for child in _gathered(node)]
    if not parts:
        return ALWAYS
    return f"({(' AND ' if node.is_all else ' OR ').join(parts)})"


def _rows_of(node: Filter) -> _Rows | None:
    """Say whose rows all of a filter looks at; None when they are the event's own, or of several kinds."""
    found = {(leaf.source, leaf.group_index) for leaf in leaves(node)}
    rows = next(iter(found)) if len(found) == 1 else None
    return rows if rows is not None and rows[0] in _APART else None


def _gathered(group: FilterGroup) -> list[Filter]:
    """List the filters of a group, those that look at the same rows as one."""
    together: dict[_Rows, list[Filter]] = {}
    found: list[Filter | _Rows] = []
    for child in group.filters:
        rows = _rows_of(child)
        if rows is None:
            found.append(child)
            continue
        if rows not in together:
            found.append(rows)
        together.setdefault(rows, []).append(child)
    return [FilterGroup(group.is_all, tuple(together[one])) if isinstance(one, tuple) else one for one in found]


def _among(node: Filter, rows: _Rows, bindings: Bindings) -> str:
    """Ask whether what the event belongs to is among those who pass."""
    source, index = rows
    passes_without = matches(node, NOBODY)
    if source is Source.SESSION:
        key, place = places.SESSION, places.sessions(tuple(sorted({leaf.key for leaf in leaves(node)})), bindings)
    elif source is Source.GROUP:
        key, place = places.group_key(index or 0), places.groups(index or 0)
    else:
        key, place = "person_id", places.persons()
    inside = _inside(node, bindings)
    wanted = f"NOT {inside}" if passes_without else inside
    among = f"{key} GLOBAL IN (SELECT {place.key}\n{place.rows} AND {wanted})"
    if source is Source.PERSON and bindings.has_merges:
        among = f"({among} OR {key} GLOBAL IN ({places.merged_into(place, wanted)}))"
    return f"NOT ({among})" if passes_without else f"({among})"


def _inside(node: Filter, bindings: Bindings) -> str:
    """Write a filter as a condition over the rows it looks at."""
    if isinstance(node, PropertyFilter):
        return f"({compare(node, places.value_in(node.source, node.key), bindings)})"
    parts = [_inside(child, bindings) for child in node.filters]
    if not parts:
        return ALWAYS
    return f"({(' AND ' if node.is_all else ' OR ').join(parts)})"


def _of_event(node: PropertyFilter, bindings: Bindings) -> str:
    if node.source is Source.ELEMENT:
        return _of_elements(node, bindings)
    if node.source is Source.METADATA and node.key == "person_id":
        return _of_person(node, bindings)
    value = _METADATA[node.key]() if node.source is Source.METADATA else json_value(node.key)
    return compare(node, value, bindings)


def _of_elements(node: PropertyFilter, bindings: Bindings) -> str:
    """Ask whether any element that was clicked on is so, or for the negated operators that none is."""
    chain = f"ifNull({property_text('$elements_chain')}, '')"
    found = f"extractAll({chain}, {bindings.bind(PATTERNS[node.key])})"
    positive = NEGATED.get(node.operator, node.operator)
    if positive is Operator.IS_SET:
        some = f"notEmpty({found})"
    else:
        inside = compare(_with_operator(node, positive), Value("element", "toFloat64OrNull(element)", ALWAYS), bindings)
        plain = f"arrayMap(raw -> replaceAll(replaceAll(raw, '\\\\\"', '\"'), '\\\\\\\\', '\\\\'), {found})"
        some = f"arrayExists(element -> {inside}, {plain})"
    return f"NOT {some}" if node.operator in NEGATED else some


def _of_person(node: PropertyFilter, bindings: Bindings) -> str:
    """Compare the id of the person, or of the one they were merged into."""
    positive = _with_operator(node, NEGATED.get(node.operator, node.operator))
    own = compare(positive, Value.of_text("toString(person_id)"), bindings)
    if bindings.has_merges:
        merged = f"FROM {PERSON_OVERRIDES} FINAL WHERE {places.IN_PROJECT}"
        own = (
            f"(({own} AND person_id GLOBAL NOT IN (SELECT old_person_id {merged}))"
            f" OR person_id GLOBAL IN (SELECT old_person_id {merged} AND {own}))"
        )
    return f"NOT {own}" if node.operator in NEGATED else own


def _with_operator(node: PropertyFilter, operator: Operator) -> PropertyFilter:
    return replace(node, operator=operator)


_METADATA: Final[dict[str, Callable[[], Value]]] = {
    "event": lambda: Value.of_text("toString(event)"),
    "distinct_id": lambda: Value.of_text("distinct_id"),
    "uuid": lambda: Value.of_text("toString(uuid)"),
    "timestamp": lambda: Value(
        "toString(timestamp)",
        "toUnixTimestamp64Micro(timestamp) / 1000000",
        ALWAYS,
        "toUnixTimestamp64Micro(timestamp)",
    ),
}
