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
class Reason:
    """Why some calls have no price."""

    reason: str
    calls: int


@dataclass(frozen=True, slots=True)
class UnpricedModel:
    """One model as it was called: by which name, through whom, at which host."""

    model: str
    provider: str
    host: str
    reasons: list[Reason]
    """The most frequent first; a price helps against some of them only."""
    calls: int
    input_tokens: int
    output_tokens: int
    first_seen: datetime
    last_seen: datetime

    @property
    def reason(self) -> str:
        """The most frequent reason."""
        return self.reasons[0].reason


def build(project_id: int, start: datetime, end: datetime, limit: int) -> Statement:
    """Ask for the most called first."""
    return Statement(
        "SELECT model, provider, host, groupArray(reason) AS reasons, groupArray(times) AS counts, "  # noqa: S608 - words of ours
        "sum(times) AS calls, sum(tokens_in) AS input_tokens, sum(tokens_out) AS output_tokens, "
        "min(first) AS first_seen, max(last) AS last_seen "
        f"FROM (SELECT {MODEL} AS model, {PROVIDER} AS provider, {HOST} AS host, {REASON} AS reason, "
        f"count() AS times, toUInt64(sum(ifNull({INPUT}, 0))) AS tokens_in, "
        f"toUInt64(sum(ifNull({OUTPUT}, 0))) AS tokens_out, min(timestamp) AS first, max(timestamp) AS last "
        f"{FROM} AND {IS_UNPRICED} GROUP BY model, provider, host, reason) "
        "GROUP BY model, provider, host ORDER BY calls DESC, model, provider, host LIMIT %(limit)s",
        {"project_id": project_id, "events": EVENT_NAMES, "start": start, "end": end, "limit": limit},
    )


def decode(rows: Sequence[Mapping[str, Any]]) -> list[UnpricedModel]:
    """Read the answer, moments in UTC."""
    return [
        UnpricedModel(
            model=row["model"],
            provider=row["provider"],
            host=row["host"],
            reasons=_reasons(row["reasons"], row["counts"]),
            calls=row["calls"],
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            first_seen=_utc(row["first_seen"]),
            last_seen=_utc(row["last_seen"]),
        )
        for row in rows
    ]


def _reasons(reasons: Sequence[str], counts: Sequence[int]) -> list[Reason]:
    found = [Reason(reason, calls) for reason, calls in zip(reasons, counts, strict=True)]
    return sorted(found, key=lambda one: (-one.calls, one.reason))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
