"""Questions about paths over HTTP: what takes part, who walks, and what is refused only by the engine."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.factories.accounts import Cast
from tests.factories.events import Sent, at, insert
from tests.integration.query.conftest import Ask

START = at("2026-03-01T10:00")


def question(filters: dict[str, Any] | None = None, **fields: object) -> dict[str, Any]:
    day = {"date_from": "2026-03-01", "date_to": "2026-03-01"}
    return {"kind": "PathsQuery", "dateRange": day, "pathsFilter": filters or {}} | fields


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def view(url: object, number: float, person: str = "ada", **properties: object) -> Sent:
    return Sent("$pageview", person, minute(number), {"$current_url": url, **properties})


def edges(ask: Ask, query: dict[str, Any]) -> list[tuple[str, str, int]]:
    answer = ask(query)
    assert answer.status_code == 200, answer.json()
    return [(edge["source"], edge["target"], edge["value"]) for edge in answer.json()["results"]]


def test_paths__pause_of_half_an_hour__is_one_visit_and_longer_two(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, [view("/a", 0), view("/b", 30), view("/c", 60.001), view("/d", 61)])

    # When / Then
    assert edges(ask, question()) == [("1_/a", "2_/b", 1), ("1_/c", "2_/d", 1)]


def test_paths__event_that_came_twice__counts_once(cast: Cast, ask: Ask) -> None:
    # Given
    sent = [view("/a", 0), view("/b", 1), view("/a", 2)]
    insert(cast.project.pk, sent)
    insert(cast.project.pk, sent)

    # When / Then
    assert edges(ask, question()) == [("1_/a", "2_/b", 1), ("2_/b", "3_/a", 1)]


def test_paths__events_without_an_item__are_passed_over(cast: Cast, ask: Ask) -> None:
    # Given
    nowhere, leaving = Sent("$pageview", "ada", minute(1)), Sent("$pageleave", "ada", minute(2))
    insert(cast.project.pk, [view("/a", 0), nowhere, leaving, view("/b", 3)])

    # When / Then
    assert edges(ask, question()) == [("1_/a", "2_/b", 1)]


def test_paths__of_groups__walk_by_group_and_leave_out_who_has_none(cast: Cast, ask: Ask) -> None:
    # Given
    together = {"$group_0": "acme"}
    insert(
        cast.project.pk,
        [
            view("/a", 0, "ada", **together),
            view("/b", 1, "ben", **together),
            view("/c", 0, "eve"),
            view("/d", 1, "eve"),
        ],
    )

    # When / Then
    assert edges(ask, question(aggregation_group_type_index=0)) == [("1_/a", "2_/b", 1)]


def test_paths__filtered__are_those_of_the_events_that_pass(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, [view("/a", 0, plan="pro"), view("/b", 1, plan="free"), view("/c", 2, plan="pro")])

    # When
    found = edges(ask, question(properties=[{"key": "plan", "value": "pro"}]))

    # Then
    assert found == [("1_/a", "2_/c", 1)]


def test_paths__edges_no_first_step_leads_to__are_left_out(cast: Cast, ask: Ask) -> None:
    # Given three ways into one that all go on the same way
    people = ["ada", "ben", "eve"]
    insert(
        cast.project.pk,
        [
            one
            for index, who in enumerate(people)
            for one in (view(f"/{index}", 0, who), view("/m", 1, who), view("/z", 2, who))
        ],
    )

    # When
    largest, both = (edges(ask, question({"edgeLimit": limit})) for limit in (1, 2))

    # Then
    assert largest == []
    assert both == [("2_/m", "3_/z", 3), ("1_/0", "2_/m", 1)]


@pytest.mark.parametrize("hostile", ["'; DROP TABLE events --", "%(project_id)s", "100%%", "\\'", "{x:String}", "🐳/*"])
def test_paths__hostile_texts_everywhere__stay_text(cast: Cast, ask: Ask, hostile: str) -> None:
    # Given
    insert(cast.project.pk, [view("/a", 0), view(hostile, 1), view("/b", 2)])

    # When
    whole = edges(ask, question({"startPoint": hostile}))
    grouped = edges(ask, question({"pathGroupings": [hostile.replace("*", "**")], "excludeEvents": ["/a" + hostile]}))
    cleaned = edges(ask, question({"localPathCleaningFilters": [{"regex": "^/b$", "alias": hostile}]}))

    # Then
    assert whole == [(f"1_{hostile}", "2_/b", 1)]
    assert len(grouped) == 2
    assert cleaned == [("1_/a", f"2_{hostile}", 1)]


def test_paths__as_much_as_may_be_asked__is_answered(cast: Cast, ask: Ask) -> None:
    # Given
    insert(cast.project.pk, [view(f"/{number}", number) for number in range(30)])
    asked = {
        "startPoint": "/1",
        "endPoint": "/28",
        "stepLimit": 20,
        "edgeLimit": 1000,
        "pathGroupings": [f"no{number}*" for number in range(100)],
        "excludeEvents": [f"none {number}" for number in range(100)],
        "localPathCleaningFilters": [{"regex": f"nothing {number}", "alias": "x"} for number in range(50)],
    }

    # When
    found = edges(ask, question(asked))

    # Then
    assert len(found) == 20
    assert {"11_...", "12_/19", "21_/28"} <= {target for _, target, _ in found}
