"""The body of a request to the query endpoint."""

from enum import StrEnum
from typing import Any

from msgspec import Struct


class RefreshMode(StrEnum):
    """Whether an answer may come from the cache, and who computes it otherwise."""

    BLOCKING = "blocking"
    ASYNC = "async"
    ASYNC_EXCEPT_ON_CACHE_MISS = "async_except_on_cache_miss"
    LAZY_ASYNC = "lazy_async"
    FORCE_BLOCKING = "force_blocking"
    FORCE_ASYNC = "force_async"
    FORCE_CACHE = "force_cache"


class QueryRequest(Struct, frozen=True, forbid_unknown_fields=True, rename={"is_async": "async"}):
    """What a client may send beside the query itself."""

    query: Any
    refresh: RefreshMode | bool | None = None
    client_query_id: str | None = None
    is_async: bool | None = None
    filters_override: Any = None
    variables_override: Any = None
    name: str | None = None
    limit_context: str | None = None
