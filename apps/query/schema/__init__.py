"""The query JSON as typed, frozen structs: what the public contract names, and nothing else gets in."""

from apps.query.schema.funnels import FunnelsQuery
from apps.query.schema.parsing import parse_query, parse_request
from apps.query.schema.request import QueryRequest, RefreshMode
from apps.query.schema.trends import TrendsQuery

Query = TrendsQuery | FunnelsQuery

__all__ = ["FunnelsQuery", "Query", "QueryRequest", "RefreshMode", "TrendsQuery", "parse_query", "parse_request"]
