"""Questions about who comes back, how often and as what: wrong ones name the field, periods are whole."""

from typing import Any

import pytest

from apps.common.errors import DomainError
from apps.query.contracts import Scope
from apps.query.dates import Calendar, zone
from apps.query.planning import plan
from apps.query.schema import parse_query
from tests.factories.events import at


def scope(timezone: str = "UTC", *, starts_monday: bool = False) -> Scope:
    return Scope(1, timezone, Calendar(zone(timezone), week_starts_monday=starts_monday, now=at("2026-01-10T12:00")))


def retention(**fields: object) -> dict[str, Any]:
    return {"kind": "RetentionQuery", "retentionFilter": fields}


def about(kind: str, **fields: object) -> dict[str, Any]:
    return {"kind": kind, "series": [{"kind": "EventsNode", "event": "a"}]} | fields


def refusal(query: object) -> DomainError:
    with pytest.raises(DomainError) as caught:
        plan(parse_query(query), scope())
    return caught.value


TARGET = "query.retentionFilter.targetEntity"
CRITERIA = "query.stickinessFilter.stickinessCriteria"


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        (retention(period="Fortnight"), "query.retentionFilter.period"),
        (retention(retentionType="retention_sometimes"), "query.retentionFilter.retentionType"),
        (retention(totalIntervals=0), "query.retentionFilter.totalIntervals"),
        (retention(totalIntervals=1001), "query.retentionFilter.totalIntervals"),
        (retention(totalIntervals="8"), "query.retentionFilter.totalIntervals"),
        (retention(minimumOccurrences=0), "query.retentionFilter.minimumOccurrences"),
        (retention(minimumOccurrences=10**7), "query.retentionFilter.minimumOccurrences"),
        (retention(cumulativ=True), "query.retentionFilter.cumulativ"),
        (retention(timeWindowMode="lunar"), "query.retentionFilter.timeWindowMode"),
        (retention(aggregationType="mode"), "query.retentionFilter.aggregationType"),
        (retention(targetEntity={"id": 7, "type": "events"}), f"{TARGET}.id"),
        (retention(targetEntity={"id": "x" * 401}), f"{TARGET}.id"),
        (retention(targetEntity={"id": "a", "type": "planets"}), f"{TARGET}.type"),
        (retention(targetEntity={"event": "a"}), f"{TARGET}.event"),
        (retention(targetEntity={"id": "a", "properties": [{"key": ""}]}), f"{TARGET}.properties.0.key"),
        (retention(returningEntity={"id": "a", "properties": 3}), "query.retentionFilter.returningEntity.properties"),
        (retention() | {"series": []}, "query.series"),
        (retention() | {"interval": "day"}, "query.interval"),
        (retention() | {"aggregation_group_type_index": 5}, "query.aggregation_group_type_index"),
        (retention() | {"dateRange": {"date_from": "2026-01-05", "date_to": "2026-01-01"}}, "query.dateRange.date_to"),
        (retention(period="Hour") | {"dateRange": {"date_from": "-60d"}}, "query.dateRange.date_from"),
        (retention(period="Month", totalIntervals=1000) | {"dateRange": {"date_to": "1900-02-01"}}, "query.dateRange"),
        (about("LifecycleQuery", series=[]), "query.series"),
        (about("LifecycleQuery", series=[{"kind": "EventsNode", "event": "a"}] * 2), "query.series"),
        (about("LifecycleQuery", lifecycleFilter={"stack": True}), "query.lifecycleFilter.stack"),
        (about("StickinessQuery", series=[{"kind": "EventsNode", "event": "a"}] * 1000), "query.series"),
        (about("StickinessQuery", intervalCount=0), "query.intervalCount"),
        (about("StickinessQuery", aggregation_group_type_index=0), "query.aggregation_group_type_index"),
        (
            about("StickinessQuery", stickinessFilter={"stickinessCriteria": {"operator": "about", "value": 2}}),
            f"{CRITERIA}.operator",
        ),
        (
            about("StickinessQuery", stickinessFilter={"stickinessCriteria": {"operator": "gte", "value": 0}}),
            f"{CRITERIA}.value",
        ),
        (
            about("StickinessQuery", series=[{"kind": "EventsNode", "event": "a", "math": "unique_group"}]),
            "query.series.0.math_group_type_index",
        ),
        (
            about("StickinessQuery", compareFilter={"compare": True, "compare_to": "soon"}),
            "query.compareFilter.compare_to",
        ),
    ],
)
def test_query__with_a_fault__is_refused_naming_the_field(query: object, attr: str) -> None:
    error = refusal(query)
    assert (error.status, error.attr) == (400, attr)
    assert error.code in {"invalid_query", "invalid_filter"}


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        (retention(timeWindowMode="24_hour_windows"), "query.retentionFilter.timeWindowMode"),
        (retention(retentionCustomBrackets=[1, 3]), "query.retentionFilter.retentionCustomBrackets"),
        (retention(aggregationType="sum"), "query.retentionFilter.aggregationType"),
        (retention(targetEntity={"id": 3, "type": "actions"}), f"{TARGET}.type"),
        (
            retention() | {"breakdownFilter": {"breakdowns": [{"property": "a"}, {"property": "b"}]}},
            "query.breakdownFilter.breakdowns",
        ),
        (
            retention() | {"breakdownFilter": {"breakdown": "a", "breakdown_histogram_bin_count": 3}},
            "query.breakdownFilter.breakdown_histogram_bin_count",
        ),
        (
            retention() | {"breakdownFilter": {"breakdown": "a", "breakdown_type": "cohort"}},
            "query.breakdownFilter.breakdown_type",
        ),
        (about("LifecycleQuery", breakdownFilter={"breakdown": "a"}), "query.breakdownFilter"),
        (about("LifecycleQuery", samplingFactor=0.5), "query.samplingFactor"),
        (
            about("LifecycleQuery", series=[{"kind": "EventsNode", "event": "a", "math": "sum"}]),
            "query.series.0.math",
        ),
        (
            about("StickinessQuery", series=[{"kind": "EventsNode", "event": "a", "math": "hogql"}]),
            "query.series.0.math",
        ),
        (about("StickinessQuery", breakdownFilter={"breakdown": "a"}), "query.breakdownFilter"),
    ],
)
def test_query__asking_what_is_not_built__is_refused_rather_than_answered_wrongly(query: object, attr: str) -> None:
    error = refusal(query)
    assert (error.code, error.attr) == ("not_supported", attr)


@pytest.mark.parametrize(
    ("period", "dates", "starts_monday", "first", "last", "rows"),
    [
        ("Day", {}, False, "2026-01-03T00:00:00", "2026-01-10T23:59:59.999999", 8),
        ("Day", {"date_to": "2026-01-05T13:00"}, False, "2025-12-29T00:00:00", "2026-01-05T23:59:59.999999", 8),
        ("Day", {"date_from": "2026-01-02", "date_to": "2026-01-05"}, False, "2026-01-02", "2026-01-05T23:59", 4),
        ("Hour", {}, False, "2026-01-10T05:00:00", "2026-01-10T12:59:59.999999", 8),
        ("Hour", {"date_to": "2026-01-10"}, False, "2026-01-09T17:00:00", "2026-01-10T00:59:59.999999", 8),
        ("Week", {}, False, "2025-11-16T00:00:00", "2026-01-10T23:59:59.999999", 8),
        ("Week", {}, True, "2025-11-17T00:00:00", "2026-01-11T23:59:59.999999", 8),
        ("Week", {"date_from": "-10d"}, True, "2025-12-29T00:00:00", "2026-01-11T23:59:59.999999", 2),
        ("Month", {"date_to": "-1mEnd"}, False, "2025-05-01T00:00:00", "2025-12-31T23:59:59.999999", 8),
        ("Month", {"date_from": "2025-11-20"}, False, "2025-11-01T00:00:00", "2026-01-31T23:59:59.999999", 3),
    ],
)
def test_retention__any_range__has_whole_periods_up_to_its_end(
    period: str,
    dates: dict[str, str],
    starts_monday: bool,  # noqa: FBT001
    first: str,
    last: str,
    rows: int,
) -> None:
    planned = plan(
        parse_query(retention(period=period) | {"dateRange": dates}), scope("Asia/Kolkata", starts_monday=starts_monday)
    )
    # 12:00 in Greenwich is 17:30 in Kolkata.
    shift = "" if period != "Hour" or dates else "+5"
    found = planned.period
    assert len(found.buckets) == rows
    if not shift:
        assert found.start.isoformat().startswith(first)
        assert found.end.isoformat().startswith(last)
    else:
        assert found.start.hour == 10
        assert found.end.isoformat().startswith("2026-01-10T17:59:59.999999")


@pytest.mark.parametrize("kind", ["LifecycleQuery", "StickinessQuery"])
def test_query__with_fields_that_only_change_a_chart__is_read(kind: str) -> None:
    shown = {"LifecycleQuery": {"toggledLifecycles": ["new"], "stacked": True}, "StickinessQuery": {"showLegend": True}}
    field = {"LifecycleQuery": "lifecycleFilter", "StickinessQuery": "stickinessFilter"}[kind]
    assert plan(parse_query(about(kind, **{field: shown[kind]})), scope()).statements()
