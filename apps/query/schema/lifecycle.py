"""LifecycleQuery: who is new, comes again, comes back after a break, or stays away."""

from msgspec import Struct

from apps.query.schema.shared import Ignored, QueryFields


class LifecycleFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """How the four numbers are shown."""

    toggledLifecycles: Ignored = None  # noqa: N815 - the public name
    showLegend: Ignored = None  # noqa: N815
    showValuesOnSeries: Ignored = None  # noqa: N815
    stacked: Ignored = None


class LifecycleQuery(
    QueryFields, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="LifecycleQuery"
):
    """Of one series: the actors of each period by what they did in the period before."""

    lifecycleFilter: LifecycleFilter | None = None  # noqa: N815 - the public name
