"""RetentionQuery: who comes back, period by period."""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from apps.query.schema.shared import CommonFields, Ignored


class RetentionPeriod(StrEnum):
    """The width of a row and of a column."""

    HOUR = "Hour"
    DAY = "Day"
    WEEK = "Week"
    MONTH = "Month"


class RetentionType(StrEnum):
    """What makes somebody begin: the event each time, the first that passes the filters, or the first of its name."""

    RECURRING = "retention_recurring"
    FIRST_TIME = "retention_first_time"
    FIRST_EVER = "retention_first_ever_occurrence"


class RetentionEntity(Struct, frozen=True, forbid_unknown_fields=True):
    """The event that begins or the event that returns; id null: any."""

    id: str | int | None = None
    name: str | None = None
    type: str | None = None
    kind: str | None = None
    properties: Any = None
    custom_name: str | None = None
    order: Ignored = None
    uuid: Ignored = None


class RetentionFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Who begins, what counts as coming back, in how many periods of which width."""

    targetEntity: RetentionEntity | None = None  # noqa: N815 - the public name
    returningEntity: RetentionEntity | None = None  # noqa: N815 - the public name
    retentionType: RetentionType | None = None  # noqa: N815 - the public name
    period: RetentionPeriod | None = None
    totalIntervals: int | None = None  # noqa: N815 - the public name
    cumulative: bool | None = None
    minimumOccurrences: int | None = None  # noqa: N815 - the public name
    timeWindowMode: str | None = None  # noqa: N815 - the public name
    retentionCustomBrackets: tuple[float, ...] | None = None  # noqa: N815 - the public name
    aggregationType: str | None = None  # noqa: N815 - the public name
    aggregationProperty: str | None = None  # noqa: N815 - the public name
    aggregationPropertyType: Ignored = None  # noqa: N815 - read with aggregationType alone
    retentionReference: Ignored = None  # noqa: N815 - of what percentages are shown
    meanRetentionCalculation: Ignored = None  # noqa: N815
    dashboardDisplay: Ignored = None  # noqa: N815
    display: Ignored = None
    goalLines: Ignored = None  # noqa: N815
    selectedInterval: Ignored = None  # noqa: N815
    showTrendLines: Ignored = None  # noqa: N815


class RetentionQuery(
    CommonFields, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="RetentionQuery"
):
    """Of those who did one thing in a period, how many did another in the periods after it."""

    retentionFilter: RetentionFilter | None = None  # noqa: N815 - the public name
