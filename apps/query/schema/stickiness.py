"""StickinessQuery: in how many periods of a range people do something."""

from enum import StrEnum

from msgspec import Struct

from apps.query.schema.shared import CompareFilter, Ignored, QueryFields


class CriteriaOperator(StrEnum):
    """How the number of events in a period is compared."""

    GTE = "gte"
    LTE = "lte"
    EXACT = "exact"


class Computed(StrEnum):
    """Whether an answer's point holds those active in exactly so many periods, or in so many or more."""

    NON_CUMULATIVE = "non_cumulative"
    CUMULATIVE = "cumulative"


class StickinessCriteria(Struct, frozen=True, forbid_unknown_fields=True):
    """How many events a period needs to count."""

    operator: CriteriaOperator
    value: int


class StickinessFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """When a period counts, and how points add up."""

    stickinessCriteria: StickinessCriteria | None = None  # noqa: N815 - the public name
    computedAs: Computed | None = None  # noqa: N815 - the public name
    display: Ignored = None
    hiddenLegendIndexes: Ignored = None  # noqa: N815
    resultCustomizationBy: Ignored = None  # noqa: N815
    resultCustomizations: Ignored = None  # noqa: N815
    showLegend: Ignored = None  # noqa: N815
    showMultipleYAxes: Ignored = None  # noqa: N815
    showValuesOnSeries: Ignored = None  # noqa: N815


class StickinessQuery(
    QueryFields, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="StickinessQuery"
):
    """How many actors were active in one period of the range, in two, in three."""

    intervalCount: int | None = None  # noqa: N815 - the public name
    stickinessFilter: StickinessFilter | None = None  # noqa: N815 - the public name
    compareFilter: CompareFilter | None = None  # noqa: N815 - the public name
