"""How many people get from a first step to a last, and how long each step takes them: one scan, one group an actor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import FilterGroup
from apps.catalog.filters.sql import ALWAYS
from apps.clickhouse.properties import property_text
from apps.clickhouse.statement import Statement
from apps.query.dates import Period
from apps.query.kinds import funnel_walk as walk
from apps.query.kinds.source import ACTOR, MOMENT, both, from_events, in_project, in_range, is_event, named
from apps.query.schema.funnels import Attribution

OTHER: Final = "Other"
"""How answers name the values beyond the limit."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """Which events fill a step."""

    event: str | None
    filters: FilterGroup

    def may_share(self, other: "FunnelStep") -> bool:
        """Whether one event could fill both."""
        return self.event is None or other.event is None or self.event == other.event


@dataclass(frozen=True, slots=True)
class FunnelBreakdown:
    """The event properties actors are split by, and whose value counts."""

    keys: tuple[str, ...]
    limit: int
    attribution: Attribution = Attribution.FIRST_TOUCH
    step: int = 0


@dataclass(frozen=True, slots=True)
class FunnelInput:
    """A funnel question with nothing left open."""

    project_id: int
    period: Period
    steps: tuple[FunnelStep, ...]
    window_us: int
    filters: FilterGroup
    breakdown: FunnelBreakdown | None = None


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
    bindings = Bindings(question.project_id)
    word = walk.Word.fitting(question.period.end_us - question.period.start_us, len(question.steps))
    rows = _rows(question, word, bindings)
    times = _timed(question, word, _walked(question, word, rows, bindings))
    sql = _counted(question, times) if question.breakdown is None else _split(question, times, bindings)
    return Statement(sql, bindings.values)


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


def _rows(question: FunnelInput, word: walk.Word, bindings: Bindings) -> str:
    """Select one row an event that fits any step: who, and the event packed into a word."""
    conditions = [is_event(step.event, step.filters, bindings) for step in question.steps]
    start = bindings.bind(question.period.start_us)
    columns = [f"{ACTOR} AS actor", f"{word.bits(conditions)} AS bits"]
    columns.append(f"{word.packed(f'{MOMENT} - {start}', 'bits')} AS word")
    if question.breakdown:
        values = ", ".join(f"ifNull({property_text(key)}, '')" for key in question.breakdown.keys)
        columns.append(f"[{values}] AS value")
    where = both(
        in_project(),
        named([step.event for step in question.steps], bindings),
        in_range(question.period.start_us, question.period.end_us, bindings),
        is_event(None, question.filters, bindings),
        ALWAYS if _names_decide(question) else f"bits != {word.unfit}",
    )
    return f"SELECT {', '.join(columns)}\n{from_events()}\nWHERE {where}"


def _names_decide(question: FunnelInput) -> bool:
    """Whether an event of the right name always fits a step."""
    return all(not step.filters.filters for step in question.steps)


def _walked(question: FunnelInput, word: walk.Word, rows: str, bindings: Bindings) -> str:
    """Select, for each actor (and value), the sorted words and how far each attempt came."""
    window = bindings.bind(question.window_us)
    value = ", value" if question.breakdown else ""
    sql = _grouped(question, word, rows)
    sql = f"SELECT words{value}, {walk.attempts(word)} AS reached_1\nFROM ({sql})\nWHERE reached_1[-1] != 0"
    kept = f"words{value}, reached_1"
    for place in range(1, len(question.steps)):
        shares = question.steps[place - 1].may_share(question.steps[place])
        step = walk.reached(word, place + 1, window, shares_events=shares)
        sql = f"SELECT {kept}, {step} AS reached_{place + 1}\nFROM ({sql})"
        kept += f", reached_{place + 1}"
    return sql


def _grouped(question: FunnelInput, word: walk.Word, rows: str) -> str:
    """Gather each actor's words; with a breakdown, decide under which value."""
    gathered = "arraySort(groupArray(word)) AS words"
    if question.breakdown is None:
        return f"SELECT {gathered}\nFROM ({rows})\nGROUP BY actor"
    if question.breakdown.attribution is Attribution.ALL_EVENTS:
        return f"SELECT {gathered}, value\nFROM ({rows})\nGROUP BY actor, value"
    if question.breakdown.attribution is Attribution.STEP:
        return _by_step(question.breakdown, word, rows)
    pick = "argMinIf" if question.breakdown.attribution is Attribution.FIRST_TOUCH else "argMaxIf"
    nothing = f"[{', '.join(repr('') for _ in question.breakdown.keys)}]"
    touched = f"if(countIf(value != {nothing}) = 0, {nothing}, {pick}(value, word, value != {nothing})) AS touched"
    return f"SELECT words, touched AS value\nFROM (SELECT {gathered}, {touched}\nFROM ({rows})\nGROUP BY actor)"


def _by_step(breakdown: FunnelBreakdown, word: walk.Word, rows: str) -> str:
    """Put an actor under each value their events of one step carry; that step then only fits events with it."""
    fits = word.fits(breakdown.step + 1)
    bit = 1 << (word.steps - breakdown.step - 1)
    pairs = (
        f"SELECT groupArray((word, value)) AS pairs, groupUniqArrayIf(value, {fits}) AS choices\n"
        f"FROM ({rows})\nGROUP BY actor"
    )
    kept = (
        f"arraySort(arrayMap(pair -> if(pair.2 = value, pair.1, bitOr(pair.1, to{word.kind}({bit}))), pairs)) AS words"
    )
    return f"SELECT {kept}, value\nFROM ({pairs})\nARRAY JOIN choices AS value"


def _timed(question: FunnelInput, word: walk.Word, walked: str) -> str:
    """Select, for each actor, how far the best attempt came and the seconds of each step."""
    steps = range(2, len(question.steps) + 1)
    value = ["value"] if question.breakdown else []
    level = " + ".join(["1", *(f"({walk.is_reached(step)})" for step in steps)])
    columns = [*value, f"{level} AS level", f"{walk.best_attempt(len(question.steps))} AS attempt"]
    columns += [f"if(level >= {step}, {walk.time_of(word, step)}, 0) AS time_{step}" for step in steps]
    inner = f"SELECT {', '.join(columns)}\nFROM ({walked})"
    outer = [*value, "level"]
    for step in steps:
        before = "attempt" if step == 2 else f"time_{step - 1}"  # noqa: PLR2004 - the second step follows the start
        outer.append(f"(toInt64(time_{step}) - toInt64({before})) / 1000000 AS seconds_{step}")
    return f"SELECT {', '.join(outer)}\nFROM ({inner})"


def _counted(question: FunnelInput, times: str) -> str:
    columns = ["count() AS count_1"]
    for step in range(2, len(question.steps) + 1):
        columns += [
            f"countIf(level >= {step}) AS count_{step}",
            f"avgIf(seconds_{step}, level >= {step}) AS average_{step}",
            f"quantileExactInclusiveIf(0.5)(seconds_{step}, level >= {step}) AS median_{step}",
        ]
    return f"SELECT {', '.join(columns)}\nFROM ({times})"


def _split(question: FunnelInput, times: str, bindings: Bindings) -> str:
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
    cells = f"SELECT value, {', '.join(states)}\nFROM ({times})\nGROUP BY value"
    ranked = f"SELECT *, row_number() OVER (ORDER BY entered DESC, value) AS place\nFROM ({cells})"
    label = f"if(place <= {limit}, value, [{bindings.bind(OTHER)}]) AS breakdown"
    return f"SELECT breakdown, {', '.join(merged)}\nFROM (SELECT *, {label}\nFROM ({ranked}))\nGROUP BY breakdown"
