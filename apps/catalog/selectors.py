"""What a project has sent in the last 30 days: names of events and properties, values; kept for a few seconds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from django.core.cache import cache
from redis.exceptions import RedisError

from apps.catalog import queries
from apps.catalog.contracts import SeenEvent, SeenValue
from apps.catalog.errors import CatalogBusyError
from apps.clickhouse import client
from apps.clickhouse import errors as clickhouse
from apps.clickhouse.statement import Statement
from apps.common import clock

LOOK_BACK: Final = timedelta(days=30)
TIMEOUT_SECONDS: Final = 20
NAMES_SECONDS: Final = 3
"""A first event shall show up in a picker at once."""

PROPERTIES_SECONDS: Final = 20


def list_event_names(project_id: int) -> list[SeenEvent]:
    """List the events of the last 30 days, most frequent first."""
    rows = _kept(
        project_id,
        ("events",),
        NAMES_SECONDS,
        lambda: _ask(queries.build_event_names(project_id, _since()), f"catalog.events project={project_id}"),
    )
    return queries.decode_event_names(rows)


def list_property_names(project_id: int, event: str | None = None) -> list[str]:
    """List the properties that recent events carry, of one event or of the commonest, by name."""
    events = [event] if event else [seen.name for seen in list_event_names(project_id)[: queries.SAMPLED_EVENTS]]
    if not events:
        return []
    rows = _kept(
        project_id,
        ("properties", event or ""),
        PROPERTIES_SECONDS,
        lambda: _ask(
            queries.build_property_names(project_id, events, _since()), f"catalog.properties project={project_id}"
        ),
    )
    return queries.decode_property_names(rows)


def list_property_values(
    project_id: int, key: str, *, event: str | None = None, search: str | None = None
) -> list[SeenValue]:
    """List the commonest values of a property, as text, most frequent first."""
    statement = queries.build_property_values(project_id, key, event=event, search=search, since=_since())
    rows = _kept(
        project_id,
        ("values", key, event or "", search or ""),
        PROPERTIES_SECONDS,
        lambda: _ask(statement, f"catalog.values project={project_id}"),
    )
    return queries.decode_property_values(rows)


def _since() -> datetime:
    return clock.now() - LOOK_BACK


def _ask(statement: Statement, tag: str) -> list[dict[str, Any]]:
    try:
        return client.run(statement, timeout=TIMEOUT_SECONDS, tag=tag).dicts()
    except (clickhouse.ClickHouseUnavailableError, clickhouse.QueryTimeoutError, clickhouse.QueryMemoryError) as exc:
        raise CatalogBusyError("The analytics engine is away or too busy for now.") from exc


def _kept(
    project_id: int, what: tuple[str, ...], seconds: int, ask: Callable[[], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Give what was asked moments ago, under its project's own key; ask again without a cache."""
    key = f"catalog:{project_id}:{sha256(repr(what).encode('utf-8', 'replace')).hexdigest()}"
    try:
        found: list[dict[str, Any]] | None = cache.get(key)
        if found is None:
            found = ask()
            cache.set(key, found, timeout=seconds)
    except RedisError:
        return ask()
    return found
