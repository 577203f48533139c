"""Query JSON that is wrong is refused, and the refusal names the field."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.errors import DomainError
from apps.query.contracts import Scope
from apps.query.dates import Calendar, zone
from apps.query.planning import plan
from apps.query.schema import FunnelsQuery, TrendsQuery, parse_query, parse_request
from tests.factories.events import at

SCOPE = Scope(1, "UTC", Calendar(zone("UTC"), week_starts_monday=False, now=at("2026-01-10T12:00")))


def trends(**fields: object) -> dict[str, Any]:
    return {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "a"}]} | fields


def funnel(**fields: object) -> dict[str, Any]:
    steps = [{"kind": "EventsNode", "event": name} for name in ("a", "b", "c")]
    return {"kind": "FunnelsQuery", "series": steps} | fields


def refusal(query: object) -> DomainError:
    with pytest.raises(DomainError) as caught:
        plan(parse_query(query), SCOPE)
    return caught.value


def test_query__display_only_fields__are_accepted() -> None:
    query = trends(
        trendsFilter={"showLegend": True, "goalLines": [{"label": "x", "value": 3}], "aggregationAxisPrefix": "$"},
        modifiers={"personsOnEventsMode": "disabled"},
        tags={"scene": "Insight"},
        dataColorTheme=3,
    )
    assert isinstance(parse_query(query), TrendsQuery)


def test_query__funnel_display_fields__are_accepted() -> None:
    query = funnel(funnelsFilter={"layout": "horizontal", "funnelStepReference": "previous"})
    assert isinstance(parse_query(query), FunnelsQuery)


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        (None, "query"),
        ([], "query"),
        ("select 1", "query"),
        ({}, "query.kind"),
        ({"kind": "Nonsense"}, "query.kind"),
        ({"kind": 7}, "query.kind"),
        ({"kind": "TrendsQuery"}, "query.series"),
        (trends(series=[]), "query.series"),
        (trends(series=[{"kind": "EventsNode", "event": "\ud800"}]), "query"),
        (trends(breakdownFilter={"breakdown": "\udfff"}), "query"),
        (trends(tags={"\ud800": 1}), "query"),
        (trends(series=[{"kind": "EventsNode", "event": "a"}] * 1000), "query.series"),
        (
            trends(series=[{"kind": "EventsNode", "event": "a"}, {"kind": "EventsNode", "event": 3}]),
            "query.series.1.event",
        ),
        (trends(series=[{"kind": "EventsNode", "evnt": "a"}]), "query.series.0.evnt"),
        (trends(series=[{"kind": "EventsNode", "event": "x" * 401}]), "query.series.0.event"),
        (trends(series=[{"kind": "EventsNode", "event": "a", "math": "cosine"}]), "query.series.0.math"),
        (trends(series=[{"kind": "EventsNode", "event": "a", "math": "sum"}]), "query.series.0.math_property"),
        (trends(interval="fortnight"), "query.interval"),
        (trends(intervall="day"), "query.intervall"),
        (trends(dateRange={"date_from": 7}), "query.dateRange.date_from"),
        (trends(dateRange={"from": "-7d"}), "query.dateRange.from"),
        (trends(dateRange={"date_from": "2026-01-05", "date_to": "2026-01-01"}), "query.dateRange.date_to"),
        (trends(trendsFilter={"display": "Hologram"}), "query.trendsFilter.display"),
        (trends(breakdownFilter={"breakdown": "a", "breakdown_limit": 0}), "query.breakdownFilter.breakdown_limit"),
        (trends(breakdownFilter={"breakdown": ""}), "query.breakdownFilter.breakdown"),
        (trends(breakdownFilter={"breakdown": "a", "breakdown_type": "aura"}), "query.breakdownFilter.breakdown_type"),
        (trends(properties="a=b"), "query.properties"),
        (trends(properties=[{"key": "a", "value": 1, "operator": "like"}]), "query.properties.0.operator"),
        (trends(properties=[{"key": "", "value": 1}]), "query.properties.0.key"),
        (trends(properties=[{"key": "a", "value": {"b": 1}}]), "query.properties.0.value"),
        (trends(properties=[{"key": "a", "value": "x", "operator": "gt"}]), "query.properties.0.value"),
        (trends(properties=[{"key": "a", "value": 1, "typ": "event"}]), "query.properties.0.typ"),
        (trends(properties={"type": "XOR", "values": []}), "query.properties.type"),
        (funnel(funnelsFilter={"funnelOrderType": "random"}), "query.funnelsFilter.funnelOrderType"),
        (funnel(funnelsFilter={"funnelWindowInterval": 1.5}), "query.funnelsFilter.funnelWindowInterval"),
        (funnel(funnelsFilter={"funnelWindowIntervalUnit": "eon"}), "query.funnelsFilter.funnelWindowIntervalUnit"),
        (funnel(funnelsFilter={"funnelVizType": "trends", "funnelToStep": 3}), "query.funnelsFilter.funnelToStep"),
        (funnel(funnelsFilter={"funnelFromStep": -1}), "query.funnelsFilter.funnelFromStep"),
        (funnel(funnelsFilter={"binCount": 0}), "query.funnelsFilter.binCount"),
        (
            funnel(
                funnelsFilter={
                    "exclusions": [{"kind": "EventsNode", "event": "x", "funnelFromStep": 1, "funnelToStep": 1}]
                }
            ),
            "query.funnelsFilter.exclusions.0.funnelToStep",
        ),
        (
            funnel(
                funnelsFilter={
                    "funnelOrderType": "unordered",
                    "exclusions": [{"kind": "EventsNode", "event": "x", "funnelFromStep": 0, "funnelToStep": 1}],
                }
            ),
            "query.funnelsFilter.exclusions.0.funnelToStep",
        ),
    ],
)
def test_query__with_a_wrong_field__is_refused_by_its_name(query: object, attr: str) -> None:
    error = refusal(query)
    assert (error.status if error.code != "query_too_large" else 400) == 400
    assert error.attr == attr


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"kind": "EventsQuery"}, "query.kind"),
        (trends(samplingFactor=0.1), "query.samplingFactor"),
        (trends(filterTestAccounts=True), "query.filterTestAccounts"),
        (trends(properties=[{"key": "id", "value": 1, "type": "cohort"}]), "query.properties.0.type"),
        (trends(breakdownFilter={"breakdown": 1, "breakdown_type": "cohort"}), "query.breakdownFilter.breakdown_type"),
        (
            trends(breakdownFilter={"breakdown": "mood", "breakdown_type": "session"}),
            "query.breakdownFilter.breakdown",
        ),
        (funnel(series=[{"kind": "EventsNode", "event": "a", "math": "first_time_for_user"}]), "query.series.0.math"),
    ],
)
def test_query__asking_what_is_not_built__is_refused_rather_than_answered_wrongly(query: object, attr: str) -> None:
    error = refusal(query)
    assert (error.code, error.attr) == ("not_supported", attr)


def test_query__filters_nested_too_deep__is_refused() -> None:
    group: dict[str, Any] = {"type": "AND", "values": []}
    for _ in range(9):
        group = {"type": "OR", "values": [group]}
    assert "nested" in refusal(trends(properties=group)).detail


def test_query__filters_without_end__is_refused() -> None:
    filters = [{"key": "a", "value": 1}] * 101
    assert refusal(trends(properties=filters)).attr == "query.properties.100"


def test_query__json_nested_without_end__is_refused() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    assert refusal(trends(tags=deep)).attr == "query"


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "query"),
        ({"query": {}, "refresh": "perhaps"}, "refresh"),
        ({"query": {}, "name": "x" * 129}, "name"),
        ({"query": {}, "client_query_id": 5}, "client_query_id"),
        ({"query": {}, "surprise": 1}, "surprise"),
    ],
)
def test_request__with_a_wrong_field__is_refused_by_its_name(body: object, attr: str) -> None:
    with pytest.raises(DomainError) as caught:
        parse_request(body)
    assert caught.value.attr == attr


RICH: list[Any] = [
    trends(
        dateRange={"date_from": "-7d", "date_to": None, "explicitDate": False},
        interval="day",
        properties={"type": "AND", "values": [{"key": "a", "value": "x", "operator": "exact", "type": "event"}]},
        breakdownFilter={"breakdown": "a", "breakdown_type": "event", "breakdown_limit": 5},
        compareFilter={"compare": True, "compare_to": "-1w"},
        trendsFilter={"display": "ActionsLineGraph", "formula": "A*2", "smoothingIntervals": 2},
        samplingFactor=1,
    ),
    funnel(
        dateRange={"date_from": "2026-01-01", "date_to": "2026-01-05"},
        properties=[{"key": "a", "value": ["x"], "operator": "icontains"}],
        breakdownFilter={"breakdown": ["a"], "breakdown_type": "event"},
        funnelsFilter={
            "funnelVizType": "steps",
            "funnelOrderType": "ordered",
            "funnelWindowInterval": 3,
            "funnelWindowIntervalUnit": "day",
            "funnelFromStep": 0,
            "funnelToStep": 2,
            "binCount": 3,
            "breakdownAttributionType": "step",
            "breakdownAttributionValue": 1,
            "exclusions": [{"kind": "EventsNode", "event": "x", "funnelFromStep": 0, "funnelToStep": 1}],
        },
    ),
]
ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["trends", "time_to_convert", "strict", "unordered", "all", "hour", "BoldNumber", "-1m", "dau"])
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=4), st.integers(), max_size=2)
)


def paths(node: object) -> list[list[str | int]]:
    """List every place of a query that can hold something else."""
    if isinstance(node, dict):
        return [[name, *rest] for name, value in node.items() for rest in [[], *paths(value)]]
    if isinstance(node, list):
        return [[index, *rest] for index, value in enumerate(node) for rest in [[], *paths(value)]]
    return []


@given(st.data())
def test_query__with_anything_anywhere__is_planned_or_refused(data: st.DataObject) -> None:
    # Given
    query = copy.deepcopy(data.draw(st.sampled_from(RICH)))
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(paths(query)))
        place = query
        for step in way:
            place = place[step]
        place[last] = data.draw(ODD)

    # When
    try:
        plan(parse_query(query), SCOPE).statements()
    except DomainError as error:
        refused = error.status
    else:
        refused = 0

    # Then
    assert refused in {0, 400, 422}
