"""The catalogue of our ClickHouse tables: their names and columns, so that no query spells one by hand.

What each column means stands beside it in `schema/`.
"""

from typing import Final

EVENTS: Final = "events"
"""One row an event; read by every question, written only through the landing table."""

EVENTS_COLUMNS: Final = (
    "project_id",
    "event",
    "timestamp",
    "person_id",
    "uuid",
    "distinct_id",
    "properties",
    "received_at",
    "inserted_at",
    "entry",
    "unreadable_properties",
)

EVENTS_LANDING: Final = "events_landing"
"""What the writer inserts into: stores nothing, a materialized view turns its text into `events`."""

EVENTS_LANDING_COLUMNS: Final = (
    "project_id",
    "uuid",
    "event",
    "distinct_id",
    "person_id",
    "timestamp_us",
    "received_us",
    "properties",
    "entry",
)

DEAD_LETTERS: Final = "dead_letters"
"""What was refused after it had been acknowledged, with the reason; kept for 30 days."""

DEAD_LETTERS_COLUMNS: Final = (
    "project_id",
    "received_at",
    "entry",
    "index",
    "code",
    "reason",
    "event",
    "distinct_id",
    "payload",
    "path",
)

ALL: Final = (EVENTS, EVENTS_LANDING, DEAD_LETTERS)
