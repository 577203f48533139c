"""The public cases on a whole running Baleen: events go in through capture, questions through the endpoint."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories.events import at
from tests.integration.query.case_book import KINDS, Case, check, later, load
from tests.live import Live


def fits(case: Case) -> bool:
    """Whether a case can be played from outside: at the present moment, and each person known by one id.

    The clock of a running server cannot be set. Joining several ids needs events the cases do not hold, which only
    retention can bear: it does not look at what was long ago.
    """
    alone = all(len(person["distinct_ids"]) == 1 for person in case["persons"])
    can_join = case["query"]["kind"] == "RetentionQuery"
    return (alone or can_join) and not case.get("requires_now") and later(case) is None


def joining(case: Case) -> list[dict[str, Any]]:
    """Make the events that join the ids of each person, a year before anything else."""
    when = min((at(event["timestamp"]) for event in case["events"]), default=at("2020-01-01")) - timedelta(days=400)
    return [
        {
            "event": "$create_alias",
            "distinct_id": person["distinct_ids"][0],
            "timestamp": when.isoformat(),
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
            answer = project.capture(*joining(case), *case["events"])
            assert answer.status == 200, answer
        projects.append(project)

    # When
    for case, project in zip(cases, projects, strict=True):
        project.wait_for(min(len(joining(case)) + len(case["events"]), 100))
    answers = [project.query(case["query"]) for case, project in zip(cases, projects, strict=True)]

    # Then
    for case, answer in zip(cases, answers, strict=True):
        check(case, answer.status, answer.body)
