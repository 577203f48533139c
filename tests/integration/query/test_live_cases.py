"""The public cases on a whole running Baleen: events go in through capture, questions through the endpoint."""

from tests.integration.query.case_book import KINDS, Case, check, later, load
from tests.live import Live


def fits(case: Case) -> bool:
    """Whether a case can be played from outside: at the present moment, and each person known by one id.

    The clock of a running server cannot be set, and joining several ids needs identify events the cases do not hold.
    """
    alone = all(len(person["distinct_ids"]) == 1 for person in case["persons"])
    return alone and not case.get("requires_now") and later(case) is None


def test_cases__sent_through_capture__give_the_expected_answers(live: Live) -> None:
    # Given
    cases = [case for kind in KINDS for case in load(kind) if fits(case)]
    assert len(cases) >= 40
    projects = []
    for case in cases:
        project = live.new_project(timezone=case["timezone"], **(case.get("project") or {}))
        if case["events"]:
            answer = project.capture(*case["events"])
            assert answer.status == 200, answer
        projects.append(project)

    # When
    for case, project in zip(cases, projects, strict=True):
        project.wait_for(min(len(case["events"]), 100))
    answers = [project.query(case["query"]) for case, project in zip(cases, projects, strict=True)]

    # Then
    for case, answer in zip(cases, answers, strict=True):
        check(case, answer.status, answer.body)
