"""What was spent, by day and by model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from apps.clickhouse.statement import Statement
from apps.llm.queries.calls import COST, EVENT_NAMES, FROM, INPUT, IS_UNPRICED, MODEL, OUTPUT, STATUS


@dataclass(frozen=True, slots=True)
class Spend:
    """The calls of one model on one day, or in the whole range when `day` is None."""

    day: date | None
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced_calls: int
    estimated_calls: int


def build(project_id: int, start: datetime, end: datetime, timezone: str) -> Statement:
    """Ask for each day of the project's calendar and each model."""
    return Statement(
        f"SELECT toDate(timestamp, %(timezone)s) AS day, {MODEL} AS model, count() AS calls, "
        f"toUInt64(sum(ifNull({INPUT}, 0))) AS input_tokens, toUInt64(sum(ifNull({OUTPUT}, 0))) AS output_tokens, "
        f"sum(ifNull({COST}, 0)) AS cost_usd, countIf({IS_UNPRICED}) AS unpriced_calls, "
        f"countIf({STATUS} = 'estimated') AS estimated_calls "
        f"{FROM} GROUP BY day, model ORDER BY day, cost_usd DESC, model",
        {"project_id": project_id, "events": EVENT_NAMES, "start": start, "end": end, "timezone": timezone},
    )


def decode(rows: Sequence[Mapping[str, Any]]) -> list[Spend]:
    """Read the answer."""
    return [Spend(**row) for row in rows]


def by_model(days: Sequence[Spend]) -> list[Spend]:
    """Add the days up, the dearest model first."""
    models: dict[str, list[Spend]] = {}
    for one in days:
        models.setdefault(one.model, []).append(one)
    sums = [
        Spend(
            None,
            model,
            sum(one.calls for one in group),
            sum(one.input_tokens for one in group),
            sum(one.output_tokens for one in group),
            sum(one.cost_usd for one in group),
            sum(one.unpriced_calls for one in group),
            sum(one.estimated_calls for one in group),
        )
        for model, group in models.items()
    ]
    return sorted(sums, key=lambda one: (-one.cost_usd, -one.calls, one.model))
