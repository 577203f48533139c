"""One choke point: whatever way an event comes in, what a rule keeps out is in no log, no dead letter, no event.

The secret goes through every way in of a running Baleen, in an event that is taken and in one that is refused, and is
then looked for in the rows, in the dead letters, and in every entry the event log ever held (Valkey's own file).
"""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid5

import pytest
import zstandard

from tests.live import Live, LiveProject
from tests.processes import ROOT, wait_until

NAMESPACE = UUID("0193f0a2-7c44-7d3e-9a52-446655440000")
JSON = {"Content-Type": "application/json"}
RULES = {"denied_properties": ["hidden_*"], "masking": [{"match": "/mail/", "action": "hash"}]}
POLICIES: dict[str, dict[str, Any]] = {
    "detectors": {"detectors": {"email": True}},
    "rules": {
        "denied_properties": ["hidden_*", "/^gen_ai/", "$ai_input"],
        "masking": [{"match": "/mail/", "action": "hash"}, {"match": "$ai_output_*", "action": "drop"}],
    },
    "mask": {"prompt_policy": "mask"} | RULES,
    "metadata": {"prompt_policy": "metadata"} | RULES,
}


def secret_of(policy: str) -> str:
    return f"ada.{policy}@secret.example"


def event(way: str, secret: str, **changes: object) -> dict[str, Any]:
    return {
        "event": "$ai_generation",
        "distinct_id": f"reader of {way}",
        "uuid": str(uuid5(NAMESPACE, way + secret)),
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "properties": {
            "way": way,
            "$ai_model": "deepseek-chat",
            "$ai_input": [{"role": "user", "content": f"I am {secret}, {'help ' * 200}"}],
            "$ai_output_choices": [{"role": "assistant", "content": [{"type": "text", "text": f"Dear {secret}"}]}],
            "$ai_input_tokens": 12,
            "hidden_note": secret,
            "$set": {"email": secret},
            "nested": {"list": [{"mail": secret}]},
        },
        **changes,
    }


def both(way: str, secret: str) -> list[dict[str, Any]]:
    """Give an event that is taken and one that is refused."""
    return [event(way, secret), event(way, secret, uuid="no id")]


def batch(project: LiveProject, path: str, secret: str) -> int:
    return project.live.post(path, {"api_key": project.token, "batch": both(path, secret)}).status


def in_gzip(project: LiveProject, path: str, secret: str) -> int:
    body = gzip.compress(json.dumps([item | {"token": project.token} for item in both(path, secret)]).encode())
    return project.live.request("POST", path, body, headers={"Content-Type": "text/plain"}).status


def second_format(project: LiveProject, path: str, secret: str) -> int:
    headers = JSON | {
        "Authorization": f"Bearer {project.token}",
        "PostHog-Sdk-Info": "posthog-python/7.91.1",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": str(uuid5(NAMESPACE, secret)),
        "PostHog-Request-Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    body = json.dumps({"created_at": "2026-11-22T10:00:00Z", "batch": both(path, secret)}).encode()
    return project.live.request("POST", path, body, headers=headers).status


def in_parts(project: LiveProject, path: str, secret: str) -> int:
    whole = event(path, secret)
    inside = whole["properties"]
    outside = {name: value for name, value in whole.items() if name != "properties"}
    parts = [
        ("event", json.dumps(outside)),
        ("event.properties", json.dumps({name: inside[name] for name in inside if name != "$ai_input"})),
        ("event.properties.$ai_input", json.dumps(inside["$ai_input"])),
    ]
    body = "".join(
        f'--otter\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: application/json\r\n\r\n{text}\r\n'
        for name, text in parts
    )
    headers = {"Authorization": f"Bearer {project.token}", "Content-Type": "multipart/form-data; boundary=otter"}
    return project.live.request("POST", path, f"{body}--otter--\r\n".encode(), headers=headers).status


def spans(project: LiveProject, path: str, secret: str) -> int:
    inside = event(path, secret)["properties"]
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "deepseek-chat",
        "gen_ai.input.messages": json.dumps(inside["$ai_input"]),
        "gen_ai.output.messages": json.dumps(inside["$ai_output_choices"]),
        "gen_ai.prompt.variable.who": secret,
        "hidden_note": secret,
        "user.mail": secret,
        "posthog.distinct_id": "reader of spans",
        "way": path,
    }
    now = time.time_ns()
    span = {
        "traceId": uuid5(NAMESPACE, secret).hex,
        "spanId": uuid5(NAMESPACE, secret).hex[:16],
        "name": "chat",
        "startTimeUnixNano": str(now - 10**9),
        "endTimeUnixNano": str(now),
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()],
    }
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    headers = JSON | {"Authorization": f"Bearer {project.token}"}
    return project.live.request("POST", path, body, headers=headers).status


WAYS: dict[str, Callable[[LiveProject, str, str], int]] = {
    "/batch/": batch,
    "/e/": in_gzip,
    "/i/v0/e/": in_gzip,
    "/capture/": batch,
    "/track/": batch,
    "/engage/": batch,
    "/i/v0/ai/batch/": batch,
    "/i/v1/analytics/events": second_format,
    "/i/v0/ai": in_parts,
    "/v1/traces": spans,
}
REFUSING = 8
"""So many of the ways also carried an event that was refused."""


@pytest.fixture(scope="module")
def environment(live: Live) -> dict[str, str]:
    named_by_the_run = {"CLICKHOUSE_URL", "REDIS_URL", "DATABASE_URL", "BALEEN_SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    inherited = {name: value for name, value in os.environ.items() if name not in named_by_the_run}
    return inherited | {"BALEEN_DATA_DIR": str(live.data_dir), "BALEEN_LOG_COLOR": "0"}


def logged(live: Live) -> Iterator[bytes]:
    """Give every entry that the event log ever held, unpacked, from the file in which Valkey keeps what it was told."""
    magic, unzip = b"\x28\xb5\x2f\xfd", zstandard.ZstdDecompressor()
    for path in sorted((live.data_dir).rglob("*.aof")):
        for piece in path.read_bytes().split(magic)[1:]:
            try:
                yield unzip.decompressobj().decompress(magic + piece)
            except zstandard.ZstdError:
                continue


def rules_of(live: Live, project: LiveProject, rules: dict[str, Any]) -> None:
    headers = JSON | {"Authorization": f"Bearer {live.key}"}
    path = f"/api/projects/{project.id}/ingestion/"
    answer = live.request("PATCH", path, json.dumps(rules).encode(), headers=headers)
    assert answer.status == 200, answer


@pytest.mark.parametrize("policy", POLICIES)
def test_every_way_in__a_secret_the_rules_keep_out__is_stored_nowhere(
    live: Live, environment: dict[str, str], policy: str
) -> None:
    # Given
    project, secret = live.new_project(), secret_of(policy)
    rules_of(live, project, POLICIES[policy])
    rows = live.data_dir / f"{policy}.jsonl"
    rows.write_text(json.dumps(event("import", secret)))

    # When
    statuses = {path: send(project, path, secret) for path, send in WAYS.items()}
    subprocess.run(
        [sys.executable, "manage.py", "import_events", str(rows), f"--project-token={project.token}"],
        cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    # Then every way stored its event
    assert set(statuses.values()) == {200}, statuses
    project.wait_for(len(WAYS) + 1)
    seen = {row["properties"]["way"]: row["properties"] for row in project.events()}
    assert set(seen) == {*WAYS, "import"}

    # And the refused ones are kept aside
    def letters() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = live.get(f"/api/projects/{project.id}/dead_letters/", key=live.key).body[
            "results"
        ]
        return found

    wait_until(lambda: len(letters()) >= REFUSING, what="the refused events")

    # And what the rules keep out is nowhere
    stored = live.get(f"/api/projects/{project.id}/ingestion/stored/?limit=50", key=live.key).body["results"]
    assert len(stored) == len(WAYS) + 1
    for place in (seen, letters(), stored):
        assert secret not in json.dumps(place, ensure_ascii=False)
    entries = [entry for entry in logged(live) if b"reader of /batch/" in entry]
    assert entries
    assert not [entry[:200] for entry in logged(live) if secret.encode() in entry]

    # And what the policy leaves is there
    texts = {json.loads(row["properties"])["way"]: row["texts"] for row in stored}
    for way, properties in seen.items():
        assert properties["$ai_model"] == "deepseek-chat", way
        if policy == "metadata":
            assert properties["$ai_input_chars"] > 1_000
            assert properties["$ai_input_hash"].startswith("hash:")
        elif policy != "rules":
            assert "I am [email]" in texts[way]["$ai_input"]

    # And it is counted
    totals = live.get(f"/api/projects/{project.id}/ingestion/usage/", key=live.key).body["totals"]
    assert totals["events"] == len(WAYS)
    assert totals["historical"] == 1
    wanted = {"detectors": "masked_values", "rules": "removed_properties", "mask": "masked_values"}
    assert totals[wanted.get(policy, "content_removed")] >= len(WAYS)
    usage = totals["withheld"], totals["denied_events"]
    assert usage == (0, 0)


def test_metadata__content_that_hides__is_in_no_event_person_or_refused_event(live: Live) -> None:
    # Given
    project, plan = live.new_project(), "the merger plan of"
    rules_of(live, project, {"prompt_policy": "metadata"})
    inside = {
        "$AI_INPUT": plan,
        "$set": {"prompt": plan, "long": plan * 20, "last_question": plan, "plan": "pro"},
        "data": {"prompt": plan, "tier": "gold"},
        "list": [{"prompt": plan}],
        "note": json.dumps({"prompt": plan}),
        "$foo": plan * 20,
    }
    whole = {"event": "$ai_generation", "distinct_id": "reader", "properties": inside, "$set_once": {"prompt": plan}}
    refused = [
        whole | {"properties": json.dumps(inside)},
        whole | {"event": ""},
        whole | {"distinct_id": ""},
    ]
    # When
    answer = project.capture(whole, *refused)
    # Then
    assert answer.status == 200
    project.wait_for(1)
    [row] = project.events()
    assert "merger" not in json.dumps(row)
    assert row["properties"]["data"] == {"tier": "gold"}
    assert row["properties"]["$set"]["plan"] == "pro"

    def letters() -> Any:  # noqa: ANN401 - JSON
        return live.get(f"/api/projects/{project.id}/dead_letters/", key=live.key).body["results"]

    def persons() -> Any:  # noqa: ANN401 - JSON
        return live.get(f"/api/projects/{project.id}/persons/", key=live.key).body["results"]

    wait_until(lambda: len(letters()) == len(refused), what="the refused events")
    wait_until(lambda: "pro" in json.dumps(persons()), what="the person")
    assert "merger" not in json.dumps([letters(), persons()])
    totals = live.get(f"/api/projects/{project.id}/ingestion/usage/", key=live.key).body["totals"]
    assert totals["withheld"] == 2


def test_limits__over_real_requests__answer_in_each_format_of_its_own(live: Live) -> None:
    # Given a project with room for three events
    project = live.new_project()
    rules_of(live, project, {"monthly_quota": 3, "denied_events": ["debug*"]})

    # When four are sent, one of them denied, and then more in every format
    first = project.capture(*({"event": name, "distinct_id": "ada"} for name in ("debug 1", "a", "b")), path="/i/v0/e/")
    second = project.capture({"event": "c", "distinct_id": "ada"}, {"event": "d", "distinct_id": "ada"})
    snapshot = {"event": "$snapshot", "properties": {"$session_id": "s", "$snapshot_data": [], "distinct_id": "ada"}}
    recording = live.post("/s/", [snapshot | {"token": project.token}])
    newer = second_format_answer(project)
    exported = spans(project, "/v1/traces", "rules")

    # Then each is told in its way
    assert (first.status, first.body) == (200, {"status": "Ok"})
    assert (second.status, second.body) == (200, {"status": "Ok", "quota_limited": ["events"]})
    assert (recording.status, recording.body) == (200, {"status": "Ok", "quota_limited": ["recordings"]})
    assert (newer.status, newer.body["error"]) == (429, "billing_limit_exceeded")
    assert newer.headers["retry-after"] == "3600"
    assert exported == 400

    # And exactly three are stored, and the others counted
    project.wait_for(3)
    usage = live.get(f"/api/projects/{project.id}/ingestion/usage/", key=live.key).body
    assert {row["event"] for row in project.events()} == {"a", "b", "c"}
    assert (usage["used"], usage["quota"]) == (3, 3)
    assert usage["totals"]["denied_events"] == 1


def second_format_answer(project: LiveProject) -> Any:  # noqa: ANN401 - an Answer
    headers = JSON | {
        "Authorization": f"Bearer {project.token}",
        "PostHog-Sdk-Info": "posthog-python/7.91.1",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": "x",
        "PostHog-Request-Timestamp": "2026-11-22T10:00:00Z",
    }
    one = {"event": "e", "distinct_id": "ada", "uuid": str(NAMESPACE), "timestamp": "2026-11-22T10:00:00Z"}
    body = json.dumps({"created_at": "2026-11-22T10:00:00Z", "batch": [one]}).encode()
    return project.live.request("POST", "/i/v1/analytics/events", body, headers=headers)


def test_origins__a_foreign_page__is_refused_and_a_server_is_not(live: Live) -> None:
    # Given
    project = live.new_project()
    rules_of(live, project, {"allowed_origins": ["*.example.com"]})
    body = json.dumps({"api_key": project.token, "event": "x", "distinct_id": "ada"}).encode()
    # When
    foreign = live.request("POST", "/e/", body, headers=JSON | {"Origin": "https://evil.example"})
    own = live.request("POST", "/e/", body, headers=JSON | {"Origin": "https://app.example.com"})
    server = live.request("POST", "/e/", body, headers=JSON)
    # Then
    assert (foreign.status, foreign.body["code"]) == (403, "origin_not_allowed")
    assert foreign.headers["access-control-allow-origin"] == "https://evil.example"
    assert (own.status, server.status) == (200, 200)


def test_cookieless__a_page_view__is_counted_without_anything_that_tells_who(live: Live) -> None:
    # Given
    project, without = live.new_project(), live.new_project()
    rules_of(live, project, {"cookieless": True})
    properties = {
        "$cookieless_mode": True,
        "$raw_user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0",
        "$host": "www.example.com",
        "$timezone": "Europe/Berlin",
        "$device_id": None,
        "distinct_id": "$posthog_cookieless",
    }
    view = {"event": "$pageview", "properties": properties}
    # When
    answers = [
        live.post("/e/", {"api_key": each.token, "batch": [view, view | {"event": "$identify"}]})
        for each in (project, without)
    ]
    # Then
    assert [answer.status for answer in answers] == [200, 200]
    project.wait_for(1)
    [row] = project.events()
    assert row["distinct_id"].startswith("cookieless_")
    assert row["properties"]["distinct_id"] == row["distinct_id"]
    assert not {"$ip", "$raw_user_agent", "$device_id"} & set(row["properties"])
    dropped = [
        live.get(f"/api/projects/{each.id}/ingestion/usage/", key=live.key).body["totals"]["cookieless"]
        for each in (project, without)
    ]
    assert dropped == [1, 2]


@pytest.mark.parametrize(("policy", "kept"), [("keep", "203.0.113.77"), ("truncate", "203.0.113.0"), ("drop", None)])
def test_ip_policy__of_events_and_refused_ones__leaves_what_it_says(live: Live, policy: str, kept: str | None) -> None:
    # Given
    project = live.new_project()
    rules_of(live, project, {"ip_policy": policy})
    sent = {"event": "x", "distinct_id": "ada", "properties": {"$ip": "203.0.113.77"}}
    # When
    answer = project.capture(sent, sent | {"uuid": "no id"})
    # Then
    assert answer.status == 200
    project.wait_for(1)
    assert project.events()[0]["properties"].get("$ip") == kept
    path = f"/api/projects/{project.id}/dead_letters/"
    wait_until(lambda: bool(live.get(path, key=live.key).body["results"]), what="the refused event")
    [letter] = live.get(path, key=live.key).body["results"]
    assert json.loads(letter["payload"])["properties"].get("$ip") == kept
