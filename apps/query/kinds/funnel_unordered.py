"""The walk of one actor through a funnel whose steps may come in any order.

At each event one counts how many steps have an event of their own inside the window that ends there; the largest
count is how far the actor came, and the events of its first occurrence are the steps' times. An exclusion wipes what
came before it. Words are those of `funnel_walk`.
"""

from dataclasses import dataclass

from apps.query.kinds.funnel_walk import Word
from apps.query.kinds.layers import Layers


@dataclass(frozen=True, slots=True)
class UnorderedWalk:
    """The rule: the window, and which steps are the same and so need as many events.

    `groups` holds, for each different step, its number (counted from 1) and how often it occurs.
    """

    word: Word
    window: str
    groups: tuple[tuple[int, int], ...]
    excluded: tuple[int, ...] = ()

    def add(self, layers: Layers) -> None:
        """Add to layers that hold `words` the columns `level` and `attempt`; actors without a step drop out."""
        word = self.word
        layers.add(moments=f"arrayMap(word -> {word.started()}, words)", wiped=self._wiped())
        for place, (step, _) in enumerate(self.groups):
            own = f"arrayMap(word -> {word.started()}, arrayFilter(word -> {word.fits(step)}, words))"
            seen = f"arrayCumSum(arrayMap(word -> toUInt32({word.fits(step)}), words))"
            layers.add(**{f"own_{place}": own, f"seen_{place}": seen})
        counts = [self._held(place, rank) for place, (_, many) in enumerate(self.groups) for rank in range(many)]
        seen_columns = ", ".join(f"seen_{place}" for place in range(len(self.groups)))
        seen_names = ", ".join(f"s{place}" for place in range(len(self.groups)))
        layers.add(
            held=f"arrayMap((moment, wipe, {seen_names}) -> {' + '.join(counts)}, moments, wiped, {seen_columns})"
        )
        layers.add(level="arrayMax(held)", where="level > 0")
        layers.add(place="indexOf(held, level)")
        layers.add(until="moments[place]", since="wiped[place]")
        layers.add(completed=self._completed())
        layers.add(attempt="completed[1]")

    @staticmethod
    def time_of(step: int) -> str:
        """Give when the step was completed, in microseconds since the range began, plus one."""
        return f"completed[{step}]"

    def _wiped(self) -> str:
        """At each event, the moment of the last exclusion (plus one), zero before any."""
        if not self.excluded:
            return "arrayMap(word -> 0, words)"
        hit = f"if({self.word.is_excluded(self.excluded)}, {self.word.started()}, 0)"
        return f"arrayFill(x -> x != 0, arrayMap(word -> {hit}, words))"

    def _held(self, place: int, rank: int) -> str:
        """Tell whether, at an event, the step's last event but `rank` still counts."""
        own = f"own_{place}[s{place} - {rank}]"
        return f"toUInt32(s{place} > {rank} AND {own} + {self.window} >= moment AND {own} > wipe)"

    def _completed(self) -> str:
        counts = f"t <= until AND t + {self.window} >= until AND t > since"
        parts = [
            f"arraySlice(arrayFilter(t -> {counts}, own_{place}), 1, {many})"
            for place, (_, many) in enumerate(self.groups)
        ]
        return f"arraySort(arrayConcat({', '.join(parts)}))"
