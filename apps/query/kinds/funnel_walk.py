"""The walk of one actor through the steps of a funnel whose steps have an order, in ClickHouse array functions.

An actor's events become one sorted array of whole numbers, each holding the time (microseconds since the range began)
and, in its lowest bits, which steps and exclusions the event fits. For every step k an array `reached_k` then says,
at each event, in which attempt (its start, plus one; zero for none) step k has last been reached. An event reaches k
when k-1 was reached in an attempt that began no longer ago than the window. That is windowFunnel's rule, one pass a
step, but the array keeps when it happened, which windowFunnel forgets.

Strict funnels forget what was reached at every event that is not the next step. Exclusions mark an attempt that
stands between two steps (`marked_k`); an attempt that goes on takes its mark along (`brought_k`: 1 clean, 2 marked).
Events that share a moment are taken in the order of the steps, and neither strictness nor exclusions apply to them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.query.kinds.layers import Layers

_NEVER = 2**64 - 1
_MARKED = 2


@dataclass(frozen=True, slots=True)
class Word:
    """How an event is packed into one number: its time above, one bit a step below, then one an exclusion.

    A bit is zero when the event fits, and the first step has the highest: among events of one moment those of earlier
    steps sort first, the order that helps.
    """

    steps: int
    exclusions: int
    kind: str

    @classmethod
    def fitting(cls, length_us: int, steps: int, exclusions: int = 0) -> "Word":
        """Choose the smallest number that holds a range of this length with this many bits."""
        bits = length_us.bit_length() + steps + exclusions
        return cls(steps, exclusions, "UInt64" if bits < 64 else "UInt128")  # noqa: PLR2004 - the width of a word

    @property
    def width(self) -> int:
        """How many low bits say what an event fits."""
        return self.steps + self.exclusions

    @property
    def unfit(self) -> int:
        """The low bits of an event that fits nothing."""
        return (1 << self.width) - 1

    def bits(self, conditions: Sequence[str], *, exclusive: bool) -> str:
        """Pack what an event fits: the conditions of the steps, then those of the exclusions.

        `exclusive` says that no event can fit two; the first that fits then decides, which is quicker.
        """
        if exclusive:
            cases = [f"{text}, {self.unfit - (1 << (self.width - place - 1))}" for place, text in enumerate(conditions)]
            return f"toUInt64(multiIf({', '.join(cases)}, {self.unfit}))"
        terms = [f"toUInt64({text}) * {1 << (self.width - place - 1)}" for place, text in enumerate(conditions)]
        return f"({self.unfit} - ({' + '.join(terms)}))"

    def packed(self, offset: str, bits: str) -> str:
        """Pack a time (microseconds since the range began) with the bits."""
        return f"bitOr(bitShiftLeft(to{self.kind}({offset}), {self.width}), to{self.kind}({bits}))"

    def fits(self, step: int, word: str = "word") -> str:
        """Tell whether an event fits a step (counted from 1)."""
        return f"bitAnd({word}, to{self.kind}({1 << (self.width - step)})) = 0"

    def without(self, step: int, word: str = "word") -> str:
        """Give the word of the same event that no longer fits a step."""
        return f"bitOr({word}, to{self.kind}({1 << (self.width - step)}))"

    def is_excluded(self, exclusions: Sequence[int], word: str = "word") -> str:
        """Tell whether an event fits one of some exclusions (counted from 0)."""
        mask = sum(1 << (self.exclusions - place - 1) for place in exclusions)
        return f"bitAnd({word}, to{self.kind}({mask})) != {mask}"

    def offset(self, word: str = "word") -> str:
        """Give an event's time, in microseconds since the range began."""
        return f"bitShiftRight({word}, {self.width})"

    def started(self, word: str = "word") -> str:
        """Give an event's time plus one, so that zero can mean none."""
        return f"({self.offset(word)} + 1)"


@dataclass(frozen=True, slots=True)
class Walk:
    """The rule of the path: the window, and what may or must not lie between two steps.

    `shared[k-1]` says that one event could fill both step k-1 and step k, `excluded[k-1]` which exclusions hold
    between them (counting steps from 1; the first entries say nothing).
    """

    word: Word
    window: str
    shared: tuple[bool, ...]
    excluded: tuple[tuple[int, ...], ...]
    is_strict: bool = False

    @property
    def steps(self) -> int:
        """How many steps the path has."""
        return self.word.steps

    @property
    def has_exclusions(self) -> bool:
        """Whether anything is excluded between any two steps."""
        return any(self.excluded)

    def add(self, layers: Layers) -> None:
        """Add to layers that hold `words` the columns `level` and `attempt`; actors without an attempt drop out."""
        if self.is_strict or self.has_exclusions:
            layers.add(moments=f"arrayMap(word -> {self.word.offset()}, words)")
            layers.add(ties=_ties())
        self._start(layers)
        for step in range(2, self.steps + 1):
            self._reach(layers, step)
        layers.add(level=" + ".join(["1", *(f"({self._is_reached(step)})" for step in range(2, self.steps + 1))]))
        layers.add(attempt=self._best_attempt(), where="attempt != 0")

    def time_of(self, step: int) -> str:
        """Give when the best attempt reached a step, in microseconds since the range began, plus one."""
        return "attempt" if step == 1 else self.word.started(f"words[indexOf(reached_{step}, attempt)]")

    def _start(self, layers: Layers) -> None:
        """At each event, the latest start so far; a newer one replaces an older."""
        starts = f"arrayMap(word -> if({self.word.fits(1)}, {self.word.started()}, 0), words)"
        layers.add(reached_1=self._carried(starts), where=self._is_reached(1, plain="reached_1"))
        if self.has_exclusions:
            layers.add(brought_1="arrayMap(attempt -> toUInt8(1), reached_1)")
            self._mark(layers, 1)

    def _reach(self, layers: Layers, step: int) -> None:
        """At each event, the attempt in which a step has last been reached."""
        word = self.word
        is_before = self.shared[step - 1] or self.is_strict
        before = _shifted(f"reached_{step - 1}") if is_before else f"reached_{step - 1}"
        moves = f"{word.fits(step)} AND attempt != 0 AND {word.started()} <= attempt + {self.window}"
        moved = f"arrayMap((word, attempt) -> if({moves}, attempt, 0), words, {before})"
        if not self.has_exclusions:
            layers.add(**{f"reached_{step}": self._carried(moved)})
            return
        layers.add(**{f"moved_{step}": moved})
        layers.add(**{f"reached_{step}": self._carried(f"moved_{step}")})
        marks = _shifted(f"is_marked_{step - 1}") if is_before else f"is_marked_{step - 1}"
        first = "moved != 0 AND moved != known"
        brought = (
            f"arrayMap((moved, known, mark) -> if({first}, toUInt8(1 + mark), toUInt8(0)),"
            f" moved_{step}, {_shifted(f'reached_{step}')}, {marks})"
        )
        layers.add(**{f"brought_{step}": f"arrayFill(x -> x != 0, {brought})"})
        self._mark(layers, step)

    def _mark(self, layers: Layers, step: int) -> None:
        """Mark the attempt that stands at a step when an excluded event comes inside its window."""
        excluded = self.excluded[step] if step < self.steps else ()
        if excluded:
            hits = (
                f"{self.word.is_excluded(excluded)} AND NOT tie AND attempt != 0"
                f" AND {self.word.started()} <= attempt + {self.window}"
            )
            arrays = f"words, ties, {_shifted(f'reached_{step}')}"
            marks = f"arrayMap((word, tie, attempt) -> if({hits}, attempt, 0), {arrays})"
            layers.add(**{f"marked_{step}": f"arrayFill(x -> x != 0, {marks})"})
        else:
            layers.add(**{f"marked_{step}": f"arrayMap(attempt -> 0, reached_{step})"})
        is_marked = f"attempt != 0 AND (brought = {_MARKED} OR mark = attempt)"
        arrays = f"reached_{step}, brought_{step}, marked_{step}"
        layers.add(**{f"is_marked_{step}": f"arrayMap((attempt, brought, mark) -> {is_marked}, {arrays})"})

    def _carried(self, values: str) -> str:
        """Carry each value on to the events after it; in a strict funnel only over events of one moment."""
        if self.is_strict:
            return f"arrayFill((x, tie) -> x != 0 OR NOT tie, {values}, ties)"
        return f"arrayFill(x -> x != 0, {values})"

    def _is_reached(self, step: int, plain: str = "") -> str:
        column = plain or f"reached_{step}"
        return f"arrayExists(x -> x != 0, {column})" if self.is_strict else f"{column}[-1] != 0"

    def _best_attempt(self) -> str:
        """Give the first unmarked attempt that got as far as any did; zero when all that did are marked."""
        cases = [f"level = {step}, {self._first_clean(step)}" for step in range(self.steps, 1, -1)]
        return f"multiIf({', '.join([*cases, self._first_clean(1)])})" if cases else self._first_clean(1)

    def _first_clean(self, step: int) -> str:
        if not self.has_exclusions:
            return f"arrayFirst(x -> x != 0, reached_{step})"
        is_clean = f"x != 0 AND NOT has(marked_{step}, x) AND brought_{step}[indexOf(reached_{step}, x)] != {_MARKED}"
        return f"arrayFirst(x -> {is_clean}, arrayDistinct(reached_{step}))"


def _ties() -> str:
    """Tell of each event whether another one has the same moment."""
    return (
        "arrayMap((moment, before, after) -> moment = before OR moment = after, moments,"
        f" arrayPushFront(arrayPopBack(moments), {_NEVER}), arrayPushBack(arrayPopFront(moments), {_NEVER}))"
    )


def _shifted(column: str) -> str:
    """Give what an array said at the event before."""
    return f"arrayPushFront(arrayPopBack({column}), 0)"
