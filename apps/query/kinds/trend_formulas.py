"""Formulas over trend lines: joined by value, point by point."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.query.kinds.formulas import Formula
from apps.query.kinds.trends import TrendLine, rank


@dataclass(frozen=True, slots=True)
class NamedFormula:
    """A formula and what its result is called."""

    formula: Formula
    name: str | None = None

    @property
    def label(self) -> str:
        """How the result is named."""
        return self.name or f"Formula ({self.formula.text})"


def evaluate(formulas: Sequence[NamedFormula], lines: Sequence[TrendLine]) -> list[TrendLine]:
    """Give one line a formula and value, `series` being the formula's place; a missing side counts as zero."""
    width = max((len(line.values) for line in lines), default=0)
    values = sorted({line.breakdown for line in lines}, key=lambda value: value or "")
    found = []
    for place, named in enumerate(formulas):
        for value in values:
            sides = {chr(ord("A") + line.series): line.values for line in lines if line.breakdown == value}
            found.append(TrendLine(place, value, named.formula.points(sides, width)))
    return sorted(found, key=rank)
