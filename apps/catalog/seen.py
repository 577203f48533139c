"""Questions to the tables of what was seen, which are small however many events a project has. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from apps.catalog.contracts import Carrier, PropertyDefinition, PropertyType, Scope
from apps.catalog.filters.binding import Bindings
from apps.catalog.sightings import Known
from apps.clickhouse.statement import Statement
from apps.clickhouse.tables import EVENTS, SEEN_EVENTS, SEEN_PROPERTIES

MOST_CARRIERS: Final = 200

_IN_PROJECT: Final = "WHERE project_id = %(project_id)s"
_FROM_EVENTS: Final = f"FROM {EVENTS} FINAL {_IN_PROJECT}"
_FROM_SEEN_EVENTS: Final = f"FROM {SEEN_EVENTS} {_IN_PROJECT}"
_FROM_SEEN_PROPERTIES: Final = f"FROM {SEEN_PROPERTIES} {_IN_PROJECT}"


def event_id(project_id: int, name: str) -> str:
    """Give the id of an event's definition: always the same, without anything having been stored."""
    return str(uuid5(NAMESPACE_URL, f"baleen:{project_id}:event:{name}"))


def property_id(project_id: int, scope: Scope, group_type: str, name: str) -> str:
    """Give the id of a property's definition."""
    return str(uuid5(NAMESPACE_URL, f"baleen:{project_id}:{scope}:{group_type!r}:{name}"))


def build_events(project_id: int) -> Statement:
    """Ask which events were ever seen."""
    return Statement(
        f"SELECT event, min(first_seen) AS first_seen, max(last_seen) AS last_seen\n{_FROM_SEEN_EVENTS} GROUP BY event",
        {"project_id": project_id},
    )


def build_volumes(project_id: int, since: datetime) -> Statement:
    """Ask how often each event came since a moment, one that was sent twice counted once."""
    return Statement(
        "SELECT event, count() AS events, max(timestamp) AS last_seen\n"
        f"{_FROM_EVENTS} AND timestamp >= %(since)s GROUP BY event",
        {"project_id": project_id, "since": since},
    )


def build_properties(project_id: int, *, scope: Scope | None = None, events: Sequence[str] = ()) -> Statement:
    """Ask which properties were ever seen, of one scope and with certain events only if that is wanted."""
    bindings = Bindings(project_id)
    where = [_FROM_SEEN_PROPERTIES]
    if scope is not None:
        where.append(f"scope = {bindings.bind(str(scope))}")
    if events:
        where.append(f"(scope != 'event' OR carrier IN {bindings.bind(tuple(events))})")
    return Statement(
        "SELECT scope, if(scope = 'group', carrier, '') AS group_type, property,\n"
        "groupUniqArray(type) AS types, argMax(type, last_seen) AS latest,\n"
        "min(first_seen) AS first, max(last_seen) AS last, uniqExact(carrier) AS carriers\n"
        f"{' AND '.join(where)}\n"
        "GROUP BY scope, group_type, property",
        bindings.values,
    )


def decode_properties(project_id: int, rows: Iterable[Mapping[str, Any]]) -> list[PropertyDefinition]:
    """Read the properties by column name."""
    return [
        PropertyDefinition(
            id=property_id(project_id, scope := Scope(row["scope"]), row["group_type"], row["property"]),
            name=row["property"],
            scope=scope,
            group_type=row["group_type"],
            type=one_type(types := tuple(sorted(map(PropertyType, row["types"]))), PropertyType(row["latest"])),
            types=types,
            first_seen=as_utc(row["first"]),
            last_seen=as_utc(row["last"]),
            event_count=row["carriers"] if scope is Scope.EVENT else 0,
        )
        for row in rows
    ]


def one_type(types: Sequence[PropertyType], latest: PropertyType) -> PropertyType:
    """Settle on one type for a property that was seen with several: text can hold all that was text once."""
    if len(types) > 1 and (PropertyType.STRING in types or PropertyType.DATETIME in types):
        return PropertyType.STRING
    return latest


def build_carriers(project_id: int, name: str) -> Statement:
    """Ask which events carry a property, the one that did last first."""
    return Statement(
        f"SELECT carrier, max(last_seen) AS last\n{_FROM_SEEN_PROPERTIES} AND scope = 'event' AND property = %(name)s\n"
        "GROUP BY carrier ORDER BY last DESC, carrier LIMIT %(most)s",
        {"project_id": project_id, "name": name, "most": MOST_CARRIERS},
    )


def decode_carriers(rows: Iterable[Mapping[str, Any]]) -> list[Carrier]:
    """Read the events by column name."""
    return [Carrier(row["carrier"], as_utc(row["last"])) for row in rows]


def build_known(project_id: int) -> Statement:
    """Ask for all names a project has, those of events under no scope."""
    return Statement(
        f"SELECT DISTINCT '' AS scope, event AS name {_FROM_SEEN_EVENTS}\n"
        f"UNION ALL SELECT DISTINCT scope, property AS name {_FROM_SEEN_PROPERTIES}",
        {"project_id": project_id},
    )


def decode_known(rows: Iterable[Mapping[str, Any]]) -> Known:
    """Read the names by column name."""
    known = Known()
    for row in rows:
        if row["scope"]:
            known.properties.add((Scope(row["scope"]), row["name"]))
        else:
            known.events.add(row["name"])
    return known


def as_utc(moment: datetime) -> datetime:
    """Give a moment of the engine its zone."""
    return moment.replace(tzinfo=UTC)
