"""Trend lines as the public JSON shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.query.dates import Period
from apps.query.kinds.trend_formulas import NamedFormula
from apps.query.kinds.trend_question import Shape, TrendBreakdown
from apps.query.kinds.trend_splits import values_of
from apps.query.kinds.trends import TrendLine
from apps.query.schema.shared import EventsNode


@dataclass(frozen=True, slots=True)
class Side:
    """One period's lines; `label` is `current` or `previous` when two periods are compared."""

    lines: tuple[TrendLine, ...]
    period: Period
    label: str | None = None


@dataclass(frozen=True, slots=True)
class _Named:
    """A side with the names of its buckets, which every line shares."""

    lines: tuple[TrendLine, ...]
    label: str | None
    labels: list[str]
    days: list[str]

    @classmethod
    def of(cls, side: Side) -> "_Named":
        return cls(side.lines, side.label, side.period.labels, side.period.days)


def answer(
    sides: Sequence[Side], nodes: Sequence[EventsNode], shape: Shape, breakdown: TrendBreakdown | None = None
) -> list[dict[str, object]]:
    """Write every line as a series object, the current period first."""
    names = [node.label for node in nodes]
    return [
        _shown(line, side, action_of(nodes[line.series], line.series), names, shape, breakdown)
        for side in map(_Named.of, sides)
        for line in side.lines
    ]


def formula_answer(
    sides: Sequence[Side], formulas: Sequence[NamedFormula], shape: Shape, breakdown: TrendBreakdown | None = None
) -> list[dict[str, object]]:
    """Write every line of a formula as a series object without an action."""
    names = [named.label for named in formulas]
    return [_shown(line, side, None, names, shape, breakdown) for side in map(_Named.of, sides) for line in side.lines]


def whole(value: float) -> float | int:
    """Write whole numbers without a point."""
    return int(value) if value.is_integer() else value


def _shown(  # noqa: PLR0913, PLR0917 - what a line is shown with
    line: TrendLine,
    side: _Named,
    action: dict[str, object] | None,
    names: Sequence[str],
    shape: Shape,
    breakdown: TrendBreakdown | None,
) -> dict[str, object]:
    values = [] if line.breakdown is None else values_of(line.breakdown, breakdown)
    shown: dict[str, object] = {
        "action": action,
        "label": _label(line, "::".join(values), names, is_formula=action is None),
        "count": 0,
        "data": [],
        "labels": [],
        "days": [],
    }
    if shape is Shape.TOTAL:
        shown["aggregated_value"] = whole(line.values[0])
    else:
        count = line.values[-1] if shape is Shape.CUMULATIVE and action else line.total
        shown |= {
            "count": whole(count),
            "data": [whole(value) for value in line.values],
            "labels": side.labels,
            "days": side.days,
        }
    if line.breakdown is not None:
        shown["breakdown_value"] = values if breakdown and breakdown.is_list else values[0]
    if side.label is not None:
        shown |= {"compare": True, "compare_label": side.label}
    return shown


def _label(line: TrendLine, value: str, names: Sequence[str], *, is_formula: bool) -> str:
    name = names[line.series]
    if line.breakdown is None or is_formula:
        return name
    return value if len(names) == 1 else f"{name} - {value}"


def action_of(node: EventsNode, order: int) -> dict[str, object]:
    """Say which series a result is about, as public answers do."""
    return {
        "id": node.event,
        "type": "events",
        "order": order,
        "name": node.name or node.event or "All events",
        "custom_name": node.custom_name,
        "math": node.math,
        "math_property": node.math_property,
        "math_hogql": node.math_hogql,
        "math_group_type_index": node.math_group_type_index,
        "properties": node.properties or [],
    }
