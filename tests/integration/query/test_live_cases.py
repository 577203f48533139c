"""The public cases on a whole running Baleen: events go in through capture, questions through the endpoint."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.factories.events import at
from tests.integration.query.case_book import KINDS, Case, check, load
from tests.live import Live


def fits(case: Case) -> bool:
    """Whether a case can be played from outside: at the present moment, and each person known by one id.

    The clock of a running server cannot be set. Joining several ids needs events the cases do not hold, which
    retention and trends can bear: they do not look at what was long ago.
    """
    alone = all(len(person["distinct_ids"]) == 1 for person in case["persons"])
    can_join = case["query"]["kind"] in {"RetentionQuery", "TrendsQuery"}
    return (alone or can_join) and not case.get("requires_now")


def before(case: Case, seconds: int = 0) -> str:
    """Give a moment a year before anything else."""
    first = min((at(event["timestamp"]) for event in case["events"]), default=at("2020-01-01"))
    return (first - timedelta(days=400) + timedelta(seconds=seconds)).isoformat()


def telling(case: Case) -> list[dict[str, Any]]:
    """Make the events that tell of persons and groups, where the question asks about their properties."""
    asked = json.dumps(case["query"])
    persons = case["persons"] if '"type": "person"' in asked else []
    groups = sorted(case["groups"], key=lambda group: group["index"]) if '"type": "group"' in asked else []
    return [
        {
            "event": "$set",
            "distinct_id": person["distinct_ids"][0],
            "timestamp": before(case),
            "properties": {"$set": person["properties"]},
        }
        for person in persons
    ] + [
        {
            "event": "$groupidentify",
            "distinct_id": "teller",
            # Types get their index in the order of time.
            "timestamp": before(case, group["index"]),
            "properties": {"$group_type": group["type"], "$group_key": group["key"], "$group_set": group["properties"]},
        }
        for group in groups
    ]


def joining(case: Case) -> list[dict[str, Any]]:
    """Make the events that join the ids of each person."""
    return [
        {
            "event": "$create_alias",
            "distinct_id": person["distinct_ids"][0],
            "timestamp": before(case),
            "properties": {"alias": other},
        }
        for person in case["persons"]
        for other in person["distinct_ids"][1:]
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_cases__sent_through_capture__give_the_expected_answers(live: Live, kind: str) -> None:
    # Given
    cases = [case for case in load(kind) if fits(case)]
    assert len(cases) >= len(load(kind)) // 2
    projects = []
    for case in cases:
        project = live.new_project(timezone=case["timezone"], **(case.get("project") or {}))
        if case["events"]:
            answer = project.capture(*telling(case), *joining(case), *case["events"])
            assert answer.status == 200, answer
        projects.append(project)

    # When
    for case, project in zip(cases, projects, strict=True):
        project.wait_for(min(len(telling(case)) + len(joining(case)) + len(case["events"]), 100))
    answers = [project.query(case["query"]) for case, project in zip(cases, projects, strict=True)]

    # Then
    for case, answer in zip(cases, answers, strict=True):
        check(case, answer.status, answer.body)
