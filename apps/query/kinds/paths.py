"""Where people go next: each actor's events as one sorted array, cut into visits, visits into edges.

One scan; the last layer counts edges, so what leaves the engine is never more than the edges asked for
(docs/explanation/query.md).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.clickhouse.statement import Statement
from apps.query.kinds.path_items import cleaned, grouped, is_of_types, name, spellings
from apps.query.kinds.paths_question import PathsInput
from apps.query.kinds.source import MOMENT, People, both, in_project, in_range, is_event

LONGEST_PAUSE_US: Final = 30 * 60 * 1_000_000
"""After a longer pause (in microseconds) a new visit begins."""

GAP: Final = "..."
"""The node that stands for what is left out between the beginning and the end of a long path."""

_FIRST: Final = "1_"


@dataclass(frozen=True, slots=True)
class Edge:
    """One way between neighbouring steps: nodes named `<step>_<item>`, how often it was taken, in milliseconds."""

    source: str
    target: str
    value: int
    average: float


def build(question: PathsInput) -> Statement:
    """Ask for the edges that most paths have in common."""
    bindings = Bindings(
        question.project_id,
        has_merges=not isinstance(question.actors, People) or question.actors.has_merges,
        reach=(question.period.start_us, question.period.end_us),
    )
    path = _limited(question, bindings, _bounded(question, bindings, _visits(question, bindings)))
    edges = (
        "SELECT arrayJoin(arrayMap((step, one, other) -> (step, one.2, other.2, other.1 - one.1), "
        "arrayEnumerate(arrayPopBack(path)), arrayPopBack(path), arrayPopFront(path))) AS edge\n"
        f"FROM ({path})"
    )
    names = "concat(toString(edge.1), '_', edge.2) AS source, concat(toString(edge.1 + 1), '_', edge.3) AS target"
    sql = (
        f"SELECT {names}, count() AS value, avg(edge.4) / 1000 AS average\nFROM ({edges})\n"
        f"GROUP BY edge.1, edge.2, edge.3{_weighed(question, bindings)}\n"
        f"ORDER BY value DESC, source, target LIMIT {bindings.bind(question.edges)}"
    )
    return Statement(sql, bindings.values)


def decode(rows: Sequence[Mapping[str, object]]) -> list[Edge]:
    """Read the edges by column name, without those that no first step leads to."""
    edges = [
        Edge(str(row["source"]), str(row["target"]), int(str(row["value"])), float(str(row["average"]))) for row in rows
    ]
    onward = defaultdict(list)
    for edge in edges:
        onward[edge.source].append(edge.target)
    reached: set[str] = set()
    ahead = [edge.source for edge in edges if edge.source.startswith(_FIRST)]
    while ahead:
        node = ahead.pop()
        if node not in reached:
            reached.add(node)
            ahead += onward[node]
    return [edge for edge in edges if edge.source in reached]


def _visits(question: PathsInput, bindings: Bindings) -> str:
    """Select every visit as `path`: moment and item of each step, of repeats in a row the last."""
    events = _events(question, bindings)
    gathered = f"SELECT arraySort(groupArray((moment, uuid, item))) AS steps\nFROM ({events})\nGROUP BY actor"
    pause = bindings.bind(LONGEST_PAUSE_US)
    begins = f"arrayMap(passed -> passed > {pause}, arrayDifference(steps.1))"
    visits = f"SELECT arrayJoin(arraySplit((step, begins) -> begins, steps, {begins})) AS visit\nFROM ({gathered})"
    # No item is empty, so the last step of a visit differs from what comes after it.
    apart = "arrayFilter((step, after) -> step.3 != after, visit, arrayPushBack(arrayPopFront(visit.3), ''))"
    return f"SELECT arrayMap(step -> (step.1, step.3), {apart}) AS path\nFROM ({visits})"


def _events(question: PathsInput, bindings: Bindings) -> str:
    where = both(
        in_project(),
        in_range(question.period.start_us, question.period.end_us, bindings),
        is_of_types(question, bindings),
        is_event(None, question.filters, bindings),
        question.actors.is_known,
    )
    found = (
        f"SELECT {question.actors.actor} AS actor, {MOMENT} AS moment, uuid, {name(question, bindings)} AS named\n"
        f"{question.actors.from_events()}\nWHERE {where}"
    )
    clean = f"SELECT actor, moment, uuid, {cleaned(question, bindings, 'named')} AS clean\nFROM ({found})"
    excluded = tuple(dict.fromkeys(one for text in question.excluded for one in spellings(text)))
    is_wanted = f" AND item NOT IN {bindings.bind(excluded)}" if excluded else ""
    return (
        f"SELECT actor, moment, uuid, {grouped(question, bindings, 'clean')} AS item\n"
        f"FROM ({clean})\nWHERE item != ''{is_wanted}"
    )


def _bounded(question: PathsInput, bindings: Bindings, visits: str) -> str:
    """Cut paths to what lies from the first visit of the start to the first visit of the end after it."""
    for text, cut in ((question.start, "arraySlice(path, place)"), (question.end, "arraySlice(path, 1, place)")):
        if text:
            place = f"arrayFirstIndex(step -> step.2 IN {bindings.bind(spellings(text))}, path)"
            visits = f"SELECT {cut} AS path\nFROM (SELECT path, {place} AS place\nFROM ({visits}))\nWHERE place > 0"
    return visits


def _limited(question: PathsInput, bindings: Bindings, paths: str) -> str:
    """Keep as many steps as may be: the first, with an end the last, with both as many from either side."""
    most = bindings.bind(question.steps)
    if not question.end:
        kept = f"arraySlice(path, 1, {most})"
    elif not question.start:
        kept = f"arraySlice(path, greatest(toInt64(length(path)) - {most}, 0) + 1)"
    else:
        half, between = bindings.bind(question.steps // 2), bindings.bind(question.steps // 2 + 1)
        head, tail = f"arraySlice(path, 1, {half})", f"arraySlice(path, length(path) - {half} + 1)"
        # The gap has the moment of the first step it stands for.
        gap = f"[(path[{between}].1, {bindings.bind(GAP)})]"
        kept = f"if(length(path) > {most}, arrayConcat({head}, {gap}, {tail}), path)"
    return f"SELECT {kept} AS path\nFROM ({paths})\nWHERE length(path) > 1"


def _weighed(question: PathsInput, bindings: Bindings) -> str:
    parts = [
        f"value {sign} {bindings.bind(bound)}"
        for sign, bound in ((">=", question.least), ("<=", question.most))
        if bound is not None
    ]
    return f"\nHAVING {' AND '.join(parts)}" if parts else ""
