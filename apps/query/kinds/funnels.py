"""How many people get from a first step to a last, and how long each step takes them: one scan, one group an actor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.catalog.filters.binding import Bindings
from apps.clickhouse.statement import Statement
from apps.query.kinds import funnel_actors
from apps.query.kinds.funnel_question import OTHER, FunnelInput


@dataclass(frozen=True, slots=True)
class FunnelStepResult:
    """One step of the answer; times in seconds from the step before, None where nobody got here."""

    count: int
    average: float | None = None
    median: float | None = None


@dataclass(frozen=True, slots=True)
class FunnelGroup:
    """All steps of the actors under one value; None without a breakdown."""

    breakdown: tuple[str, ...] | None
    steps: tuple[FunnelStepResult, ...]


def build(question: FunnelInput) -> Statement:
    """Ask how many actors reached each step, and after how long."""
    bindings = funnel_actors.bindings_of(question)
    layers = funnel_actors.gather(question, bindings)
    way = funnel_actors.walk(question, bindings, layers)
    steps = range(2, len(question.steps) + 1)
    layers.add(**{f"time_{step}": f"if(level >= {step}, {way.time_of(step)}, 0)" for step in steps})
    layers.add(**{f"seconds_{step}": _seconds_since(step) for step in steps})
    sql = _counted(question, layers.sql) if question.breakdown is None else _split(question, layers.sql, bindings)
    return Statement(sql, bindings.values, funnel_actors.SETTINGS)


def decode(rows: Sequence[Mapping[str, object]], question: FunnelInput) -> list[FunnelGroup]:
    """Read the answer by column name; groups largest first, the rest last, none when nobody entered."""
    groups = [_group(row, question) for row in rows]
    return sorted((group for group in groups if group.steps[0].count), key=_rank)


def _rank(group: FunnelGroup) -> tuple[bool, int, tuple[str, ...]]:
    return group.breakdown == (OTHER,), -group.steps[0].count, group.breakdown or ()


def _group(row: Mapping[str, object], question: FunnelInput) -> FunnelGroup:
    numbers = range(1, len(question.steps) + 1)
    steps = tuple(
        FunnelStepResult(
            int(str(row[f"count_{step}"])),
            _seconds(row.get(f"average_{step}")),
            _seconds(row.get(f"median_{step}")),
        )
        for step in numbers
    )
    value = row["breakdown"] if question.breakdown else None
    return FunnelGroup(tuple(map(str, value)) if isinstance(value, list | tuple) else None, steps)


def _seconds(raw: object) -> float | None:
    if raw is None or math.isnan(value := float(str(raw))):
        return None
    return value


def _seconds_since(step: int) -> str:
    """Give the seconds from the step before; the first step's time is that of the attempt."""
    before = "attempt" if step == 2 else f"time_{step - 1}"  # noqa: PLR2004 - the second step follows the first
    return f"(toInt64(time_{step}) - toInt64({before})) / 1000000"


def _counted(question: FunnelInput, actors: str) -> str:
    columns = ["count() AS count_1"]
    for step in range(2, len(question.steps) + 1):
        columns += [
            f"countIf(level >= {step}) AS count_{step}",
            f"avgIf(seconds_{step}, level >= {step}) AS average_{step}",
            f"quantileExactInclusiveIf(0.5)(seconds_{step}, level >= {step}) AS median_{step}",
        ]
    return f"SELECT {', '.join(columns)}\nFROM ({actors})"


def _split(question: FunnelInput, actors: str, bindings: Bindings) -> str:
    """Count by value once, rank the values by who entered, and merge those beyond the limit."""
    states, merged = ["count() AS entered"], ["sum(entered) AS count_1"]
    for step in range(2, len(question.steps) + 1):
        states += [
            f"countIf(level >= {step}) AS came_{step}",
            f"avgStateIf(seconds_{step}, level >= {step}) AS mean_{step}",
            f"quantileExactInclusiveStateIf(0.5)(seconds_{step}, level >= {step}) AS middle_{step}",
        ]
        merged += [
            f"sum(came_{step}) AS count_{step}",
            f"avgMerge(mean_{step}) AS average_{step}",
            f"quantileExactInclusiveMerge(0.5)(middle_{step}) AS median_{step}",
        ]
    limit = bindings.bind(question.breakdown.limit if question.breakdown else 0)
    cells = f"SELECT value, {', '.join(states)}\nFROM ({actors})\nGROUP BY value"
    ranked = f"SELECT *, row_number() OVER (ORDER BY entered DESC, value) AS place\nFROM ({cells})"
    label = f"if(place <= {limit}, value, [{bindings.bind(OTHER)}]) AS breakdown"
    return f"SELECT breakdown, {', '.join(merged)}\nFROM (SELECT *, {label}\nFROM ({ranked}))\nGROUP BY breakdown"
