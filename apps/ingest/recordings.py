"""Pieces of session recordings on their way into ClickHouse and back out."""

from dataclasses import dataclass
from datetime import datetime

from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.ingest.contracts import LogEntry, Recording
from apps.ingest.timestamps import from_us


@dataclass(frozen=True, slots=True)
class RecordingChunk:
    """One piece of a recording: `data` is the JSON text of its snapshot as it was sent."""

    uuid: str
    window_id: str
    distinct_id: str
    source: str
    first_at: datetime
    last_at: datetime
    data: str


def row(entry: LogEntry, recording: Recording, entry_id: str) -> dict[str, object]:
    """Give a piece as a row of `recording_chunks`."""
    return {
        "project_id": entry.project_id,
        "session_id": recording.session_id,
        "window_id": recording.window_id,
        "distinct_id": recording.distinct_id,
        "source": recording.source,
        "uuid": recording.uuid,
        "first_at": from_us(recording.first_ms * 1_000),
        "last_at": from_us(recording.last_ms * 1_000),
        "bytes": len(recording.data),
        "data": recording.data,
        "received_at": from_us(entry.received_us),
        "entry": entry_id,
    }


def list_chunks(project_id: int, session_id: str) -> list[RecordingChunk]:
    """List the pieces of one session's recording in the order of their time, each once."""
    statement = Statement(
        "SELECT toString(uuid) AS id, window_id, distinct_id, source, first_at, last_at, data FROM recording_chunks "
        "WHERE project_id = %(project_id)s AND session_id = %(session_id)s "
        "ORDER BY first_at, last_at, uuid LIMIT 1 BY uuid",
        {"project_id": project_id, "session_id": session_id},
    )
    return [RecordingChunk(*found) for found in client.run(statement).rows]
