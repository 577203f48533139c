"""Trend lines as the public JSON shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.query.dates import Period
from apps.query.kinds.trends import Shape, TrendLine
from apps.query.schema.shared import EventsNode


@dataclass(frozen=True, slots=True)
class Side:
    """One period's lines; `label` is `current` or `previous` when two periods are compared."""

    lines: tuple[TrendLine, ...]
    period: Period
    label: str | None = None


def answer(sides: Sequence[Side], nodes: Sequence[EventsNode], shape: Shape) -> list[dict[str, object]]:
    """Write every line as a series object, the current period first."""
    return [_series(line, side, nodes, shape) for side in sides for line in side.lines]


def whole(value: float) -> float | int:
    """Write whole numbers without a point."""
    return int(value) if value.is_integer() else value


def _series(line: TrendLine, side: Side, nodes: Sequence[EventsNode], shape: Shape) -> dict[str, object]:
    node = nodes[line.series]
    shown: dict[str, object] = {
        "action": _action(node, line.series),
        "label": _label(line, nodes),
        "count": 0,
        "data": [],
        "labels": [],
        "days": [],
    }
    if shape is Shape.TOTAL:
        shown["aggregated_value"] = whole(line.values[0])
    else:
        count = line.values[-1] if shape is Shape.CUMULATIVE else line.total
        shown |= {
            "count": whole(count),
            "data": [whole(value) for value in line.values],
            "labels": side.period.labels,
            "days": side.period.days,
        }
    if line.breakdown is not None:
        shown["breakdown_value"] = line.breakdown
    if side.label is not None:
        shown |= {"compare": True, "compare_label": side.label}
    return shown


def _label(line: TrendLine, nodes: Sequence[EventsNode]) -> str:
    name = nodes[line.series].label
    if line.breakdown is None:
        return name
    return line.breakdown if len(nodes) == 1 else f"{name} - {line.breakdown}"


def _action(node: EventsNode, order: int) -> dict[str, object]:
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
