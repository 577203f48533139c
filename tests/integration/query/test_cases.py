"""The public behaviour, case by case: small worlds with one query each and the numbers it must give, over HTTP."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.factories.accounts import Cast
from tests.factories.events import Sent, at, insert
from tests.integration.query.conftest import Ask

Json = Any
CASES = Path(__file__).resolve().parents[2] / "cases"


LATER_MATHS = {"weekly_active", "monthly_active", "first_time_for_user"}


def later(case: dict[str, Any]) -> str | None:
    """Name the field of a case's query that the engine does not answer yet; None when it must answer."""
    query = case["query"]
    shown = query.get("trendsFilter") or {}
    properties = [*(query.get("properties") or ()), *(p for s in query["series"] for p in s.get("properties") or ())]
    rules = {
        "math": any(
            series.get("math") in LATER_MATHS
            or str(series.get("math")).endswith("_per_actor")
            or series.get("math_property_type") == "session_properties"
            for series in query["series"]
        ),
        "formula": "formula" in shown,
        "histogram_bin_count": "breakdown_histogram_bin_count" in (query.get("breakdownFilter") or {}),
        "type": any(part["type"] != "event" for part in properties),
    }
    return next((field for field, holds in rules.items() if holds), None)


def cases(kind: str) -> list[Any]:
    """Load the cases of a kind, each named by its id."""
    return [pytest.param(case, id=case["id"]) for case in json.loads((CASES / f"{kind}.json").read_text())]


@pytest.mark.parametrize("case", cases("trends"))
def test_trends__case__gives_the_expected_series(case: dict[str, Any], cast: Cast, ask: Ask) -> None:
    # Given / When
    if later(case):
        assert_refused(case, cast, ask)
        return
    answer = play(case, cast, ask)

    # Then
    expected = case["expected"]
    tolerance = expected.get("tolerance", 1e-9)
    found = answer["results"]
    assert len(found) == expected.get("series_count", len(expected["series"]))
    for wanted in expected["series"]:
        assert any(matches(wanted, series, tolerance) for series in found), (wanted, found)


@pytest.mark.parametrize("case", cases("funnels"))
def test_funnels__case__gives_the_expected_steps(case: dict[str, Any], cast: Cast, ask: Ask) -> None:
    # Given / When
    if later(case):
        assert_refused(case, cast, ask)
        return
    expected = case["expected"]
    answer = play(case, cast, ask, status=400 if expected.get("error") else 200)

    # Then
    if expected.get("error"):
        assert answer["attr"].startswith("query.")
    elif "steps" in expected:
        assert_steps(expected["steps"], answer["results"])
    elif "bins" in expected:
        assert same(answer["results"]["bins"], expected["bins"], 1e-6)
        assert same(answer["results"]["average_conversion_time"], expected["average_conversion_time"], 1e-6)
    elif "data" in expected:
        assert_trend(expected, answer["results"][0])
    else:
        assert_breakdowns(expected["breakdowns"], answer["results"])


def play(case: dict[str, Any], cast: Cast, ask: Ask, *, status: int = 200) -> dict[str, Any]:
    """Build a case's world in a fresh project and ask its question, at its moment when that matters."""
    cast.project.timezone = case["timezone"]
    cast.project.week_start_day = (case.get("project") or {}).get("week_start_day", 0)
    cast.project.save()
    owners = {name: person["distinct_ids"][0] for person in case["persons"] for name in person["distinct_ids"]}
    insert(
        cast.project.pk,
        [
            Sent(
                event["event"],
                event["distinct_id"],
                at(event["timestamp"]),
                event["properties"],
                owners.get(event["distinct_id"], ""),
            )
            for event in case["events"]
        ],
    )
    if case.get("requires_now"):
        with time_machine.travel(at(case["now"]), tick=False):
            response = ask(case["query"])
    else:
        response = ask(case["query"])
    assert response.status_code == status, response.json()
    answer: dict[str, Any] = response.json()
    return answer


def assert_refused(case: dict[str, Any], cast: Cast, ask: Ask) -> None:
    """A question the engine cannot answer gets no number at all, but the name of the field."""
    answer = play(case, cast, ask, status=400)
    assert answer["code"] == "not_supported"
    assert answer["attr"].startswith("query.")


def assert_steps(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    if not found:
        found = [{"name": step["name"], "count": 0} for step in expected]
    assert len(found) == len(expected)
    for wanted, step in zip(expected, found, strict=True):
        assert matches(wanted, step, 1e-6), (wanted, step)


def assert_breakdowns(expected: list[dict[str, Any]], found: list[Any]) -> None:
    def value(group: Json) -> list[str]:
        raw = (group[0] if isinstance(group, list) else group)["breakdown_value"]
        return raw if isinstance(raw, list) else [raw]

    by_value = {tuple(value(group)): group for group in found}
    assert set(by_value) == {tuple(wanted["value"]) for wanted in expected}
    assert len(found) == len(expected)
    for wanted in expected:
        group = by_value[tuple(wanted["value"])]
        if "steps" in wanted:
            assert_steps(wanted["steps"], group)
        else:
            assert_trend(wanted, group)


def assert_trend(expected: dict[str, Any], found: dict[str, Any]) -> None:
    assert found["days"] == expected["days"]
    assert same(found["data"], expected["data"], 0.005)


def matches(wanted: dict[str, Any], found: dict[str, Any], tolerance: float) -> bool:
    """Compare the fields that are named, numbers as numbers."""
    return all(same(found.get(name), value, tolerance) for name, value in wanted.items())


def same(found: Json, wanted: Json, tolerance: float) -> bool:
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(same(one, other, tolerance) for one, other in zip(found, wanted, strict=True))
        )
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=tolerance)
    return bool(found == wanted)
