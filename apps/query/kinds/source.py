"""Which rows a question reads and who its actors are: the one place that knows.

Merged persons, test accounts and group actors change this module and nothing else.
"""

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import FilterGroup
from apps.catalog.filters.sql import ALWAYS, condition
from apps.clickhouse.tables import EVENTS

ACTOR = "person_id"
"""The expression of who did it: the person behind the distinct id."""

MOMENT = "toUnixTimestamp64Micro(timestamp)"
"""When it happened, in microseconds since 1970."""


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
