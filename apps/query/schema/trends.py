"""TrendsQuery: how a number develops over time."""

from msgspec import Struct

from apps.query.schema.shared import CompareFilter, Ignored, QueryFields


class FormulaNode(Struct, frozen=True, forbid_unknown_fields=True):
    """One formula over the series, with a name of its own."""

    formula: str
    custom_name: str | None = None


class TrendsFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """How a trend is shown; some displays change what is counted."""

    display: str | None = None
    formula: str | None = None
    formulas: tuple[str, ...] | None = None
    formulaNodes: tuple[FormulaNode, ...] | None = None  # noqa: N815 - the public name
    smoothingIntervals: int | None = None  # noqa: N815 - the public name
    aggregationAxisFormat: Ignored = None  # noqa: N815
    aggregationAxisPostfix: Ignored = None  # noqa: N815
    aggregationAxisPrefix: Ignored = None  # noqa: N815
    breakdown_histogram_bin_count: Ignored = None
    confidenceLevel: Ignored = None  # noqa: N815
    decimalPlaces: Ignored = None  # noqa: N815
    detailedResultsAggregationType: Ignored = None  # noqa: N815
    excludeBoxPlotOutliers: Ignored = None  # noqa: N815
    goalLines: Ignored = None  # noqa: N815
    hiddenLegendIndexes: Ignored = None  # noqa: N815
    hideWeekends: Ignored = None  # noqa: N815
    minDecimalPlaces: Ignored = None  # noqa: N815
    movingAverageIntervals: Ignored = None  # noqa: N815
    resultCustomizationBy: Ignored = None  # noqa: N815
    resultCustomizations: Ignored = None  # noqa: N815
    showAlertThresholdLines: Ignored = None  # noqa: N815
    showConfidenceIntervals: Ignored = None  # noqa: N815
    showLabelsOnSeries: Ignored = None  # noqa: N815
    showLegend: Ignored = None  # noqa: N815
    showMovingAverage: Ignored = None  # noqa: N815
    showMultipleYAxes: Ignored = None  # noqa: N815
    showPercentStackView: Ignored = None  # noqa: N815
    showTrendLines: Ignored = None  # noqa: N815
    showValuesOnSeries: Ignored = None  # noqa: N815
    yAxisScaleType: Ignored = None  # noqa: N815


class TrendsQuery(
    QueryFields, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="TrendsQuery"
):
    """How often, or by how many people, events happened, bucket by bucket."""

    trendsFilter: TrendsFilter | None = None  # noqa: N815 - the public name
    compareFilter: CompareFilter | None = None  # noqa: N815 - the public name
    conversionGoal: Ignored = None  # noqa: N815 - the public name
