"""Which rows a question reads and who its actors are: the one place that knows.

Test accounts and group actors change this module and nothing else.

An event names the person its distinct id led to when it was written. A merge afterwards is an override from the old
person to the one who stands for them now, and a question about people joins the overrides of its project. A project
without overrides is asked without the join, which would cost a fifth to a half more (docs/decisions/0009-people.md).
"""

from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import FilterGroup
from apps.catalog.filters.sql import ALWAYS, condition
from apps.clickhouse.properties import property_text
from apps.clickhouse.statement import Statement
from apps.clickhouse.tables import EVENTS, GROUPS, PERSON_OVERRIDES, PERSONS

MOMENT = "toUnixTimestamp64Micro(timestamp)"
"""When it happened, in microseconds since 1970."""


_NOBODY: Final = "toUUID('00000000-0000-0000-0000-000000000000')"
_MERGES: Final = (
    "\nGLOBAL LEFT ANY JOIN (SELECT old_person_id AS merged_from, person_id AS merged_into\n"
    f"FROM {PERSON_OVERRIDES} FINAL\nWHERE project_id = %(project_id)s) AS merges ON person_id = merged_from"
)


@dataclass(frozen=True, slots=True)
class People:
    """Who the actors of a project are; `has_merges` says whether events may name persons who were merged away."""

    has_merges: bool = False

    @property
    def actor(self) -> str:
        """The expression of who did it: the person behind the distinct id, as far as is known today."""
        return f"if(merged_into = {_NOBODY}, person_id, merged_into)" if self.has_merges else "person_id"

    @property
    def own(self) -> str:
        """The actor as the event itself names it, right for whoever has no record: a merge always leaves one."""
        return "person_id"

    @property
    def is_known(self) -> str:
        """The condition that an event has an actor: each is somebody's."""
        return ALWAYS

    def created(self) -> str:
        """Select `known` and `created_at` of all persons; who never gave a word about themselves has no row."""
        return f"SELECT person_id AS known, created_at\nFROM {PERSONS} FINAL\nWHERE {in_project()}"

    def from_events(self, beside: str = "") -> str:
        """Give the FROM clause over events, each once, for selects that name the actor; `beside` is joined to them."""
        return from_events() + self._merges + beside

    def from_stored(self) -> str:
        """Give the FROM clause over events as they are stored, for selects that name the actor."""
        return from_stored() + self._merges

    @property
    def _merges(self) -> str:
        return _MERGES if self.has_merges else ""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of one type (companies, teams) as actors; events that name none of them have no actor."""

    index: int

    @property
    def own(self) -> str:
        """The actor as the event itself names it: groups are not merged."""
        return self.actor

    @property
    def actor(self) -> str:
        """The expression of the group an event belongs to; the empty text when it belongs to none."""
        return f"ifNull({property_text(f'$group_{self.index}')}, '')"

    @property
    def is_known(self) -> str:
        """The condition that an event has an actor."""
        return f"{self.actor} != ''"

    def from_events(self, beside: str = "") -> str:
        """Give the FROM clause over events, each once; `beside` is joined to them."""
        return from_events() + beside

    def from_stored(self) -> str:
        """Give the FROM clause over events as they are stored."""
        return from_stored()

    def created(self) -> str:
        """Select `known` and `created_at` of all groups of the type."""
        return (
            f"SELECT group_key AS known, created_at\nFROM {GROUPS} FINAL\n"
            f"WHERE {in_project()} AND group_index = {self.index}"
        )


Actors = People | Groups
"""Whoever a question counts."""

GROUP_TYPES: Final = 5
"""How many types of groups a project has at most."""

UNMERGED: Final = People()
"""For a project without merges."""

MERGED: Final = People(has_merges=True)
"""Right for every project, with or without merges."""


def build_has_merges(project_id: int) -> Statement:
    """Ask whether events of a project may name persons who were merged away: one row if so, else none."""
    return Statement(
        f"SELECT 1 FROM {PERSON_OVERRIDES} WHERE project_id = %(project_id)s LIMIT 1",  # noqa: S608 - our own name
        {"project_id": project_id},
    )


def of_person(person: str) -> str:
    """Give the condition that an event is of a person (a bound expression): their own, or of one merged into them."""
    merged = f"SELECT old_person_id FROM {PERSON_OVERRIDES} FINAL WHERE project_id = %(project_id)s"  # noqa: S608 - our own name
    return f"(person_id = {person} OR person_id GLOBAL IN ({merged} AND person_id = {person}))"


def from_events() -> str:
    """Give the FROM clause over events, each once, even one that was sent twice and is not merged yet."""
    return f"FROM {EVENTS} FINAL"


def from_stored() -> str:
    """Give the FROM clause over events as they are stored: quicker, but one that was sent twice may come twice."""
    return f"FROM {EVENTS}"


def in_project() -> str:
    """Give the condition no question about events goes without."""
    return "project_id = %(project_id)s"


def in_range(start_us: int, end_us: int, bindings: Bindings) -> str:
    """Give the condition that an event lies in a range, both ends inclusive (microseconds since 1970)."""
    first, last = bindings.bind(start_us), bindings.bind(end_us)
    return (
        f"timestamp >= fromUnixTimestamp64Micro(toInt64({first}), 'UTC')"
        f" AND timestamp <= fromUnixTimestamp64Micro(toInt64({last}), 'UTC')"
    )


def is_event(name: str | None, filters: FilterGroup, bindings: Bindings) -> str:
    """Give the condition of one series or step: the event's name (None: any) and its filters."""
    parts = []
    if name is not None:
        parts.append(f"event = {bindings.bind(name)}")
    if (extra := condition(filters, bindings)) != ALWAYS:
        parts.append(extra)
    return " AND ".join(parts) or ALWAYS


def named(names: list[str | None], bindings: Bindings) -> str:
    """Give the condition that keeps a scan to the events asked for; any event when one of the names is None."""
    wanted = sorted({name for name in names if name is not None})
    if len(wanted) == 0 or None in names:
        return ALWAYS
    if len(wanted) == 1:
        return f"event = {bindings.bind(wanted[0])}"
    return f"event IN {bindings.bind(tuple(wanted))}"


def both(*conditions: str) -> str:
    """Join conditions by AND, leaving out those that always hold."""
    return " AND ".join(part for part in conditions if part != ALWAYS) or ALWAYS
