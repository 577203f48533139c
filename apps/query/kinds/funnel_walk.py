"""The walk of one actor through the steps of an ordered funnel, in ClickHouse array functions.

An actor's events become one sorted array of whole numbers, each holding the time (microseconds since the range began)
and, in its lowest bits, which steps the event fits. For every step k an array `reached_k` then says, at each event, in
which attempt (its start, plus one; zero for none) step k has last been reached. An event reaches k when k-1 was
reached in an attempt that began no longer ago than the window. That is windowFunnel's rule, one pass a step, but the
array keeps when it happened, which windowFunnel forgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """How an event is packed into one number: its time above, one bit a step below.

    A step's bit is zero when the event fits, and the first step has the highest: among events of one moment those
    of earlier steps sort first, the order that helps.
    """

    steps: int
    kind: str

    @classmethod
    def fitting(cls, length_us: int, steps: int) -> "Word":
        """Choose the smallest number that holds a range of this length with this many steps."""
        return cls(steps, "UInt64" if length_us.bit_length() + steps < 64 else "UInt128")  # noqa: PLR2004

    @property
    def unfit(self) -> int:
        """The low bits of an event that fits no step."""
        return (1 << self.steps) - 1

    def bits(self, conditions: Sequence[str]) -> str:
        """Pack which steps an event fits."""
        terms = [f"toUInt32({text}) * {1 << self._bit(place + 1)}" for place, text in enumerate(conditions)]
        return f"({self.unfit} - ({' + '.join(terms)}))"

    def packed(self, offset: str, bits: str) -> str:
        """Pack a time (microseconds since the range began) with the bits."""
        return f"bitOr(bitShiftLeft(to{self.kind}({offset}), {self.steps}), to{self.kind}({bits}))"

    def fits(self, step: int, word: str = "word") -> str:
        """Tell whether an event fits a step (counted from 1)."""
        return f"bitTest({word}, {self._bit(step)}) = 0"

    def started(self, word: str = "word") -> str:
        """Give an event's time plus one, so that zero can mean none."""
        return f"(bitShiftRight({word}, {self.steps}) + 1)"

    def _bit(self, step: int) -> int:
        return self.steps - step


def attempts(word: Word) -> str:
    """Give `reached_1`: at each event, the latest start so far; a newer one replaces an older."""
    return f"arrayFill(x -> x != 0, arrayMap(word -> if({word.fits(1)}, {word.started()}, 0), words))"


def reached(word: Word, step: int, window: str, *, shares_events: bool) -> str:
    """Give `reached_k`: at each event, the attempt in which step k has last been reached.

    Where one event could fit this step and the one before, it must have been reached before this very event.
    """
    before = f"reached_{step - 1}"
    if shares_events:
        before = f"arrayPopBack(arrayPushFront({before}, 0))"
    moves = f"{word.fits(step)} AND attempt != 0 AND {word.started()} <= attempt + {window}"
    return f"arrayFill(x -> x != 0, arrayMap((word, attempt) -> if({moves}, attempt, 0), words, {before}))"


def is_reached(step: int) -> str:
    """Tell whether the actor reached a step in any attempt."""
    return f"reached_{step}[-1] != 0"


def best_attempt(steps: int) -> str:
    """Give the first attempt that got as far as any did."""
    cases = [f"{is_reached(step)}, arrayFirst(x -> x != 0, reached_{step})" for step in range(steps, 1, -1)]
    return f"multiIf({', '.join(cases)}, 0)" if cases else "0"


def time_of(word: Word, step: int) -> str:
    """Give when the best attempt reached a step, in microseconds since the range began, plus one."""
    if step == 1:
        return "attempt"
    return word.started(f"words[indexOf(reached_{step}, attempt)]")
