"""A request sent again minutes later, corrected by another clock, changes no count anywhere."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.live import Live, LiveProject
from tests.processes import wait_until

PEOPLE = 7


@pytest.fixture
def project(live: Live) -> LiveProject:
    """Give a project of its own."""
    return live.new_project()


@pytest.fixture
def sent_twice(project: LiveProject) -> LiveProject:
    """Give a project whose SDK repeated a batch: same events, another time of sending, some of them under way twice."""
    moment = datetime.now(tz=UTC) - timedelta(hours=3)
    # Noon at the latest, so that the test itself does not run into midnight.
    moment = min(moment, moment.replace(hour=12))
    events = [
        {
            "event": name,
            "distinct_id": f"person {number}",
            "uuid": str(uuid4()),
            "timestamp": (moment + timedelta(seconds=step)).isoformat(),
            "properties": {"plan": "pro", "tokens": 10, "tags": [{"k": number}] if number % 2 else ["x"]},
        }
        for number in range(PEOPLE)
        for step, name in enumerate(("asked", "answered"))
    ]
    for lag in (0, 2, 5):
        sent_at = datetime.now(tz=UTC) - timedelta(milliseconds=lag)
        body = {"api_key": project.token, "sent_at": sent_at.isoformat(), "batch": events}
        assert project.live.post("/batch/", body).status == 200
        # An event behind the batch tells that the batch is written before it is sent again.
        project.capture({"event": f"marker {lag}", "distinct_id": "marker", "uuid": str(uuid4())})
        _wait_for(project, f"marker {lag}")
    return project


def _wait_for(project: LiveProject, event: str) -> None:
    wait_until(lambda: bool(project.events(event=event)), seconds=30)


def total(project: LiveProject, series: dict[str, Any], **more: object) -> float:
    """Ask a trend over the last week and sum its days."""
    query = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode"} | series], "dateRange": {"date_from": "-7d"}}
    answer = project.query(query | more)
    assert answer.status == 200, answer.body
    return float(sum(sum(line["data"]) for line in answer.body["results"]))


def test_request_sent_again__every_question__counts_each_event_once(sent_twice: LiveProject) -> None:
    # Given
    project = sent_twice
    asked = {"event": "asked"}

    # When / Then: trends, sums and people
    assert total(project, asked) == PEOPLE
    assert total(project, asked | {"math": "sum", "math_property": "tokens"}) == 10 * PEOPLE
    assert total(project, asked | {"math": "dau"}) == PEOPLE
    assert total(project, asked, breakdownFilter={"breakdown": "plan"}) == PEOPLE

    # funnels
    steps = [{"kind": "EventsNode", "event": name} for name in ("asked", "answered")]
    answer = project.query({"kind": "FunnelsQuery", "series": steps, "dateRange": {"date_from": "-7d"}})
    assert [step["count"] for step in answer.body["results"]] == [PEOPLE, PEOPLE]

    # the list of events
    assert len(project.events(event="asked")) == PEOPLE

    # and the catalog's volumes
    definitions = project.live.get(f"/api/projects/{project.id}/event_definitions/", key=project.live.key).body
    rows = definitions["results"] if isinstance(definitions, dict) else definitions
    (row,) = [row for row in rows if row["name"] == "asked"]
    assert row["volume_30_day"] == PEOPLE
