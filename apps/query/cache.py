"""Answers kept in Valkey for a short while, each under its project: a key is never valid in another."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog
from django.core.cache import cache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

KEEP: Final = timedelta(hours=6)
"""How long an answer can be had by asking for a cached one."""

_FRESH_LEAST: Final = 2.0
_FRESH_MOST: Final = 60.0
_FRESH_TIMES: Final = 10.0
_FORMAT: Final = 1
"""Raise it when answers change their shape, so that old ones are not found."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer and when it was computed, in how many seconds."""

    answer: dict[str, Any]
    computed_at: datetime
    seconds: float

    @property
    def fresh_until(self) -> datetime:
        """Until when asking again gives this answer: ten times as long as it took, within 2 seconds and a minute."""
        return self.computed_at + timedelta(seconds=min(max(self.seconds * _FRESH_TIMES, _FRESH_LEAST), _FRESH_MOST))


def key_for(project_id: int, *parts: object) -> str:
    """Make the key of a question from everything its answer depends on."""
    text = msgspec.json.encode([_FORMAT, project_id, *parts], order="deterministic", enc_hook=str)
    return f"query:{project_id}:{hashlib.sha256(text).hexdigest()}"


def find(key: str) -> Entry | None:
    """Look an answer up; None when there is none, or when the cache is away."""
    try:
        kept = cache.get(key)
    except RedisError as exc:
        log.warning("query.cache_unavailable", error=str(exc))
        return None
    return msgspec.json.decode(kept, type=Entry) if isinstance(kept, bytes) else None


def keep(key: str, entry: Entry) -> None:
    """Keep an answer; without a cache nothing happens."""
    try:
        cache.set(key, msgspec.json.encode(entry, enc_hook=str), timeout=KEEP.total_seconds())
    except RedisError as exc:
        log.warning("query.cache_unavailable", error=str(exc))
