"""The public cases: loading them, which of them the engine must answer, and comparing answers with what they expect."""

import json
import math
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parents[2] / "cases"

KINDS = ("trends", "funnels", "retention", "lifecycle", "stickiness", "paths")

Json = Any
Case = dict[str, Any]


def load(kind: str) -> list[Case]:
    """Load the cases of a kind."""
    found: list[Case] = json.loads((CASES / f"{kind}.json").read_text())
    return found


def check(case: Case, status: int, answer: dict[str, Any]) -> None:
    """Compare an answer with what a case expects, whatever its kind."""
    expected = case["expected"]
    if expected.get("error"):
        assert status == 400, answer
        assert answer["attr"].startswith("query.")
        return
    assert status == 200, answer
    results = answer["results"]
    if "edges" in expected:
        assert_edges(expected["edges"], results)
    elif "rows" in expected:
        assert_rows(expected["rows"], results)
    elif isinstance(expected.get("series"), dict):
        for name, data in expected["series"].items():
            wanted = {"status": name, "data": data, "days": expected.get("days", results[0]["days"])}
            assert sum(matches(wanted, series, 0) for series in results) == 1, (wanted, results)
    elif "series" in expected:
        assert_series(expected, results)
    elif "steps" in expected:
        assert_steps(expected["steps"], results)
    elif "bins" in expected:
        assert same(results["bins"], expected["bins"], 1e-6)
        assert same(results["average_conversion_time"], expected["average_conversion_time"], 1e-6)
    elif "data" in expected:
        assert_trend(expected, results[0])
    else:
        assert_breakdowns(expected["breakdowns"], results)


def assert_series(expected: dict[str, Any], found: list[dict[str, Any]]) -> None:
    assert len(found) == expected.get("series_count", len(expected["series"]))
    for wanted in expected["series"]:
        assert any(matches(wanted, series, expected.get("tolerance", 1e-9)) for series in found), (wanted, found)


def assert_edges(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected), found
    for wanted in expected:
        assert any(matches(wanted, edge, 1e-6) for edge in found), (wanted, found)


def assert_rows(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    rows = [
        {
            "date": row["date"][: len(wanted["date"])],
            "values": [cell["count"] for cell in row["values"]],
            "breakdown_value": row.get("breakdown_value"),
        }
        for wanted, row in zip(expected, found, strict=True)
    ]
    for wanted in expected:
        assert any(matches(wanted, row, 1e-9) for row in rows), (wanted, rows)


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
