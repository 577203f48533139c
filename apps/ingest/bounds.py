"""The bounds of ingest, read once from the settings; docs/reference/settings names each."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from django.conf import settings

NAME_LENGTH: Final = 200
"""Longest event name and distinct id, in characters (the wire format's own figure)."""

DEAD_LETTER_BYTES: Final = 64 * 1024
"""How much of a refused event is kept."""

DAY_US: Final = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one request, one event and the whole backlog may be."""

    body_bytes: int
    events: int
    event_bytes: int
    ai_event_bytes: int
    depth: int
    properties: int
    age_us: int
    backlog_entries: int
    backlog_bytes: int
    free_bytes: int


@cache
def bounds() -> Bounds:
    """Give the bounds of this process."""
    return Bounds(
        body_bytes=settings.BALEEN_INGEST_MAX_BODY_BYTES,
        events=settings.BALEEN_INGEST_MAX_EVENTS,
        event_bytes=settings.BALEEN_INGEST_MAX_EVENT_BYTES,
        ai_event_bytes=settings.BALEEN_INGEST_MAX_AI_EVENT_BYTES,
        depth=settings.BALEEN_INGEST_MAX_DEPTH,
        properties=settings.BALEEN_INGEST_MAX_PROPERTIES,
        age_us=settings.BALEEN_INGEST_MAX_AGE_DAYS * DAY_US,
        backlog_entries=settings.BALEEN_INGEST_MAX_BACKLOG_ENTRIES,
        backlog_bytes=settings.BALEEN_INGEST_MAX_BACKLOG_BYTES,
        free_bytes=settings.BALEEN_INGEST_MIN_FREE_BYTES,
    )
