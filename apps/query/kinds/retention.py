"""Who comes back: each actor's events become two small sets, where they began and where they were there again.

One scan, one row an actor, and from it one row for every place of the triangle the actor counts at
(docs/explanation/query.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import NO_FILTER
from apps.clickhouse.statement import Statement
from apps.query.kinds import buckets
from apps.query.kinds.retention_question import RetentionBreakdown, RetentionInput
from apps.query.kinds.source import both, in_project, in_range, is_event, named
from apps.query.kinds.splits import beside, text_of
from apps.query.schema.retention import RetentionType

OTHER: Final = "$$_posthog_breakdown_other_$$"
"""How answers name the values beyond the limit; actors without the property are under the empty text."""

_BEFORE_ALL: Final = -2_208_988_800_000_000
"""The beginning of 1900, in microseconds since 1970: no event is earlier."""


@dataclass(frozen=True, slots=True)
class RetentionLine:
    """The triangle of one value (None: not split): a row a period, a number a column."""

    breakdown: str | None
    rows: tuple[tuple[int, ...], ...]


def build(question: RetentionInput) -> Statement:
    """Ask how many actors count at each place of the triangle."""
    bindings = Bindings(question.project_id, has_merges=question.people.has_merges)
    width = bindings.bind(question.columns)
    if question.is_cumulative:
        later = f"range(1, toInt32(greatest(1, least({width}, arrayMax(arrayPushBack(returns, began)) - began + 1))))"
    else:
        later = f"arrayFilter(away -> away > 0 AND away < {width}, arrayMap(place -> place - began, returns))"
    aways = f"arrayJoin(arrayPushFront(arrayMap(away -> toInt32(away), {later}), toInt32(0))) AS away"
    beginnings, label = _beginnings(question, bindings), ""
    if question.breakdown is not None:
        beginnings, label = _labelled(beginnings, question.breakdown, bindings), "breakdown, "
    places = f"SELECT {label}began, {aways}\nFROM ({beginnings})"
    counted = f"SELECT {label}began, away, count() AS actors\nFROM ({places})\nGROUP BY {label}began, away"
    return Statement(counted, bindings.values)


def decode(rows: Sequence[Mapping[str, object]], question: RetentionInput) -> list[RetentionLine]:
    """Put the numbers in their places; the largest value first, the rest last."""
    height = len(question.period.buckets)
    found: dict[str | None, list[list[int]]] = {}
    if question.breakdown is None:
        found[None] = _empty(height, question.columns)
    for row in rows:
        value = None if question.breakdown is None else str(row["breakdown"])
        if value not in found:
            buckets.demand_room((len(found) + 1) * question.columns, question.period)
            found[value] = _empty(height, question.columns)
        found[value][int(str(row["began"]))][int(str(row["away"]))] = int(str(row["actors"]))
    lines = [RetentionLine(value, tuple(map(tuple, table))) for value, table in found.items()]
    return sorted(lines, key=_rank)


def _rank(line: RetentionLine) -> tuple[bool, int, str]:
    return line.breakdown == OTHER, -sum(row[0] for row in line.rows), line.breakdown or ""


def _empty(height: int, width: int) -> list[list[int]]:
    return [[0] * width for _ in range(height)]


def _beginnings(question: RetentionInput, bindings: Bindings) -> str:
    """Select a row for every time an actor begins: `actor`, `began`, the set `returns` and, when split, `split`."""
    is_split = question.breakdown is not None
    events, returns = _events(question, bindings), _returns(question, bindings)
    if question.kind is RetentionType.RECURRING:
        begin = "(place, split)" if is_split else "place"
        each = f"SELECT actor, groupUniqArrayIf({begin}, starts) AS begun, {returns}\nFROM ({events})\nGROUP BY actor"
        begun = f"SELECT actor, returns, arrayJoin(begun) AS begin\nFROM ({each})"
        columns = "tupleElement(begin, 1) AS began, tupleElement(begin, 2) AS split" if is_split else "begin AS began"
        return f"SELECT actor, {columns}, returns\nFROM ({begun})"
    start = bindings.bind(question.period.start_us)
    split = ", argMinIf(split, (timestamp, uuid), starts) AS split" if is_split else ""
    when = f"countIf(starts) > 0 AND first >= fromUnixTimestamp64Micro(toInt64({start}), 'UTC')"
    if question.kind is RetentionType.FIRST_EVER:
        when += " AND minIf(timestamp, is_named) = first"
    each = (
        f"SELECT actor, minIf(timestamp, starts) AS first, {returns}{split}\nFROM ({events})\n"
        f"GROUP BY actor\nHAVING {when}"
    )
    began = buckets.place(question.period, question.timezone, bindings, "first")
    return f"SELECT actor, {began} AS began, returns{', split' if is_split else ''}\nFROM ({each})"


def _events(question: RetentionInput, bindings: Bindings) -> str:
    """Select the events that begin or return; those that begin from all time when only the first of them counts."""
    target, returning, period = question.target, question.returning, question.period
    starts = is_event(target.event, target.filters, bindings)
    returns = is_event(returning.event, returning.filters, bindings)
    columns = [
        f"{question.actors.actor} AS actor",
        f"{buckets.place(period, question.timezone, bindings)} AS place",
        f"{starts} AS starts",
        f"{returns} AS comes_back",
    ]
    wanted, reach = f"({starts} OR {returns})", in_range(period.start_us, period.end_us, bindings)
    if question.kind is not RetentionType.RECURRING:
        is_named = is_event(target.event, NO_FILTER, bindings)
        columns += ["timestamp", "uuid", f"{is_named} AS is_named"]
        begins = is_named if question.kind is RetentionType.FIRST_EVER else starts
        wanted = f"({begins} OR ({returns} AND {reach}))"
        reach = in_range(_BEFORE_ALL, period.end_us, bindings)
    splits = () if question.breakdown is None else (question.breakdown.split,)
    found = beside(splits, question.people, bindings)
    columns += [
        f"ifNull({text_of(split, value)}, '') AS split" for split, value in zip(splits, found.values, strict=True)
    ]
    where = both(
        in_project(), named([target.event, returning.event], bindings), reach, wanted, question.actors.is_known
    )
    return f"SELECT {', '.join(columns)}\n{found.rows(question.actors)}\nWHERE {where}"


def _returns(question: RetentionInput, bindings: Bindings) -> str:
    """Give the set of places where the actor came back often enough."""
    if question.minimum == 1:
        return "groupUniqArrayIf(place, comes_back) AS returns"
    often = "sumMapIf([place], [toUInt64(1)], comes_back)"
    enough = f"times >= {bindings.bind(question.minimum)}"
    return f"arrayFilter((place, times) -> {enough}, tupleElement({often}, 1), tupleElement({often}, 2)) AS returns"


def _labelled(rows: str, breakdown: RetentionBreakdown, bindings: Bindings) -> str:
    """Name each row's value, or the rest; an actor who begins under several values of the rest counts there once."""
    other = bindings.bind(OTHER)
    most = f"ORDER BY count() DESC, split LIMIT {bindings.bind(breakdown.limit)}"
    largest = f"SELECT groupArray(split)\nFROM (SELECT split\nFROM ({rows})\nGROUP BY split\n{most})"
    label = f"if(has(({largest}), split), split, {other}) AS breakdown"
    hidden = f"\nHAVING breakdown != {other}" if breakdown.hides_other else ""
    return (
        f"SELECT actor, began, breakdown, any(returns) AS returns\nFROM (SELECT actor, began, returns, {label}\n"
        f"FROM ({rows}))\nGROUP BY actor, began, breakdown{hidden}"
    )
