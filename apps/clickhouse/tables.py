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
    "replayed_at",
    "outcome",
)

PERSON_OVERRIDES: Final = "person_overrides"
"""Who stands for a person that was merged away; events of the last hours may still name the old one."""

PERSON_OVERRIDES_COLUMNS: Final = ("project_id", "old_person_id", "person_id", "version", "is_deleted")

PERSON_DISTINCT_IDS: Final = "person_distinct_ids"
"""The person of every distinct id that has one."""

PERSON_DISTINCT_IDS_COLUMNS: Final = ("project_id", "distinct_id", "person_id", "version", "is_deleted")

PERSONS: Final = "persons"
"""Persons with their properties, a mirror of the relational table."""

PERSONS_COLUMNS: Final = (
    "project_id",
    "person_id",
    "properties",
    "created_at",
    "is_identified",
    "version",
    "is_deleted",
)

PERSONS_LANDING: Final = "persons_landing"
"""What is inserted into for `persons`: properties as text."""

PERSONS_LANDING_COLUMNS: Final = (
    "project_id",
    "person_id",
    "properties",
    "created_us",
    "is_identified",
    "version",
    "is_deleted",
)

GROUPS: Final = "groups"
"""Groups (companies, teams) with their properties, a mirror of the relational table."""

GROUPS_COLUMNS: Final = (
    "project_id",
    "group_index",
    "group_key",
    "properties",
    "created_at",
    "version",
    "is_deleted",
)

GROUPS_LANDING: Final = "groups_landing"
"""What is inserted into for `groups`: properties as text."""

GROUPS_LANDING_COLUMNS: Final = (
    "project_id",
    "group_index",
    "group_key",
    "properties",
    "created_us",
    "version",
    "is_deleted",
)

AI_TEXTS: Final = "ai_texts"
"""Long texts of AI events, one row a property; read by trace, never by counting."""

AI_TEXTS_COLUMNS: Final = (
    "project_id",
    "trace_id",
    "event_uuid",
    "name",
    "timestamp",
    "distinct_id",
    "text",
    "expires_on",
    "inserted_at",
)

RECORDING_CHUNKS: Final = "recording_chunks"
"""Pieces of session recordings as they were sent; kept for 90 days."""

RECORDING_CHUNKS_COLUMNS: Final = (
    "project_id",
    "session_id",
    "window_id",
    "distinct_id",
    "source",
    "uuid",
    "first_at",
    "last_at",
    "bytes",
    "data",
    "received_at",
    "entry",
)

SEEN_EVENTS: Final = "seen_events"
"""The event names of each project, with when they were first and last seen."""

SEEN_EVENTS_COLUMNS: Final = ("project_id", "event", "first_seen", "last_seen")

SEEN_PROPERTIES: Final = "seen_properties"
"""The properties of events, persons and groups, with their types and when they were first and last seen."""

SEEN_PROPERTIES_COLUMNS: Final = (
    "project_id",
    "scope",
    "carrier",
    "property",
    "type",
    "first_seen",
    "last_seen",
)

COLUMNS: Final = {
    EVENTS: EVENTS_COLUMNS,
    EVENTS_LANDING: EVENTS_LANDING_COLUMNS,
    DEAD_LETTERS: DEAD_LETTERS_COLUMNS,
    AI_TEXTS: AI_TEXTS_COLUMNS,
    PERSON_OVERRIDES: PERSON_OVERRIDES_COLUMNS,
    PERSON_DISTINCT_IDS: PERSON_DISTINCT_IDS_COLUMNS,
    PERSONS: PERSONS_COLUMNS,
    PERSONS_LANDING: PERSONS_LANDING_COLUMNS,
    GROUPS: GROUPS_COLUMNS,
    GROUPS_LANDING: GROUPS_LANDING_COLUMNS,
    RECORDING_CHUNKS: RECORDING_CHUNKS_COLUMNS,
    SEEN_EVENTS: SEEN_EVENTS_COLUMNS,
    SEEN_PROPERTIES: SEEN_PROPERTIES_COLUMNS,
}
"""The columns of every table, in their order."""

ALL: Final = tuple(COLUMNS)
