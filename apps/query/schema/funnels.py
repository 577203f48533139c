"""FunnelsQuery: how many people get from a first step to a last."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from apps.query.schema.shared import Ignored, QueryFields


class FunnelOrder(StrEnum):
    """The rule of the path between two steps."""

    ORDERED = "ordered"
    STRICT = "strict"
    UNORDERED = "unordered"


class FunnelViz(StrEnum):
    """What of a funnel is shown."""

    STEPS = "steps"
    TIME_TO_CONVERT = "time_to_convert"
    TRENDS = "trends"


class Attribution(StrEnum):
    """Which event's property value an actor is counted under."""

    FIRST_TOUCH = "first_touch"
    LAST_TOUCH = "last_touch"
    ALL_EVENTS = "all_events"
    STEP = "step"


class WindowUnit(StrEnum):
    """The unit of the conversion window."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class FunnelExclusion(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="EventsNode"):
    """An event that must not happen between two steps."""

    funnelFromStep: int  # noqa: N815 - the public name
    funnelToStep: int  # noqa: N815 - the public name
    event: str | None = None
    name: str | None = None
    custom_name: str | None = None
    properties: Any = None


class FunnelsFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """How the path is walked and what of it is shown."""

    funnelVizType: FunnelViz | None = None  # noqa: N815 - the public name
    funnelOrderType: FunnelOrder | None = None  # noqa: N815 - the public name
    funnelWindowInterval: int | None = None  # noqa: N815 - the public name
    funnelWindowIntervalUnit: WindowUnit | None = None  # noqa: N815 - the public name
    funnelFromStep: int | None = None  # noqa: N815 - the public name
    funnelToStep: int | None = None  # noqa: N815 - the public name
    binCount: int | None = None  # noqa: N815 - the public name
    exclusions: tuple[FunnelExclusion, ...] | None = None
    breakdownAttributionType: Attribution | None = None  # noqa: N815 - the public name
    breakdownAttributionValue: int | None = None  # noqa: N815 - the public name
    funnelAggregateByHogQL: str | None = None  # noqa: N815 - the public name
    breakdownSorting: Ignored = None  # noqa: N815
    customAggregationTarget: Ignored = None  # noqa: N815
    funnelStepReference: Ignored = None  # noqa: N815
    goalLines: Ignored = None  # noqa: N815
    hiddenLegendBreakdowns: Ignored = None  # noqa: N815
    hideIncompleteConversionWindowPeriods: bool | None = None  # noqa: N815
    layout: Ignored = None
    resultCustomizations: Ignored = None  # noqa: N815
    showTrendLines: Ignored = None  # noqa: N815
    showValuesOnSeries: Ignored = None  # noqa: N815
    useUdf: Ignored = None  # noqa: N815


class FunnelsQuery(
    QueryFields, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="FunnelsQuery"
):
    """How many people took each of several steps, one after the other, in time."""

    funnelsFilter: FunnelsFilter | None = None  # noqa: N815 - the public name
