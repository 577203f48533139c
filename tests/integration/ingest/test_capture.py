"""The capture endpoints over real HTTP: every wrapping SDKs use, and every bad input there is."""

import base64
import contextlib
import gzip
import http.client
import json
import socket
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from tests.live import Answer, Live, LiveProject
from tests.processes import wait_until

# Without the time of compression, which would make the name of a test differ between two collecting processes.
gzipped = partial(gzip.compress, mtime=0)

GOOD: dict[str, Any] = {"event": "message sent", "distinct_id": "ada", "properties": {"plan": "pro"}}
JSON = {"Content-Type": "application/json"}
ONE = b'[{"event": "a", "distinct_id": "b"}]'


@pytest.fixture(scope="module")
def project(live: Live) -> LiveProject:
    return live.new_project()


@pytest.fixture
def fresh(live: Live) -> LiveProject:
    return live.new_project()


def body_of(project: LiveProject, *events: object) -> bytes:
    return json.dumps({"api_key": project.token, "batch": events}).encode()


def dead_letters(project: LiveProject) -> list[dict[str, Any]]:
    answer = project.live.get(f"/api/projects/{project.id}/dead_letters/", key=project.live.key)
    assert answer.status == 200, answer
    letters: list[dict[str, Any]] = answer.body["results"]
    return letters


def wait_for_letters(project: LiveProject, count: int) -> list[dict[str, Any]]:
    wait_until(lambda: len(dead_letters(project)) >= count, what=f"{count} dead letters")
    return dead_letters(project)


@pytest.mark.parametrize("path", ["/batch", "/e", "/i/v0/e", "/capture", "/track", "/engage", "/i/v0/ai/batch"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_capture__either_spelling_of_a_path__is_exactly_200(project: LiveProject, path: str, slash: str) -> None:
    # When an event comes in with or without the trailing slash
    answer = project.capture(GOOD, path=path + slash)

    # Then it is taken without a redirect
    assert (answer.status, answer.body) == (200, {"status": "Ok"})


def test_capture__every_wrapping__stores_the_event(fresh: LiveProject) -> None:
    # Given the same envelope as senders wrap it
    def event(name: str) -> bytes:
        return body_of(fresh, GOOD | {"event": name})

    base = base64.b64encode(event("base64 form"))
    single = json.dumps(GOOD | {"event": "single", "api_key": fresh.token}).encode()
    array = json.dumps([GOOD | {"event": "array", "properties": {"token": fresh.token}}]).encode()
    web = json.dumps({"token": fresh.token, "event": "in properties", "properties": {"distinct_id": "ada"}}).encode()
    requests: list[tuple[str, bytes, dict[str, str]]] = [
        ("/batch/", event("plain"), JSON),
        ("/batch/", gzipped(event("gzip")), JSON | {"Content-Encoding": "gzip"}),
        (
            "/e/?ip=0&_=1795330000000&ver=1.418",
            gzipped(event("gzip unannounced")),
            {"Content-Type": "text/plain"},
        ),
        ("/e/?compression=gzip-js", event("announced but plain"), {"Content-Type": "text/plain"}),
        ("/e/?compression=base64", b"data=" + quote(base, safe="").encode(), {}),
        ("/e/?compression=base64", base64.b64encode(event("base64 body")).rstrip(b"="), {"Content-Type": "text/plain"}),
        ("/e/", urlencode({"data": event("form").decode()}).encode(), {}),
        ("/capture/", single, JSON),
        ("/e/", array, JSON),
        ("/i/v0/e/", web, JSON),
        (f"/batch/?token={fresh.token}", json.dumps([GOOD | {"event": "query token"}]).encode(), JSON),
        ("/batch/", b"\xef\xbb\xbf" + event("byte order mark"), JSON),
    ]

    # When they arrive, one of them by GET
    answers = [fresh.live.request("POST", path, body, headers=headers) for path, body, headers in requests]
    answers.append(fresh.live.get(f"/e/?data={quote(event('get').decode())}"))

    # Then each is taken and stored
    assert [answer.status for answer in answers] == [200] * len(answers)
    fresh.wait_for(13)
    assert {row["event"] for row in fresh.events()} == {
        "plain", "gzip", "gzip unannounced", "announced but plain", "base64 form", "base64 body", "form", "single",
        "array", "in properties", "query token", "byte order mark", "get",
    }  # fmt: skip


def test_capture__senders_that_never_finish__keep_nobody_waiting(live: Live, fresh: LiveProject) -> None:
    # Given more unfinished bodies than there are cores, yet fewer than one sender may have
    address = urlsplit(live.url)
    head = b"POST /e/ HTTP/1.1\r\nHost: baleen\r\nContent-Length: 500\r\n\r\n{"
    with contextlib.ExitStack() as lines:
        for _ in range(10):
            line = lines.enter_context(socket.create_connection((address.hostname or "", address.port or 0)))
            line.sendall(head)

        # When others come
        probe, taken = live.get("/_health"), fresh.capture({"event": "a", "distinct_id": "ada"})

    # Then they are served
    assert (probe.status, taken.status) == (200, 200)


def test_capture__preflight__allows_the_page(live: Live) -> None:
    # When a browser asks whether a page may send
    answer = live.request(
        "OPTIONS",
        "/e/",
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Headers": "content-type,x-posthog-session-id",
        },
    )

    # Then origin and headers are mirrored
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert answer.status in {200, 204}
    assert headers["access-control-allow-origin"] == "https://app.example"
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["access-control-allow-headers"] == "content-type,x-posthog-session-id"
    assert "POST" in headers["access-control-allow-methods"]


def test_capture__from_a_page__names_its_origin(project: LiveProject) -> None:
    # When a page sends an event, and one that is refused
    headers = {"Origin": "https://app.example", "Content-Type": "text/plain"}
    answers = [
        project.live.request("POST", "/e/", body, headers=headers) for body in (body_of(project, GOOD), b"not JSON")
    ]

    # Then the page may read both answers
    assert [answer.status for answer in answers] == [200, 400]
    for answer in answers:
        assert {name.lower(): value for name, value in answer.headers.items()}["access-control-allow-origin"]


def test_capture__other_method__is_405(live: Live) -> None:
    assert live.request("DELETE", "/batch/").status == 405


BODIES: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("nothing", b"", {}, 400, "malformed_payload"),
    ("no JSON", b"hello", {}, 400, "malformed_payload"),
    ("half JSON", b'{"api_key": "x", "batch": [', {}, 400, "malformed_payload"),
    ("a number", b"7", {}, 400, "malformed_payload"),
    ("a string", b'"event"', {}, 400, "malformed_payload"),
    ("batch is no list", b'{"api_key": "TOKEN", "batch": "x"}', {}, 400, "malformed_payload"),
    ("truncated gzip", gzipped(b'{"api_key": "TOKEN"}' * 50)[:-20], {}, 400, "malformed_payload"),
    ("broken gzip", b"\x1f\x8b\x08" + b"x" * 100, {}, 400, "malformed_payload"),
    ("gzip bomb", gzipped(b" " * (64 << 20)), {}, 413, "payload_too_large"),
    ("base64 of a gzip bomb", base64.b64encode(gzipped(b" " * (64 << 20))), {}, 413, "payload_too_large"),
    ("30 MB", b" " * 30_000_000, {}, 413, "payload_too_large"),
    ("nested without end", b'{"api_key":"TOKEN","batch":' + b"[" * 100_000, {}, 400, "malformed_payload"),
    ("no key", b'{"batch": ' + ONE + b"}", {}, 401, "invalid_token"),
    ("unknown key", b'{"api_key": "phc_nobody", "batch": ' + ONE + b"}", {}, 401, "invalid_token"),
    ("personal key", b'{"api_key": "phx_secret", "batch": ' + ONE + b"}", {}, 401, "invalid_token"),
    ("key is no text", b'{"api_key": {"a": 1}, "batch": ' + ONE + b"}", {}, 401, "invalid_token"),
    ("mixed keys", b'[{"event": "a", "token": "TOKEN"}, {"event": "a", "token": "other"}]', {}, 401, "invalid_token"),
    ("empty batch", b'{"api_key": "TOKEN", "batch": []}', {}, 400, "empty_batch"),
    ("empty array", b"[]", {}, 400, "empty_batch"),
    ("form without data", b"ip=1&ver=2", {}, 400, "malformed_payload"),
    ("unread compression", b"\x28\xb5\x2f\xfd\x00", {"Content-Encoding": "zstd"}, 400, "malformed_payload"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"), [case[1:] for case in BODIES], ids=[case[0] for case in BODIES]
)
def test_capture__bad_body__is_refused_with_its_reason(
    project: LiveProject, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    # When a request comes that nobody can read
    answer = project.live.request("POST", "/batch/", body.replace(b"TOKEN", project.token.encode()), headers=headers)

    # Then the answer says why, and the server lives
    assert answer.status == status
    assert answer.body["code"] == code
    assert {"type", "code", "detail", "attr"} <= set(answer.body)
    assert project.live.get("/_health").status == 200


def test_capture__30_mb_in_chunks__is_413(project: LiveProject) -> None:
    # Given a sender that does not say how much will come
    connection = http.client.HTTPConnection(urlsplit(project.live.url).netloc, timeout=30)

    # When it sends more than is taken
    try:
        connection.request("POST", "/batch/", (b" " * 1_000_000 for _ in range(30)), JSON, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # the server may hang up on what it does not want to read
    finally:
        connection.close()

    # Then it is refused, and the server lives
    assert status == 413
    assert project.live.get("/_health").status == 200


def nested(depth: int) -> dict[str, Any]:
    return json.loads('{"a":' * depth + "1" + "}" * depth) if depth < 500 else {}


EVENTS: list[tuple[str, object]] = [
    ("event_missing", {"distinct_id": "ada"}),
    ("event_missing", {"event": "  ", "distinct_id": "ada"}),
    ("event_not_text", {"event": {"a": 1}, "distinct_id": "ada"}),
    ("event_too_long", {"event": "x" * 201, "distinct_id": "ada"}),
    ("distinct_id_missing", {"event": "a"}),
    ("distinct_id_missing", {"event": "a", "distinct_id": None, "properties": {"distinct_id": ""}}),
    ("uuid_malformed", {"event": "a", "distinct_id": "ada", "uuid": "not-a-uuid"}),
    ("uuid_malformed", {"event": "a", "distinct_id": "ada", "uuid": 7}),
    ("timestamp_too_old", {"event": "a", "distinct_id": "ada", "timestamp": "1900-01-01T00:00:00Z"}),
    ("properties_not_object", {"event": "a", "distinct_id": "ada", "properties": [1]}),
    ("properties_not_object", {"event": "a", "distinct_id": "ada", "properties": "x"}),
    ("properties_too_deep", {"event": "a", "distinct_id": "ada", "properties": nested(300)}),
    ("properties_too_deep", {"event": "a", "distinct_id": "ada", "$set": nested(300)}),
    ("too_many_properties", {"event": "a", "distinct_id": "ada", "properties": {f"k{n}": n for n in range(5_000)}}),
    ("event_too_large", {"event": "a", "distinct_id": "ada", "properties": {"text": "x" * 1_100_000}}),
    ("event_not_object", "just a string"),
    ("event_not_object", None),
    ("event_not_object", [1, 2]),
]
FIELDS = {
    "event_not_object": "",
    "event_too_large": "properties",
    "event_": "event",
    "distinct_id": "distinct_id",
    "uuid": "uuid",
    "timestamp": "timestamp",
    "properties": "properties",
    "too_many_properties": "properties",
}


def test_capture__bad_events_between_good_ones__keeps_the_good_and_tells_of_the_bad(fresh: LiveProject) -> None:
    # Given a request for each bad event, with good neighbours
    # When all are sent
    answers = [fresh.capture(GOOD, event, GOOD) for _, event in EVENTS]  # type: ignore[arg-type]  # that is the point

    # Then each is answered 200, the neighbours are stored and the bad ones are dead letters with their reason
    assert [answer.status for answer in answers] == [200] * len(EVENTS)
    fresh.wait_for(2 * len(EVENTS))
    letters = wait_for_letters(fresh, len(EVENTS))
    assert [letter["code"] for letter in reversed(letters)] == [code for code, _ in EVENTS]
    assert {letter["index"] for letter in letters} == {1}
    assert all(letter["reason"] and letter["path"] == "/batch/" for letter in letters)
    assert len(fresh.events()) == 2 * len(EVENTS)


@pytest.mark.parametrize(("code", "event"), EVENTS, ids=[f"{number}-{code}" for number, (code, _) in enumerate(EVENTS)])
def test_capture__nothing_but_a_bad_event__is_400_with_its_code(project: LiveProject, code: str, event: object) -> None:
    # When the only event of a request is bad
    answer = project.capture(event)  # type: ignore[arg-type]  # that is the point

    # Then the answer names the fault, the event and, where it is one field's, the field
    field = next(f".{name}".rstrip(".") for start, name in FIELDS.items() if code.startswith(start))
    assert answer.status == 400
    assert (answer.body["code"], answer.body["attr"]) == (code, f"batch[0]{field}")


def raw(project: LiveProject, properties: bytes, **fields: str) -> Answer:
    event = json.dumps({"distinct_id": "ada"} | fields).encode()[:-1] + b',"properties":' + properties + b"}"
    return project.live.request(
        "POST", "/batch/", b'{"api_key":"' + project.token.encode() + b'","batch":[' + event + b"]}"
    )


def test_capture__hostile_text__is_mended_and_stored(fresh: LiveProject) -> None:
    # Given properties that would poison an insert, each in an event of its own
    hostile = {
        "nul": rb'{"a": "x\u0000y", "n\u0000": 1}',
        "lone surrogate": rb'{"a": "\ud800", "\udfff": "\ud83d"}',
        "emoji": rb'{"a": "\ud83d\ude00"}',
        "escaped backslash": rb'{"a": "\\ud800"}',
        "invalid utf-8": b'{"a": "\xff\xfe", "\xc3": 1}',
        "bare nan": b'{"a": NaN, "b": Infinity, "c": -Infinity}',
        "raw control": b'{"a": "x\x01\ny"}',
        "twice the same key": b'{"a": 1, "a": 2, "a.b": 1, "a": {"b": 2}}',
        "huge integer": b'{"a": 123456789012345678901234567890123456789}',
        "huge number": b'{"a": 1e999}',
        "long number": b'{"a": ' + b"9" * 400 + b"}",
        "empty key": b'{"": {"": 1}, ".": 2, "a..b": 3}',
        "long key": b'{"' + b"k" * 100_000 + b'": 1}',
    }

    # When they are sent, also as names and ids
    answers = [raw(fresh, properties, event=name) for name, properties in hostile.items()]
    answers.append(fresh.capture({"event": "n\0ul \ud800", "distinct_id": "ad\0a \udc00"}))

    # Then all are taken and stored, and the text has replacement characters
    assert [answer.status for answer in answers] == [200] * len(answers)
    fresh.wait_for(len(answers))
    rows = {row["event"]: row for row in fresh.events()}
    assert set(rows) == {*hostile, "n�ul �"}
    for row in rows.values():
        row["properties"].pop("$ip", None)
    assert rows["nul"]["properties"] == {"a": "x�y", "n�": 1}
    assert rows["lone surrogate"]["properties"] == {"a": "�", "�": "�"}
    assert rows["emoji"]["properties"] == {"a": "😀"}
    assert rows["escaped backslash"]["properties"] == {"a": "\\ud800"}
    assert rows["raw control"]["properties"] == {"a": "x\x01\ny"}
    assert rows["n�ul �"]["distinct_id"] == "ad�a �"


def test_capture__timestamp_in_2500__is_stored_as_now(fresh: LiveProject) -> None:
    # When an event claims the far future, another tells no time, a third nonsense
    stamps = ["2500-01-01T00:00:00Z", None, "yesterday-ish", "99999-01-01"]
    fresh.capture(*(GOOD | {"event": str(stamp), "timestamp": stamp} for stamp in stamps[:3]))

    # Then they are stored as of now, and the nonsense leaves a note
    fresh.wait_for(3)
    rows = {row["event"]: row for row in fresh.events()}
    received = {row["timestamp"][:15] for row in rows.values()}
    assert len({stamp[:13] for stamp in received}) == 1
    assert rows["2500-01-01T00:00:00Z"]["timestamp"][:4] != "2500"
    assert rows["yesterday-ish"]["properties"]["$ingestion_warnings"] == ["timestamp_unparseable"]


def test_dead_letters__of_another_project__are_not_shown(live: Live) -> None:
    # Given a dead letter of one project
    one, other = live.new_project(), live.new_project()
    one.capture({"event": "a"})
    wait_for_letters(one, 1)

    # Then another's list is empty, and strangers see nothing
    assert dead_letters(other) == []
    assert live.get(f"/api/projects/{one.id}/dead_letters/").status == 401


def test_dead_letters__asked_page_by_page__are_given_newest_first(fresh: LiveProject) -> None:
    # Given three dead letters
    for name in ("one", "two", "three"):
        fresh.capture({"event": name})
    wait_for_letters(fresh, 3)

    # When they are asked for two at a time
    path = f"/api/projects/{fresh.id}/dead_letters/?limit=2"
    first = fresh.live.get(path, key=fresh.live.key).body["results"]
    second = fresh.live.get(f"{path}&before={first[-1]['received_at']}", key=fresh.live.key).body["results"]

    # Then they come newest first and none twice
    assert [letter["event"] for letter in [*first, *second]] == ["three", "two", "one"]


def test_dead_letters__limit_is_no_number__is_400_naming_it(fresh: LiveProject) -> None:
    answer = fresh.live.get(f"/api/projects/{fresh.id}/dead_letters/?limit=many", key=fresh.live.key)
    assert (answer.status, answer.body["attr"]) == (400, "limit")
