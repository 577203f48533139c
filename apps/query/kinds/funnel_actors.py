"""The common beginning of every funnel question: one row an actor (and value), with how far the best attempt came."""

from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.sql import ALWAYS
from apps.query.kinds.funnel_question import FunnelBreakdown, FunnelExclusion, FunnelInput, FunnelStep
from apps.query.kinds.funnel_unordered import UnorderedWalk
from apps.query.kinds.funnel_walk import Walk, Word
from apps.query.kinds.layers import Layers
from apps.query.kinds.source import MOMENT, both, in_project, in_range, is_event, named
from apps.query.kinds.splits import beside, shown
from apps.query.schema.funnels import Attribution, FunnelOrder

SETTINGS: Final = {"max_subquery_depth": 1000, "max_parser_depth": 5000}
"""Every step is a layer or a few; the engine's defaults allow a hundred, which twenty steps can pass."""


def bindings_of(question: FunnelInput) -> Bindings:
    """Make the bindings of a funnel's statement."""
    reach = (question.period.start_us, question.period.end_us)
    return Bindings(question.project_id, has_merges=question.people.has_merges, reach=reach)


def gather(question: FunnelInput, bindings: Bindings) -> Layers:
    """Give, for each actor, the sorted words of their events; with a breakdown, for each value they count under."""
    rows = _rows(question, bindings)
    if question.breakdown is None:
        return Layers(f"SELECT {_WORDS}\nFROM ({rows})\nGROUP BY actor", ["words"])
    return Layers(_by_value(question.breakdown, question.word, rows), ["words", "value"])


def walk(question: FunnelInput, bindings: Bindings, layers: Layers) -> Walk | UnorderedWalk:
    """Add how far each actor came; the walk given back knows when they reached each step."""
    window = bindings.bind(question.window_us)
    way: Walk | UnorderedWalk
    if question.order is FunnelOrder.UNORDERED:
        way = UnorderedWalk(question.word, window, _groups(question), tuple(range(len(question.exclusions))))
    else:
        steps = range(len(question.steps))
        way = Walk(
            word=question.word,
            window=window,
            shared=tuple(step > 0 and question.steps[step - 1].may_share(question.steps[step]) for step in steps),
            excluded=tuple(_between(question, step) for step in steps),
            is_strict=question.order is FunnelOrder.STRICT,
        )
    way.add(layers)
    return way


_WORDS: Final = "arraySort(groupArray(word)) AS words"


def _rows(question: FunnelInput, bindings: Bindings) -> str:
    """Select one row an event that matters: who, and the event packed into a word."""
    wanted: tuple[FunnelStep | FunnelExclusion, ...] = (*question.steps, *question.exclusions)
    names = [one.event for one in wanted]
    conditions = [is_event(one.event, one.filters, bindings) for one in wanted]
    is_exclusive = None not in names and len(set(names)) == len(names)
    start = bindings.bind(question.period.start_us)
    found = beside(question.breakdown.splits if question.breakdown else (), question.people, bindings)
    columns = [
        f"{question.actors.actor} AS actor",
        f"{question.word.bits(conditions, exclusive=is_exclusive)} AS bits",
        f"{question.word.packed(f'{MOMENT} - {start}', 'bits')} AS word",
    ]
    if question.breakdown:
        values = ", ".join(
            f"ifNull({shown(split, value)}, '')"
            for split, value in zip(question.breakdown.splits, found.values, strict=True)
        )
        columns.append(f"[{values}] AS value")
    # A strict funnel is broken by any event, so it must see them all.
    is_strict = question.order is FunnelOrder.STRICT
    all_fit = not any(one.filters.filters for one in wanted)
    where = both(
        in_project(),
        ALWAYS if is_strict else named(names, bindings),
        in_range(question.period.start_us, question.period.end_us, bindings),
        is_event(None, question.filters, bindings),
        question.actors.is_known,
        ALWAYS if is_strict or all_fit else f"bits != {question.word.unfit}",
    )
    return f"SELECT {', '.join(columns)}\n{found.rows(question.actors)}\nWHERE {where}"


def _between(question: FunnelInput, step: int) -> tuple[int, ...]:
    """List the exclusions that hold between a step and the one before."""
    return tuple(place for place, one in enumerate(question.exclusions) if one.first < step <= one.last)


def _groups(question: FunnelInput) -> tuple[tuple[int, int], ...]:
    """List the different steps and how often each occurs."""
    return tuple(
        (place + 1, question.steps.count(step))
        for place, step in enumerate(question.steps)
        if question.steps.index(step) == place
    )


def _by_value(breakdown: FunnelBreakdown, word: Word, rows: str) -> str:
    """Gather each actor's words under the value, or values, that attribution gives them."""
    if breakdown.attribution is Attribution.ALL_EVENTS:
        return f"SELECT {_WORDS}, value\nFROM ({rows})\nGROUP BY actor, value"
    if breakdown.attribution is Attribution.STEP:
        return _by_step(breakdown, word, rows)
    pick = "argMinIf" if breakdown.attribution is Attribution.FIRST_TOUCH else "argMaxIf"
    nothing = f"[{', '.join(repr('') for _ in breakdown.splits)}]"
    counts = f"value != {nothing} AND ({' OR '.join(f'({word.fits(step + 1)})' for step in range(word.steps))})"
    touched = f"if(countIf({counts}) = 0, {nothing}, {pick}(value, word, {counts})) AS touched"
    return f"SELECT words, touched AS value\nFROM (SELECT {_WORDS}, {touched}\nFROM ({rows})\nGROUP BY actor)"


def _by_step(breakdown: FunnelBreakdown, word: Word, rows: str) -> str:
    """Put an actor under each value their events of one step carry; that step then only fits events with it."""
    step = breakdown.step + 1
    pairs = (
        f"SELECT groupArray((word, value)) AS pairs, groupUniqArrayIf(value, {word.fits(step)}) AS choices\n"
        f"FROM ({rows})\nGROUP BY actor"
    )
    kept = f"if(pair.2 = value, pair.1, {word.without(step, 'pair.1')})"
    words = f"arraySort(arrayMap(pair -> {kept}, pairs)) AS words"
    return f"SELECT {words}, value\nFROM ({pairs})\nARRAY JOIN choices AS value"
