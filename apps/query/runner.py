"""From a project and a query's JSON to its answer: parse, plan, look in the cache, ask, write."""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.accounts.contracts import ProjectContext
from apps.clickhouse.client import Result
from apps.common import clock
from apps.query import cache, engine, guests, selectors
from apps.query.contracts import Plan, Scope
from apps.query.dates import Calendar, Period, zone
from apps.query.kinds import events
from apps.query.planning import plan
from apps.query.planning.shared import needs_earliest
from apps.query.planning.sql import SqlPlan
from apps.query.schema import Query, RefreshMode, parse_query


def run(
    project: ProjectContext,
    query: Mapping[str, Any],
    *,
    now: datetime | None = None,
    mode: RefreshMode = RefreshMode.BLOCKING,
    query_id: str | None = None,
) -> dict[str, Any]:
    """Answer a query of the public JSON for one project; `now` is the moment relative dates count from.

    Raises a QueryError (or FilterError) that names the field at fault, or says what was too much.
    """
    moment = now or clock.now()
    parsed = parse_query(dict(query) if isinstance(query, Mapping) else query)
    planned = plan(parsed, _scope(project, parsed, moment))
    key = cache.key_for(
        project.id, project.timezone, project.week_start_day, query, planned.period.start_us, planned.period.end_us
    )
    entry = None if mode is RefreshMode.FORCE_BLOCKING else cache.find(key)
    if entry is not None and (mode is RefreshMode.FORCE_CACHE or moment < entry.fresh_until):
        return _stamped(entry, key, is_cached=True)
    entry = _computed(project, planned, moment, query, query_id)
    cache.keep(key, entry)
    return _stamped(entry, key, is_cached=False)


def _scope(project: ProjectContext, query: Query, now: datetime) -> Scope:
    calendar = Calendar(zone(project.timezone), week_starts_monday=project.week_start_day == 1, now=now)
    earliest = _earliest(project.id) if needs_earliest(query) else None
    return Scope(project.id, project.timezone, calendar, earliest, selectors.people_of(project.id))


def _earliest(project_id: int) -> datetime | None:
    result = engine.ask(events.build_earliest(project_id), tag=f"query.earliest project={project_id}")
    return events.decode_earliest(result.dicts())


def _computed(
    project: ProjectContext, planned: Plan, moment: datetime, query: Mapping[str, Any], query_id: str | None
) -> cache.Entry:
    started = time.perf_counter()
    statements = planned.statements()
    tag = f"query.{query['kind']} project={project.id}"
    if isinstance(planned, SqlPlan):
        asked = [guests.ask(statement, text=planned.text, tag=tag, query_id=query_id) for statement in statements]
        answer = planned.table(asked[0].columns, asked[0].types, asked[0].rows)
    else:
        asked = [engine.ask(statement, tag=tag, query_id=query_id, raw=query) for statement in statements]
        answer = planned.answer([result.dicts() for result in asked])
    seconds = time.perf_counter() - started
    answer |= {
        "timezone": project.timezone,
        "resolved_date_range": _range(planned.period),
        "hogql": "\n;\n".join(statement.render() for statement in statements),
        **_costs(asked),
        "elapsed": round(seconds, 6),
    }
    if planned.compared is not None:
        answer["resolved_compare_date_range"] = _range(planned.compared)
    return cache.Entry(answer, moment, seconds)


def _costs(asked: list[Result]) -> dict[str, int]:
    return {
        "rows_read": sum(result.rows_read for result in asked),
        "bytes_read": sum(result.bytes_read for result in asked),
    }


def _range(period: Period) -> dict[str, str]:
    return {"date_from": period.start.isoformat(), "date_to": period.end.isoformat()}


def _stamped(entry: cache.Entry, key: str, *, is_cached: bool) -> dict[str, Any]:
    return entry.answer | {
        "is_cached": is_cached,
        "last_refresh": entry.computed_at.isoformat(),
        "next_allowed_client_refresh": entry.fresh_until.isoformat(),
        "cache_target_age": entry.fresh_until.isoformat(),
        "cache_key": key,
    }
