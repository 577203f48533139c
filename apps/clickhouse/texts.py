"""The long texts of AI events: which properties they are, where they went, and how to have them back.

The writer takes them out of an event (apps/llm/ingest.py) and leaves `$ai_texts_apart`, which names them and their
length in bytes. Whoever shows an event whole puts them back in here.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.clickhouse.tables import AI_TEXTS

NAMES: Final = (
    "$ai_input",
    "$ai_output_choices",
    "$ai_output",
    "$ai_instructions",
    "$ai_tools",
    "$ai_input_state",
    "$ai_output_state",
)
APART: Final = "$ai_texts_apart"
TRACE_ID: Final = "$ai_trace_id"


def trace_id_of(trace_id: object, uuid: str) -> str:
    """Name the trace a text is kept under: what the event says, or the event itself."""
    if isinstance(trace_id, str) and trace_id:
        return trace_id
    if isinstance(trace_id, int) and not isinstance(trace_id, bool):
        return str(trace_id)
    return uuid


def with_texts(project_id: int, uuid: UUID, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give an event's properties with the texts that were taken out, as far as they have not expired."""
    whole = dict(properties)
    if APART in whole:
        trace_id = trace_id_of(whole.get(TRACE_ID), str(uuid))
        whole |= list_texts(project_id, [trace_id], [uuid]).get(uuid, {})
    return whole


def list_texts(
    project_id: int, trace_ids: Iterable[str], uuids: Iterable[UUID] | None = None
) -> dict[UUID, dict[str, Any]]:
    """Read the texts of traces, or of some of their events: property by event."""
    chosen = "" if uuids is None else " AND event_uuid IN %(uuids)s"
    statement = Statement(
        f"SELECT event_uuid, name, text FROM {AI_TEXTS} "  # noqa: S608 - words of ours
        f"WHERE project_id = %(project_id)s AND trace_id IN %(trace_ids)s{chosen} "
        "ORDER BY inserted_at DESC LIMIT 1 BY event_uuid, name",
        {"project_id": project_id, "trace_ids": tuple(trace_ids), "uuids": tuple(uuids or ())},
    )
    found: dict[UUID, dict[str, Any]] = {}
    for row in client.run(statement, tag=f"clickhouse.texts project={project_id}").dicts():
        found.setdefault(row["event_uuid"], {})[row["name"]] = _decoded(row["text"])
    return found


def _decoded(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except ValueError:
        return text
