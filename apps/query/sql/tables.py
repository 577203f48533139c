"""The logical tables SQL sees: which columns each has, and the bound subquery that stands in its place.

A subquery selects the columns the query asks for and no others, so a table costs what is read of it. Every one of
them is about one project: its number stands in each scan, and is no column anybody can name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from apps.clickhouse.properties import properties_json, property_number, property_text
from apps.clickhouse.statement import identifier, text_literal
from apps.clickhouse.tables import GROUPS, PERSON_DISTINCT_IDS, PERSONS
from apps.query.kinds.source import People, both, in_project

PERSON: Final = "person"
PROPERTIES: Final = "properties"

_FROM_PERSON: Final = "person."
"""Names of what an event knows of its person: `person.created_at`."""

PERSON_COLUMNS: Final[Mapping[str, str]] = {"id": "", "created_at": "created_at", "is_identified": "is_identified = 1"}
_EVENTS: Final[Mapping[str, str]] = {
    "uuid": "uuid",
    "event": "CAST(event, 'String')",
    PROPERTIES: properties_json(),
    "timestamp": "timestamp",
    "distinct_id": "distinct_id",
    "person_id": "",
    "created_at": "received_at",
    "$session_id": property_text("$session_id"),
    "$window_id": property_text("$window_id"),
    **{f"$group_{index}": property_text(f"$group_{index}") for index in range(5)},
}
_SESSION: Final = property_text("$session_id")
_URL: Final = property_text("$current_url")
_SESSIONS: Final[Mapping[str, str]] = {
    "session_id": _SESSION,
    "distinct_id": "argMin(distinct_id, timestamp)",
    "person_id": "",
    "$start_timestamp": "min(timestamp)",
    "$end_timestamp": "max(timestamp)",
    "$session_duration": "dateDiff('second', min(timestamp), max(timestamp))",
    "$event_count": "count()",
    "$pageview_count": "countIf(event = '$pageview')",
    "$entry_current_url": f"argMinIf({_URL}, timestamp, isNotNull({_URL}))",
    "$exit_current_url": f"argMaxIf({_URL}, timestamp, isNotNull({_URL}))",
}
_GENERATIONS: Final[Mapping[str, str]] = {
    "uuid": "uuid",
    "timestamp": "timestamp",
    "distinct_id": "distinct_id",
    "person_id": "",
    "trace_id": property_text("$ai_trace_id"),
    "span_id": property_text("$ai_span_id"),
    "parent_id": property_text("$ai_parent_id"),
    "session_id": property_text("$ai_session_id"),
    "provider": property_text("$ai_provider"),
    "model": property_text("$ai_model"),
    "input_tokens": property_number("$ai_input_tokens"),
    "output_tokens": property_number("$ai_output_tokens"),
    "input_cost_usd": property_number("$ai_input_cost_usd"),
    "output_cost_usd": property_number("$ai_output_cost_usd"),
    "total_cost_usd": property_number("$ai_total_cost_usd"),
    "latency": property_number("$ai_latency"),
    "http_status": property_number("$ai_http_status"),
    "is_error": f"ifNull({property_text('$ai_is_error')} = 'true', false)",
    "error": property_text("$ai_error"),
    PROPERTIES: properties_json(),
}
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "events": tuple(_EVENTS),
    "generations": tuple(_GENERATIONS),
    "groups": ("index", "key", "created_at", PROPERTIES),
    "person_distinct_ids": ("distinct_id", "person_id"),
    "persons": ("id", "created_at", "is_identified", PROPERTIES),
    "sessions": tuple(_SESSIONS),
}
"""Every logical table and its columns, in the order `*` gives them."""

_OF_EVENTS: Final = {"events": _EVENTS, "generations": _GENERATIONS, "sessions": _SESSIONS}
FILTERED: Final = frozenset(_OF_EVENTS)
"""Tables that `{filters}` can be about: those made of events."""


@dataclass(slots=True)
class Bound:
    """One mention of a logical table: the name it has in the query, and what the query reads of it."""

    table: str
    name: str
    wanted: dict[str, str] = field(default_factory=dict)
    """The columns it gives, each with its expression over what is stored."""
    of_person: dict[str, str] = field(default_factory=dict)
    """The same, of the persons of events."""
    is_filtered: bool = False

    @property
    def has_person(self) -> bool:
        """Whether its rows are events, which know their person."""
        return self.table in {"events", "generations"}

    def want(self, name: str) -> bool:
        """Ask for a column; False when the table has none of that name."""
        if name not in TABLES[self.table]:
            return False
        self.wanted.setdefault(name, "")
        return True

    def want_person(self, name: str) -> str:
        """Ask for a column of the event's person and give the name it will have."""
        if name == "id":
            self.want("person_id")
            return "person_id"
        self.of_person[_FROM_PERSON + name] = PERSON_COLUMNS[name]
        return _FROM_PERSON + name

    def want_property(self, path: tuple[str, ...], *, is_number: bool, is_of_person: bool = False) -> str:
        """Ask for a property, as a number or as text, and give the name it will have."""
        place = self.of_person if is_of_person else self.wanted
        expression = _property(path, is_number=is_number)
        known = next((name for name, one in place.items() if one == expression), None)
        if known is None:
            known = f"__{'person' if is_of_person else 'property'}_{len(place)}"
            place[known] = expression
        return known

    def sql(self, people: People, timezone: str, condition: str) -> str:
        """Give the subquery that stands for it, with the condition `{filters}` means when it is filtered."""
        condition = condition if self.is_filtered else "1"
        if self.table in _OF_EVENTS:
            return self._renamed(self._from_events(people, timezone, condition))
        return self._renamed(self._from_mirror(timezone))

    def _renamed(self, inner: tuple[list[str], str]) -> str:
        """Name columns one level above where they are read, so that a name never hides a stored column of that name."""
        expressions, rest = inner
        names = [*self.wanted, *self.of_person]
        read = [f"{one} AS __{index}" for index, one in enumerate(expressions)] or ["1 AS __0"]
        given = [f"__{index} AS {identifier(name)}" for index, name in enumerate(names)] or ["__0"]
        return f"(SELECT {', '.join(given)} FROM (SELECT {', '.join(read)} {rest}))"  # noqa: S608 - our own names

    def _from_events(self, people: People, timezone: str, condition: str) -> tuple[list[str], str]:
        columns = _OF_EVENTS[self.table]
        is_sessions = self.table == "sessions"
        actor = f"argMax({people.actor}, timestamp)" if is_sessions else people.actor
        expressions = [
            actor if name == "person_id" else _zoned(name, one or columns[name], timezone)
            for name, one in self.wanted.items()
        ]
        needs_actor = bool(self.of_person) or "person_id" in self.wanted
        source = people.from_events() if needs_actor else People().from_events()
        if self.of_person:
            inner = [
                f"{_zoned(name, one, timezone)} AS __of_{i}" for i, (name, one) in enumerate(self.of_person.items())
            ]
            persons = f"SELECT person_id AS __known, {', '.join(inner)} FROM {PERSONS} FINAL WHERE {in_project()}"  # noqa: S608 - our own names
            source = f"{source}\nGLOBAL LEFT ANY JOIN ({persons}) AS __persons ON {people.actor} = __known"
            expressions += [f"__of_{index}" for index in range(len(self.of_person))]
        which = {
            "events": "1",
            "generations": "event = '$ai_generation'",
            "sessions": f"notEmpty(ifNull({_SESSION}, ''))",
        }[self.table]
        where = " AND ".join(part for part in (in_project(), which, f"({both(condition)})") if part not in {"1", "(1)"})
        return expressions, f"{source} WHERE {where}{f' GROUP BY {_SESSION}' if is_sessions else ''}"

    def _from_mirror(self, timezone: str) -> tuple[list[str], str]:
        stored, columns = {
            "persons": (PERSONS, {"id": "person_id", "is_identified": "is_identified = 1"}),
            "person_distinct_ids": (PERSON_DISTINCT_IDS, {}),
            "groups": (GROUPS, {"index": "group_index", "key": "group_key"}),
        }[self.table]
        columns[PROPERTIES] = properties_json()
        expressions = [_zoned(name, one or columns.get(name, name), timezone) for name, one in self.wanted.items()]
        return expressions, f"FROM {stored} FINAL WHERE {in_project()}"


def _zoned(name: str, expression: str, timezone: str) -> str:
    """Let moments be those of the project's clocks."""
    if timezone == "UTC" or not name.endswith(("timestamp", "created_at")):
        return expression
    return f"toTimeZone({expression}, {text_literal(timezone)})"


def _property(path: tuple[str, ...], *, is_number: bool) -> str:
    if len(path) == 1:
        return property_number(path[0]) if is_number else property_text(path[0])
    # A member of an object is a path of the JSON type; one more pair of quotes would make it a key with dots.
    whole = ".".join(identifier(key.replace(".", "%2E")) for key in path)
    text = f"CAST({PROPERTIES}.{whole}, 'Nullable(String)')"
    return f"toFloat64OrNull({text})" if is_number else text
