"""Funnel results as the public JSON shows them."""

from collections.abc import Sequence
from typing import Any

from apps.query.dates import Period
from apps.query.kinds.funnel_times import TimesToConvert
from apps.query.kinds.funnel_trends import ConversionLine
from apps.query.kinds.funnels import FunnelGroup
from apps.query.schema.shared import EventsNode


def steps(
    group: FunnelGroup, nodes: Sequence[EventsNode], *, is_unordered: bool, is_scalar: bool = False
) -> list[dict[str, Any]]:
    """Write the steps of one value; in an unordered funnel they have no event of their own."""
    value = group.breakdown[0] if group.breakdown and is_scalar else group.breakdown
    extra = {} if value is None else {"breakdown": value, "breakdown_value": value}
    return [
        {
            "action_id": None if is_unordered else node.event,
            "name": _completed(order + 1) if is_unordered else node.name or node.event or "All events",
            "custom_name": None if is_unordered else node.custom_name,
            "order": order,
            "people": [],
            "count": step.count,
            "type": "events",
            "average_conversion_time": step.average,
            "median_conversion_time": step.median,
            **extra,
        }
        for order, (node, step) in enumerate(zip(nodes, group.steps, strict=True))
    ]


def line(found: ConversionLine, period: Period, *, is_scalar: bool = False) -> dict[str, Any]:
    """Write conversion over time, of one value when split."""
    shown: dict[str, Any] = {
        "count": found.entered,
        "data": list(found.percents),
        "days": period.days,
        "labels": period.labels,
    }
    value = found.breakdown[0] if found.breakdown and is_scalar else found.breakdown
    return shown if value is None else shown | {"breakdown_value": value}


def histogram(times: TimesToConvert) -> dict[str, Any]:
    """Write the bins of the time to convert."""
    return {"bins": [list(one) for one in times.bins], "average_conversion_time": times.average}


def _completed(number: int) -> str:
    return f"Completed {number} step{'' if number == 1 else 's'}"
