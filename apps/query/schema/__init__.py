"""The query JSON as typed, frozen structs: what the public contract names, and nothing else gets in."""

from apps.query.schema.funnels import FunnelsQuery
from apps.query.schema.lifecycle import LifecycleQuery
from apps.query.schema.parsing import Query, parse_query, parse_request
from apps.query.schema.paths import PathsQuery
from apps.query.schema.request import QueryRequest, RefreshMode
from apps.query.schema.retention import RetentionQuery
from apps.query.schema.sql import HogQLQuery
from apps.query.schema.stickiness import StickinessQuery
from apps.query.schema.trends import TrendsQuery

__all__ = [
    "FunnelsQuery",
    "HogQLQuery",
    "LifecycleQuery",
    "PathsQuery",
    "Query",
    "QueryRequest",
    "RefreshMode",
    "RetentionQuery",
    "StickinessQuery",
    "TrendsQuery",
    "parse_query",
    "parse_request",
]
