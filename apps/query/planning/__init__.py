"""From a parsed query to a plan: every default filled, every date resolved, what cannot be answered refused."""

from collections.abc import Callable
from typing import Any

from apps.query.contracts import Plan, Scope
from apps.query.planning.funnels import plan_funnels
from apps.query.planning.lifecycle import plan_lifecycle
from apps.query.planning.paths import plan_paths
from apps.query.planning.retention import plan_retention
from apps.query.planning.sql import plan_sql
from apps.query.planning.stickiness import plan_stickiness
from apps.query.planning.trends import plan_trends
from apps.query.schema import (
    FunnelsQuery,
    HogQLQuery,
    LifecycleQuery,
    PathsQuery,
    Query,
    RetentionQuery,
    StickinessQuery,
    TrendsQuery,
)

PLANNERS: dict[type[Any], Callable[[Any, Scope], Plan]] = {
    TrendsQuery: plan_trends,
    FunnelsQuery: plan_funnels,
    RetentionQuery: plan_retention,
    PathsQuery: plan_paths,
    LifecycleQuery: plan_lifecycle,
    StickinessQuery: plan_stickiness,
    HogQLQuery: plan_sql,
}


def plan(query: Query, scope: Scope) -> Plan:
    """Make the plan of a query; raises InvalidQueryError or UnsupportedQueryError naming the field."""
    return PLANNERS[type(query)](query, scope)


__all__ = ["plan"]
