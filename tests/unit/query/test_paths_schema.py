"""Questions about paths that are wrong are refused, and the refusal names the field."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.errors import DomainError
from apps.query.contracts import Scope
from apps.query.dates import Calendar, zone
from apps.query.kinds.paths import decode
from apps.query.planning import plan
from apps.query.schema import parse_query
from tests.factories.events import at

SCOPE = Scope(1, "UTC", Calendar(zone("UTC"), week_starts_monday=False, now=at("2026-01-10T12:00")))
RULE = {"regex": "a", "alias": "b", "order": 1}


def asked(filters: Any = None, **fields: object) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"kind": "PathsQuery", "pathsFilter": filters} | fields


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        (asked({"stepLimit": 0}), "stepLimit"),
        (asked({"stepLimit": 21}), "stepLimit"),
        (asked({"stepLimit": "5"}), "stepLimit"),
        (asked({"edgeLimit": 1001}), "edgeLimit"),
        (asked({"edgeLimit": -1}), "edgeLimit"),
        (asked({"minEdgeWeight": -1}), "minEdgeWeight"),
        (asked({"minEdgeWeight": 3, "maxEdgeWeight": 2}), "maxEdgeWeight"),
        (asked({"maxEdgeWeight": 10**30}), "maxEdgeWeight"),
        (asked({"includeEventTypes": ["$pageview", "$click"]}), "includeEventTypes.1"),
        (asked({"includeEventTypes": "$pageview"}), "includeEventTypes"),
        (asked({"excludeEvents": ["a", 1]}), "excludeEvents.1"),
        (asked({"excludeEvents": ["a"] * 101}), "excludeEvents"),
        (asked({"pathGroupings": ["a", "x" * 2001]}), "pathGroupings.1"),
        (asked({"pathGroupings": ["/*"] * 101}), "pathGroupings"),
        (asked({"startPoint": "x" * 2001}), "startPoint"),
        (asked({"endPoint": {}}), "endPoint"),
        (asked({"endpoint": "/a"}), "endpoint"),
        (asked({"localPathCleaningFilters": [RULE] * 51}), "localPathCleaningFilters"),
        (asked({"localPathCleaningFilters": [RULE | {"regex": ""}]}), "localPathCleaningFilters.0.regex"),
        (asked({"localPathCleaningFilters": [RULE | {"regex": "a" * 1001}]}), "localPathCleaningFilters.0.regex"),
        (asked({"localPathCleaningFilters": [RULE, RULE | {"regex": "(?=a)b"}]}), "localPathCleaningFilters.1.regex"),
        (
            asked({"localPathCleaningFilters": [RULE | {"regex": "(a{1000}){1000}"}]}),
            "localPathCleaningFilters.0.regex",
        ),
        (asked({"localPathCleaningFilters": [RULE, {"regex": "a"}]}), "localPathCleaningFilters.1.alias"),
    ],
)
def test_paths__with_a_wrong_field__are_refused_by_its_name(query: object, attr: str) -> None:
    error = refusal(query)
    assert (error.status, error.code, error.attr) == (400, "invalid_query", f"query.pathsFilter.{attr}")


@pytest.mark.parametrize(
    ("query", "code", "attr"),
    [
        (asked(series=[]), "invalid_query", "query.series"),
        (asked(interval="day"), "invalid_query", "query.interval"),
        (
            asked(dateRange={"date_from": "2026-01-05", "date_to": "2026-01-01"}),
            "invalid_query",
            "query.dateRange.date_to",
        ),
        (asked(properties=[{"key": "", "value": 1}]), "invalid_filter", "query.properties.0.key"),
        (asked(aggregation_group_type_index=5), "invalid_query", "query.aggregation_group_type_index"),
        (asked({"includeEventTypes": ["$screen", "hogql"]}), "not_supported", "query.pathsFilter.includeEventTypes.1"),
        (asked({"pathsHogQLExpression": "event"}), "not_supported", "query.pathsFilter.pathsHogQLExpression"),
        (asked(funnelPathsFilter={"funnelStep": 1}), "not_supported", "query.funnelPathsFilter"),
        (asked(breakdownFilter={"breakdown": "a"}), "not_supported", "query.breakdownFilter"),
        (asked(samplingFactor=0.5), "not_supported", "query.samplingFactor"),
        (asked(filterTestAccounts=True), "not_supported", "query.filterTestAccounts"),
    ],
)
def test_paths__with_what_cannot_be_answered__are_refused_by_its_name(query: object, code: str, attr: str) -> None:
    error = refusal(query)
    assert (error.code, error.attr) == (code, attr)


def refusal(query: object) -> DomainError:
    with pytest.raises(DomainError) as caught:
        plan(parse_query(query), SCOPE)
    return caught.value


def test_edges__behind_one_that_is_not_shown__are_left_out() -> None:
    # Given
    rows = [
        {"source": source, "target": target, "value": 1, "average": 1.5}
        for source, target in [
            ("3_c", "4_d"),
            ("2_x", "3_y"),
            ("1_a", "2_b"),
            ("2_b", "3_c"),
            ("1_b", "2_b"),
            ("11_a", "12_b"),
        ]
    ]

    # When
    kept = [(edge.source, edge.target) for edge in decode(rows)]

    # Then
    assert kept == [("3_c", "4_d"), ("1_a", "2_b"), ("2_b", "3_c"), ("1_b", "2_b")]


RICH: dict[str, Any] = asked(
    {
        "includeEventTypes": ["$pageview", "custom_event"],
        "excludeEvents": ["/a"],
        "startPoint": "/",
        "endPoint": "/b",
        "pathGroupings": ["/*"],
        "stepLimit": 4,
        "edgeLimit": 3,
        "minEdgeWeight": 1,
        "maxEdgeWeight": 5,
        "localPathCleaningFilters": [RULE],
        "pathReplacements": True,
        "showFullUrls": True,
    },
    dateRange={"date_from": "-7d", "date_to": None},
    properties=[{"key": "a", "value": "x", "operator": "exact", "type": "event"}],
    aggregation_group_type_index=0,
)
ODD = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)
)


@given(st.sampled_from(sorted(RICH["pathsFilter"])), ODD | ODD.map(lambda odd: [odd]))
def test_paths__with_anything_anywhere__are_planned_or_refused(name: str, odd: object) -> None:
    # Given
    query = copy.deepcopy(RICH)
    query["pathsFilter"][name] = odd

    # When
    try:
        statements = plan(parse_query(query), SCOPE).statements()
    except DomainError as error:
        refused = error.status
    else:
        refused = 0
        statements[0].render()

    # Then
    assert refused in {0, 400}
