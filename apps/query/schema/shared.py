"""Fields that several kinds of question share. Names are those of the public JSON."""

from typing import Any

from msgspec import Struct

from apps.query.dates import Interval

Ignored = Any
"""A field that only concerns how a chart looks: accepted in any shape, never read."""


class DateRange(Struct, frozen=True, forbid_unknown_fields=True):
    """From when to when; see `apps.query.dates` for what the texts may be."""

    date_from: str | None = None
    date_to: str | None = None
    explicitDate: bool | None = None  # noqa: N815 - the public name


class EventsNode(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="EventsNode"):
    """One series or step: events of a name (null: of any) that pass the filters, counted by `math`."""

    event: str | None = None
    name: str | None = None
    custom_name: str | None = None
    math: str | None = None
    math_property: str | None = None
    math_property_type: str | None = None
    math_group_type_index: int | None = None
    math_hogql: str | None = None
    math_multiplier: float | None = None
    math_property_revenue_currency: Ignored = None
    properties: Any = None
    fixedProperties: Any = None  # noqa: N815 - the public name
    optionalInFunnel: bool | None = None  # noqa: N815 - the public name
    limit: int | None = None
    orderBy: Ignored = None  # noqa: N815 - the public name
    response: Ignored = None
    version: Ignored = None

    @property
    def label(self) -> str:
        """How results name it: the custom name, else the name, else the event."""
        return self.custom_name or self.name or (self.event or "All events")


class Breakdown(Struct, frozen=True, forbid_unknown_fields=True):
    """One property to split by, in the newer notation."""

    property: str | int
    type: str | None = None
    group_type_index: int | None = None
    normalize_url: bool | None = None
    histogram_bin_count: int | None = None


class BreakdownFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """How results are split by property values."""

    breakdown: str | int | tuple[str | int, ...] | None = None
    breakdown_type: str | None = None
    breakdowns: tuple[Breakdown, ...] | None = None
    breakdown_group_type_index: int | None = None
    breakdown_histogram_bin_count: int | None = None
    breakdown_limit: int | None = None
    breakdown_hide_other_aggregation: bool | None = None
    breakdown_normalize_url: bool | None = None


class CompareFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether, and with which earlier period, results are compared."""

    compare: bool | None = None
    compare_to: str | None = None


class CommonFields(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every insight query may carry, with or without series."""

    dateRange: DateRange | None = None  # noqa: N815 - the public name
    properties: Any = None
    filterTestAccounts: bool | None = None  # noqa: N815 - the public name
    aggregation_group_type_index: int | None = None
    samplingFactor: float | None = None  # noqa: N815 - the public name
    breakdownFilter: BreakdownFilter | None = None  # noqa: N815 - the public name
    modifiers: Ignored = None
    tags: Ignored = None
    dataColorTheme: Ignored = None  # noqa: N815 - the public name
    response: Ignored = None
    version: Ignored = None


class QueryFields(CommonFields, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every insight query about series may carry."""

    series: tuple[EventsNode, ...]
    interval: Interval | None = None
