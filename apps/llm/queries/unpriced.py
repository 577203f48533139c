"""Which models were called without anybody knowing their price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.clickhouse.statement import Statement
from apps.llm.queries.calls import (
    EVENT_NAMES,
    FROM,
    HOST,
    INPUT,
    IS_UNPRICED,
    MODEL,
    OUTPUT,
    PROVIDER,
    REASON,
)


@dataclass(frozen=True, slots=True)
class UnpricedModel:
    """One model as it was called: by which name, through whom, at which host."""

    model: str
    provider: str
    host: str
    reason: str
    calls: int
    input_tokens: int
    output_tokens: int
    first_seen: datetime
    last_seen: datetime


def build(project_id: int, start: datetime, end: datetime, limit: int) -> Statement:
    """Ask for the most called first."""
    return Statement(
        f"SELECT {MODEL} AS model, {PROVIDER} AS provider, {HOST} AS host, anyLast({REASON}) AS reason, "
        f"count() AS calls, toUInt64(sum(ifNull({INPUT}, 0))) AS input_tokens, "
        f"toUInt64(sum(ifNull({OUTPUT}, 0))) AS output_tokens, "
        "min(timestamp) AS first_seen, max(timestamp) AS last_seen "
        f"{FROM} AND {IS_UNPRICED} GROUP BY model, provider, host ORDER BY calls DESC, model, provider, host "
        "LIMIT %(limit)s",
        {"project_id": project_id, "events": EVENT_NAMES, "start": start, "end": end, "limit": limit},
    )


def decode(rows: Sequence[Mapping[str, Any]]) -> list[UnpricedModel]:
    """Read the answer, moments in UTC."""
    return [
        UnpricedModel(**{**row, "first_seen": _utc(row["first_seen"]), "last_seen": _utc(row["last_seen"])})
        for row in rows
    ]


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
