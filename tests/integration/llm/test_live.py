"""A generation on its whole way: through the door, the writer and a real job, up to what people see."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.live import Live, LiveProject
from tests.processes import wait_until

MESSAGES = [{"role": "user", "content": "Tell me about whales. " * 200}]
MOMENT = datetime.now(tz=UTC).replace(microsecond=0) - timedelta(hours=3)


@pytest.fixture
def project(live: Live) -> LiveProject:
    return live.new_project(name="Costs")


def generation(model: str, provider: str) -> dict[str, Any]:
    return {
        "event": "$ai_generation",
        "distinct_id": "ada",
        "uuid": str(uuid4()),
        "timestamp": MOMENT.isoformat(),
        "properties": {
            "$ai_trace_id": "trace",
            "$ai_model": model,
            "$ai_provider": provider,
            "$ai_input_tokens": 1_000,
            "$ai_output_tokens": 1_000,
            "$ai_input": MESSAGES,
        },
    }


def stored(project: LiveProject, event: dict[str, Any]) -> dict[str, Any]:
    found = next(one for one in project.events() if one["id"] == event["uuid"])
    properties: dict[str, Any] = found["properties"]
    return properties


def test_generation__sent_and_priced_again__shows_its_cost_everywhere(project: LiveProject) -> None:
    # Given a listed and an unlisted model
    live, path = project.live, f"/api/projects/{project.id}/llm"
    listed, unlisted = generation("gpt-4o", "openai"), generation("our-model", "acme")
    assert project.capture(listed, unlisted).status == 200
    project.wait_for(2)

    # Then the listed one has its cost and its prompt is apart
    found = stored(project, listed)
    assert (found["$ai_total_cost_usd"], found["$ai_cost_status"]) == (0.0125, "exact")
    assert "$ai_input" not in found
    assert found["$ai_texts_apart"]["$ai_input"] > 4_000
    assert stored(project, unlisted)["$ai_cost_reason"] == "model_unknown"
    unpriced = live.get(f"{path}/unpriced_models/", key=live.key).body["results"]
    assert [(row["model"], row["calls"]) for row in unpriced] == [("our-model", 1)]

    # When a price is set and the stored call is priced again
    price = {"model": "our-model", "input_per_mtok": 2, "output_per_mtok": 2}
    assert live.post(f"{path}/prices/", price, key=live.key).status == 201
    day = {"date_from": (MOMENT - timedelta(days=1)).isoformat(), "date_to": datetime.now(tz=UTC).isoformat()}
    run = live.post(f"{path}/repricings/", day, key=live.key)
    assert run.status == 202
    wait_until(lambda: _receipt(live, f"{path}/repricings/{run.body['id']}/")["status"] == "done", what="the run")

    # Then
    receipt = _receipt(live, f"{path}/repricings/{run.body['id']}/")
    assert (receipt["events_changed"], receipt["usd_difference"]) == (1, 0.004)
    assert stored(project, unlisted)["$ai_total_cost_usd"] == 0.004
    assert sum(row["cost_usd"] for row in live.get(f"{path}/spend/", key=live.key).body["results"]) == 0.0165
    question = {
        "kind": "TrendsQuery",
        "series": [{"event": "$ai_generation", "math": "sum", "math_property": "$ai_total_cost_usd"}],
        "dateRange": {"date_from": "-2d"},
    }
    assert project.query(question).body["results"][0]["count"] == pytest.approx(0.0165)


def _receipt(live: Live, path: str) -> dict[str, Any]:
    answer = live.get(path, key=live.key)
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body
