"""The less common ways in: tokens in every place, GET, person updates, the sender's address, AI events in parts."""

import base64
import gzip
import json
import zlib
from typing import Any
from urllib.parse import quote, urlencode

import brotli
import pytest
import zstandard

from tests.live import Answer, Live, LiveProject

GOOD: dict[str, Any] = {"event": "message sent", "distinct_id": "ada"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def fresh(live: Live) -> LiveProject:
    return live.new_project()


def names(project: LiveProject) -> set[str]:
    return {row["event"] for row in project.events()}


def test_capture__token_wherever_it_may_stand__finds_the_project(fresh: LiveProject) -> None:
    # Given the same event with the token in each of its places
    token, post = fresh.token, fresh.live.request

    def body(name: str, **more: object) -> bytes:
        return json.dumps({"event": name, "distinct_id": "ada", **more}).encode()

    # When they are sent
    answers = [
        post("POST", "/e/", body("api_key", api_key=token), headers=JSON),
        post("POST", "/e/", body("token", token=token), headers=JSON),
        post("POST", "/e/", body("$token", **{"$token": token}), headers=JSON),
        post("POST", "/e/", body("property", properties={"token": token}), headers=JSON),
        post("POST", "/e/", body("$property", properties={"$token": token}), headers=JSON),
        post("POST", f"/e/?token={token}", body("query"), headers=JSON),
        post("POST", "/e/", body("bearer"), headers=JSON | {"Authorization": f"Bearer {token}"}),
        # A proxy's own credentials do not name a project when the request does.
        post("POST", "/e/", body("proxied", token=token), headers=JSON | {"Authorization": "Bearer proxy-secret"}),
    ]

    # Then each is taken and stored
    assert [answer.status for answer in answers] == [200] * 8
    fresh.wait_for(8)
    assert len(names(fresh)) == 8


def test_capture__get_with_data__stores_the_event(fresh: LiveProject) -> None:
    # Given an event in the address, as pixels and old SDKs send it
    event = json.dumps(GOOD | {"event": "pixel", "token": fresh.token})
    encoded = base64.b64encode(json.dumps(GOOD | {"event": "base64 pixel", "token": fresh.token}).encode()).decode()

    # When it is asked for, plain and base64
    plain = fresh.live.get(f"/e/?{urlencode({'data': event, 'ip': 1, '_': 1795330000000})}")
    packed = fresh.live.get(f"/track?data={quote(encoded)}&ip=0")

    # Then both are stored
    assert (plain.status, packed.status) == (200, 200)
    fresh.wait_for(2)
    assert names(fresh) == {"pixel", "base64 pixel"}


def test_capture__beacon__is_exactly_200(fresh: LiveProject) -> None:
    # When a page is left and its last events come as a beacon
    body = gzip.compress(json.dumps({"api_key": fresh.token, "batch": [GOOD]}).encode())
    answer = fresh.live.request("POST", "/e/?beacon=1", body, headers={"Content-Type": "text/plain"})

    # Then they are taken like any others
    assert (answer.status, answer.body) == (200, {"status": "Ok"})


def test_engage__update_without_event__is_an_identify(fresh: LiveProject) -> None:
    # When an old SDK updates a person
    update = {"$token": fresh.token, "$distinct_id": "ada", "$set": {"plan": "pro"}}
    answer = fresh.live.request(
        "POST", "/engage/", b"data=" + base64.b64encode(json.dumps(update).encode()).replace(b"+", b"%2B")
    )

    # Then it is stored as $identify
    assert answer.status == 200
    fresh.wait_for(1)
    [row] = fresh.events()
    assert (row["event"], row["distinct_id"], row["properties"]["$set"]) == ("$identify", "ada", {"plan": "pro"})


def test_capture__page_with_credentials__may_read_the_answer(live: Live, fresh: LiveProject) -> None:
    # Given a page elsewhere
    origin = {"Origin": "https://otter.example"}

    # When it asks before it sends, then sends what is refused
    preflight = live.request(
        "OPTIONS",
        "/i/v0/e/?compression=gzip-js",
        headers=origin
        | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-posthog-session-id",
        },
    )
    refused = live.request("POST", "/e/", b"{}", headers=origin)

    # Then both name its origin, allow credentials, and the headers it asked for
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-headers"] == "content-type,x-posthog-session-id"
    assert refused.status == 401
    for answer in (preflight, refused):
        assert answer.headers["access-control-allow-origin"] == "https://otter.example"
        assert answer.headers["access-control-allow-credentials"] == "true"


def test_capture__what_is_not_sent_as_events__leaves_other_addresses_to_django(live: Live) -> None:
    assert live.get("/s/x").status == 404
    assert live.get("/array").status == 404


AI = {"event": "$ai_generation", "distinct_id": "ada"}


def parts_of(*parts: tuple[str, str, bytes], boundary: str = "otter") -> bytes:
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, kind, content in parts
    ]
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def send_parts(project: LiveProject, body: bytes, **headers: str) -> Answer:
    return project.live.request(
        "POST",
        "/i/v0/ai/",
        body,
        headers={"Authorization": f"Bearer {project.token}", "Content-Type": "multipart/form-data; boundary=otter"}
        | headers,
    )


@pytest.mark.parametrize("is_gzipped", [False, True])
def test_ai__event_in_parts__is_put_together(fresh: LiveProject, is_gzipped: bool) -> None:  # noqa: FBT001 - a parameter of the case
    # Given a generation whose prompt, answer and picture come as parts
    body = parts_of(
        ("event", "application/json", json.dumps(AI).encode()),
        ("event.properties", "application/json", b'{"$ai_model": "qwen3"}'),
        ("event.properties.$ai_input", "application/json", b'[{"role": "user", "content": "why?"}]'),
        ("event.properties.$ai_note", "text/plain; charset=utf-8", "därum".encode()),
        ("event.properties.$ai_picture", "image/png", b"\x89PNG\x00\xff"),
    )

    # When it is sent
    answer = send_parts(fresh, gzip.compress(body) if is_gzipped else body)

    # Then every part is named, and the event is stored whole
    assert answer.status == 200, answer
    assert [part["name"] for part in answer.body["accepted_parts"]][-1] == "event.properties.$ai_picture"
    assert answer.body["accepted_parts"][-1]["length"] == 6
    fresh.wait_for(1)
    [row] = fresh.events()
    assert row["properties"]["$ai_model"] == "qwen3"
    assert row["properties"]["$ai_input"] == [{"role": "user", "content": "why?"}]
    assert row["properties"]["$ai_note"] == "därum"
    assert row["properties"]["$ai_picture"] == "data:image/png;base64," + base64.b64encode(b"\x89PNG\x00\xff").decode()


EVENT_PART = ("event", "application/json", json.dumps(AI | {"properties": {"$ai_model": "qwen3"}}).encode())


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        (parts_of(("event.properties", "application/json", b"{}"), EVENT_PART), "event"),
        (parts_of(EVENT_PART, ("event.properties.a", "text/plain", b"1"), ("event.properties.a", "text/plain", b"2")),
         "event.properties.a"),
        (parts_of(EVENT_PART, ("else", "text/plain", b"1")), "else"),
        (parts_of(EVENT_PART, ("event.properties.a", "application/json", b"{")), "event.properties.a"),
        (parts_of(("event", "application/json", b'{"event": "chat", "distinct_id": "ada"}')), "event.event"),
        (parts_of(("event", "application/json", json.dumps(AI).encode())), "event.properties.$ai_model"),
        (parts_of(("event", "application/json", b'{"event": 1e999, "properties": 7}')), "event"),
        (parts_of(("event", "application/json", b"[]")), "event"),
        (b"", None),
        (b"--otter\r\n", None),
        (gzip.compress(b"--otter", mtime=0)[:-4], None),
    ],
    ids=[str(number) for number in range(11)],
)  # fmt: skip
def test_ai__bad_parts__are_400(fresh: LiveProject, body: bytes, attr: str | None) -> None:
    # When they are sent
    answer = send_parts(fresh, body)

    # Then the answer names the part
    assert answer.status == 400, answer
    assert attr is None or answer.body["attr"] == attr


def test_ai__without_token_or_form__is_refused(fresh: LiveProject) -> None:
    assert send_parts(fresh, parts_of(EVENT_PART), Authorization="").status == 401
    assert send_parts(fresh, parts_of(EVENT_PART), Authorization="Bearer phc_nobody").status == 401
    assert send_parts(fresh, parts_of(EVENT_PART), **{"Content-Type": "text/plain"}).status == 400


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("", bytes),
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.compress),
        ("br", brotli.compress),
    ],
)
def test_analytics__every_encoding__answers_for_each_event(fresh: LiveProject, encoding: str, pack: Any) -> None:  # noqa: ANN401 - any packer
    # Given a good event, one without a person, and one of nobody in particular
    good, bad, nobody = (f"018f0000-0000-7000-8000-00000000000{number}" for number in range(3))
    batch = [
        {"event": "a", "distinct_id": "ada", "uuid": good, "timestamp": "2026-11-20T10:00:00Z",
         "session_id": "s-1", "window_id": "w-1", "properties": {"plan": "pro"},
         "options": {"process_person_profile": False, "disable_skew_correction": True}},
        {"event": "a", "uuid": bad, "timestamp": "2026-11-20T10:00:00Z", "properties": {}, "options": {}},
        {"event": "a", "distinct_id": "Anonymous", "uuid": nobody, "timestamp": "2026-11-20T10:00:00Z"},
    ]  # fmt: skip
    body = pack(json.dumps({"created_at": "2026-11-20T10:00:01Z", "batch": batch}).encode())

    # When they are sent
    answer = fresh.live.request("POST", "/i/v1/analytics/events", body, headers=v1_headers(fresh, encoding))

    # Then each id has its result, and what stood outside the properties is in them
    assert answer.status == 200, answer
    results = answer.body["results"]
    assert {uid: result["result"] for uid, result in results.items()} == {good: "ok", bad: "drop", nobody: "drop"}
    assert "distinct_id" in results[bad]["details"]
    fresh.wait_for(1)
    [row] = fresh.events()
    assert row["timestamp"].startswith("2026-11-20T10:00:00")
    expected = {
        "plan": "pro", "$session_id": "s-1", "$window_id": "w-1", "$process_person_profile": False,
        "$lib": "posthog-otter", "$lib_version": "1.2.3", "$ignore_sent_at": True,
    }  # fmt: skip
    assert {key: row["properties"].get(key) for key in expected} == expected


def v1_headers(project: LiveProject, encoding: str = "") -> dict[str, str]:
    return {
        "Authorization": f"Bearer {project.token}",
        "Content-Type": "application/json",
        "PostHog-Sdk-Info": "posthog-otter/1.2.3",
        "PostHog-Attempt": "1",
        "PostHog-Request-Id": "018f0000-0000-7000-8000-000000000009",
        # An hour behind ours, which moves what does not object.
        "PostHog-Request-Timestamp": "2026-11-20T09:00:00Z",
    } | ({"Content-Encoding": encoding} if encoding else {})


@pytest.mark.parametrize(
    ("changes", "body", "status", "error"),
    [
        ({"Authorization": ""}, b"{}", 401, "invalid_api_token"),
        ({"Authorization": "Bearer phc_nobody"}, b'{"batch": [{}]}', 401, "invalid_api_token"),
        ({"PostHog-Attempt": ""}, b"{}", 400, "missing_required_headers"),
        ({"Content-Type": "text/plain"}, b"{}", 415, "unsupported_content_type"),
        ({"Content-Encoding": "compress"}, b"{}", 415, "unsupported_content_encoding"),
        ({"Content-Encoding": "zstd"}, b"\0\1", 400, "malformed_payload"),
        ({}, b"{}", 400, "malformed_payload"),
        ({}, b"[]", 400, "malformed_payload"),
        ({}, b'{"batch": []}', 400, "empty_batch"),
        ({}, b'{"batch": [{"options": {"cookieless_mode": "yes"}}]}', 400, "malformed_payload"),
        ({}, b" " * (21 << 20), 413, "payload_too_large"),
    ],
    ids=[str(number) for number in range(11)],
)
def test_analytics__request_at_fault__is_refused_in_its_own_words(
    fresh: LiveProject, changes: dict[str, str], body: bytes, status: int, error: str
) -> None:
    # When it is sent
    answer = fresh.live.request("POST", "/i/v1/analytics/events/", body, headers=v1_headers(fresh) | changes)

    # Then the answer has the format's own shape
    assert (answer.status, answer.body["error"]) == (status, error)
    assert answer.body["error_description"]
