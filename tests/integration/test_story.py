"""The main job, end to end: the official SDK tells a story of fifty people; funnel and trend show just that story."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from posthog import Posthog

from analytics.demo.story import tell
from tests.live import Live, LiveProject
from tests.processes import ROOT, wait_until

VISITED, SIGNED_UP, RATED = 50, 30, 12
NOON_YESTERDAY = datetime.now(tz=UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
STEPS = ("visited", "signed up", "rated an answer")
SENT = VISITED + SIGNED_UP + RATED


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "gzip"])
def story(live: Live, request: pytest.FixtureRequest) -> LiveProject:
    project = live.new_project(name="Story")
    errors: list[str] = []
    sdk = Posthog(project.token, host=live.url, gzip=request.param, on_error=lambda error, _: errors.append(str(error)))
    for person in range(VISITED):
        for step in range(1 + (person < SIGNED_UP) + (person < RATED)):
            sdk.capture(
                STEPS[step],
                distinct_id=f"person-{person}",
                timestamp=NOON_YESTERDAY + timedelta(minutes=10 * step),
                properties={"plan": "pro" if person % 5 == 0 else "free"},
            )
    sdk.shutdown()
    assert errors == []
    wait_until(lambda: len(project.events(limit=100)) == SENT, what="the story")
    return project


def _nodes(*names: str) -> list[dict[str, str]]:
    return [{"kind": "EventsNode", "event": name, "name": name} for name in names]


def test_funnel__of_a_story_told_by_the_official_sdk__counts_its_people(story: LiveProject) -> None:
    # When
    answer = story.query({"kind": "FunnelsQuery", "series": _nodes(*STEPS), "dateRange": {"date_from": "-7d"}})
    # Then
    assert answer.status == 200
    assert [step["count"] for step in answer.body["results"]] == [VISITED, SIGNED_UP, RATED]
    assert [step["average_conversion_time"] for step in answer.body["results"]] == [None, 600, 600]


def test_trend__of_a_story_told_by_the_official_sdk__has_it_on_its_day(story: LiveProject) -> None:
    # When
    answer = story.query(
        {
            "kind": "TrendsQuery",
            "series": _nodes("visited"),
            "dateRange": {"date_from": "-7d"},
            "breakdownFilter": {"breakdown": "plan", "breakdown_type": "event"},
        }
    )
    # Then
    assert answer.status == 200
    day = NOON_YESTERDAY.date().isoformat()
    counts = {
        series["breakdown_value"]: dict(zip(series["days"], series["data"], strict=True))
        for series in answer.body["results"]
    }
    assert {plan: days[day] for plan, days in counts.items()} == {"free": 40, "pro": 10}
    assert sum(sum(days.values()) for days in counts.values()) == VISITED


def test_story__asked_with_a_stranger_s_key_or_the_project_key__stays_closed(live: Live, story: LiveProject) -> None:
    # Given
    path = f"/api/projects/{story.id}/query/"
    query = {"query": {"kind": "TrendsQuery", "series": _nodes("visited")}}
    # Then
    assert live.post(path, query).status == 401
    assert live.post(path, query, key=story.token).status == 401
    assert live.post(path, query, key="phx_no_such_key").status == 401


def test_demo__against_a_running_server__tells_its_story_whole(live: Live) -> None:
    # Given
    project = live.new_project(name="Demo")
    people, days = 60, 20
    # When
    told = subprocess.run(
        [sys.executable, "manage.py", "demo", f"--host={live.url}", f"--project-token={project.token}",
         f"--people={people}", f"--days={days}"],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    # Then
    sent = int(re.search(r"Sent ([\d,]+) events", told.stdout)[1].replace(",", ""))  # type: ignore[index]
    story = list(tell(people=people, days=days, end=datetime.now(tz=UTC)))
    assert sent == pytest.approx(len(story), abs=5)

    def counted() -> int:
        trend = project.query(
            {
                "kind": "TrendsQuery",
                "series": [{"kind": "EventsNode", "event": None}],
                "dateRange": {"date_from": "-30d"},
                "trendsFilter": {"display": "BoldNumber"},
            }
        )
        return int(trend.body["results"][0]["aggregated_value"])

    wait_until(lambda: counted() == sent, what="the demo")


def test_demo__with_a_key_no_project_has__says_the_server_refused(live: Live) -> None:
    # When
    told = subprocess.run(
        [sys.executable, "manage.py", "demo", f"--host={live.url}", "--project-token=phc_nobody", "--people=2"],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    # Then
    assert told.returncode == 1
    assert "did not take every event" in told.stderr
