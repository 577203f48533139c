"""OTLP/HTTP against the running server: every address, encoding, way to send the key, and refusal."""

import gzip
import json
import time
import zlib
from functools import partial
from typing import Any

import pytest
from google.rpc import status_pb2  # type: ignore[import-untyped]  # has no stubs
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)

from tests.live import Answer, Live, LiveProject
from tests.processes import wait_until

JSON, PROTOBUF = "application/json", "application/x-protobuf"
gzipped = partial(gzip.compress, mtime=0)


@pytest.fixture(scope="module")
def project(live: Live) -> LiveProject:
    return live.new_project()


def span(number: int, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - attributes of a span
    """Make a span in JSON's encoding; `number` makes its ids."""
    start = time.time_ns() - 5_000_000_000
    values: dict[type, str] = {str: "stringValue", int: "intValue"}
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "chat gpt-5",
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 1_500_000_000),
        "attributes": [{"key": key, "value": {values[type(value)]: value}} for key, value in attributes.items()],
    }


def chat(number: int, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401 - as span()
    """Make a span of a model call."""
    return span(number, **{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5"}, **attributes)


def body(*spans: dict[str, Any]) -> bytes:
    """Make an export of these."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def headers(project: LiveProject, content_type: str = JSON, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {project.token}", "Content-Type": content_type, **more}


def trace_ids(project: LiveProject) -> list[str]:
    return [row["properties"]["$ai_trace_id"] for row in project.events()]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", ["/v1/traces", "/i/v0/ai/otel", "/i/v0/ai/otel/v1/traces", "/i/v1/traces"])
def test_export__any_of_the_addresses__is_stored(live: Live, project: LiveProject, path: str, slash: str) -> None:
    # Given
    number = zlib.crc32((path + slash).encode())

    # When
    answer = live.request("POST", path + slash, body(chat(number)), headers=headers(project))

    # Then
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, {}, JSON)
    wait_until(lambda: f"{number:032x}" in trace_ids(project), what="the span")


@pytest.mark.parametrize("is_compressed", [False, True], ids=["plain", "gzip"])
def test_export__in_protobuf__is_stored_and_answered_in_protobuf(live: Live, is_compressed: bool) -> None:  # noqa: FBT001 - a parameter of the case
    # Given
    project = live.new_project()
    request = ExportTraceServiceRequest()
    made = request.resource_spans.add().scope_spans.add().spans.add(name="chat", start_time_unix_nano=time.time_ns())
    made.trace_id, made.span_id = bytes([7] * 16), bytes([7] * 8)
    made.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
    content = request.SerializeToString()

    # When
    more = {"Content-Encoding": "gzip"} if is_compressed else {}
    answer = live.request(
        "POST",
        "/v1/traces",
        gzipped(content) if is_compressed else content,
        headers=headers(project, PROTOBUF, **more),
    )

    # Then an empty message is an empty body
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, "", PROTOBUF)
    project.wait_for(1)
    [row] = project.events()
    assert row["event"] == "$ai_generation"
    assert row["properties"]["$ai_trace_id"] == "07" * 16


def test_export__sent_again__is_counted_once(live: Live) -> None:
    # Given an export whose answer was lost
    project = live.new_project()
    content = body(chat(1), chat(2))
    live.request("POST", "/v1/traces", content, headers=headers(project))
    project.wait_for(2)

    # When it comes again, and something after it
    live.request("POST", "/v1/traces", content, headers=headers(project))
    live.request("POST", "/v1/traces", body(chat(3)), headers=headers(project))
    wait_until(lambda: f"{3:032x}" in trace_ids(project), what="the last span")

    # Then each span is one event
    answer = project.query(
        {"kind": "TrendsQuery", "series": [{"event": "$ai_generation"}], "dateRange": {"date_from": "-7d"}}
    )
    assert sum(answer.body["results"][0]["data"]) == 3


def test_export__spans_of_other_things__are_dropped_without_a_word(live: Live) -> None:
    # Given what an exporter sends of a whole service
    project = live.new_project()
    content = body(span(1, **{"http.method": "GET"}), chat(2), span(3, **{"db.system": "postgresql"}))

    # When
    answer = live.request("POST", "/v1/traces", content, headers=headers(project))
    only_others = live.request("POST", "/v1/traces", body(span(4, **{"http.method": "GET"})), headers=headers(project))

    # Then only the model call is there, nobody was told of the others, and they are counted
    assert answer.body == only_others.body == {}
    project.wait_for(1)
    assert trace_ids(project) == [f"{2:032x}"]
    wait_until(lambda: _ignored(live) >= 3, what="the count")


def _ignored(live: Live) -> float:
    lines = live.get("/metrics").body.splitlines()
    found = [line for line in lines if line.startswith("baleen_ingest_spans_ignored_total ")]
    return float(found[0].split()[1]) if found else 0


def test_export__one_bad_span__is_a_partial_success_and_a_dead_letter(live: Live) -> None:
    # Given a good span, one without ids, one of the last century
    project = live.new_project()
    ancient = chat(3) | {"startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    content = body(chat(1), chat(2) | {"spanId": ""}, ancient)

    # When
    answer = live.request("POST", "/v1/traces", content, headers=headers(project))

    # Then the good one is stored; the others are told, and kept aside with their reasons
    assert answer.status == 200
    assert answer.body["partialSuccess"]["rejectedSpans"] == "2"
    assert answer.body["partialSuccess"]["errorMessage"]
    project.wait_for(1)
    letters = f"/api/projects/{project.id}/dead_letters/"
    wait_until(lambda: len(live.get(letters, key=live.key).body["results"]) == 2, what="dead letters")
    codes = {row["code"] for row in live.get(letters, key=live.key).body["results"]}
    assert codes == {"span_malformed", "timestamp_too_old"}


def test_export__all_spans_bad__is_final(live: Live) -> None:
    # When
    answer = live.request("POST", "/v1/traces", body(chat(1) | {"spanId": ""}), headers=headers(live.new_project()))

    # Then
    assert answer.status == 400
    assert answer.body["code"] == 3
    assert "span id" in answer.body["message"]


@pytest.mark.parametrize(
    "more",
    [
        {"Authorization": "Bearer {token}"},
        {"Authorization": "bearer  {token}"},
        {"Authorization": "Bearer%20{token}"},
        {"Authorization": "{token}"},
        {"X-Api-Key": "{token}"},
        {"Api-Key": "{token}"},
    ],
    ids=str,
)
def test_export__key_in_a_header__is_found(live: Live, project: LiveProject, more: dict[str, str]) -> None:
    sent = {name: value.format(token=project.token) for name, value in more.items()}
    assert live.request("POST", "/v1/traces", body(chat(9)), headers=sent | {"Content-Type": JSON}).status == 200


def test_export__key_in_the_address__is_found(live: Live, project: LiveProject) -> None:
    path = f"/v1/traces?token={project.token}"
    assert live.request("POST", path, body(chat(9)), headers={"Content-Type": JSON}).status == 200


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer phc_nobody", "Bearer phx_personal", "Basic !!"])
def test_export__without_a_good_key__is_401(live: Live, authorization: str) -> None:
    # When
    sent = {"Content-Type": PROTOBUF} | ({"Authorization": authorization} if authorization else {})
    answer = live.request("POST", "/v1/traces", b"", headers=sent)

    # Then, in the encoding of the request
    assert (answer.status, answer.headers["content-type"]) == (401, PROTOBUF)
    assert status_pb2.Status.FromString(answer.body.encode()).code == 16


@pytest.mark.parametrize(
    ("content", "more"),
    [
        (b"{", {}),
        (b"[]", {}),
        (b"{}", {"Content-Encoding": "lz4"}),
        (b"\x1f\x8b\x08broken", {"Content-Encoding": "gzip"}),
        (b"\xff\xff", {"Content-Type": PROTOBUF}),
        (b'{"resourceSpans": [{"resource": ' + b"[" * 5_000 + b"]" * 5_000 + b"}]}", {}),
    ],
    ids=["cut short", "a list", "a compression", "no gzip", "no protobuf", "deeper than any reader goes"],
)
def test_export__no_export__is_400_with_a_status(
    live: Live, project: LiveProject, content: bytes, more: dict[str, str]
) -> None:
    # When
    answer = live.request("POST", "/v1/traces", content, headers=headers(project) | more)

    # Then
    assert answer.status == 400
    assert answer.headers["content-type"] == more.get("Content-Type", JSON)


def test_export__larger_than_the_bound_once_unpacked__is_413(live: Live, project: LiveProject) -> None:
    bomb = gzipped(b" " * (21 << 20))
    answer = live.request("POST", "/v1/traces", bomb, headers=headers(project, **{"Content-Encoding": "gzip"}))
    assert (answer.status, answer.body["code"]) == (413, 8)


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/metrics/", "/i/v0/ai/otel/v1/logs"])
def test_other_signals__sent_here_as_well__are_answered_with_a_warning(
    live: Live, project: LiveProject, path: str
) -> None:
    answer = live.request("POST", path, b"{}", headers=headers(project))
    assert answer.status == 200
    assert set(answer.body) == {"partialSuccess"}
    assert set(answer.body["partialSuccess"]) == {"errorMessage"}
    assert "traces only" in answer.body["partialSuccess"]["errorMessage"]
    assert live.request("POST", path, b"{}", headers={"Content-Type": JSON}).status == 401


@pytest.mark.parametrize("path", ["/i/v1/logs", "/i/v1/metrics/"])
def test_other_signals__of_sdks__are_answered_with_nothing(live: Live, project: LiveProject, path: str) -> None:
    answer = live.request("POST", path, b"{}", headers=headers(project))
    assert (answer.status, answer.body) == (200, {})


def test_export__of_another_type__is_415(live: Live, project: LiveProject) -> None:
    answer = live.request("POST", "/v1/traces", b"<traces/>", headers=headers(project, "text/xml"))
    assert (answer.status, answer.body["code"]) == (415, 3)


def test_export__from_a_page__may_cross_origins(live: Live) -> None:
    # When a browser asks first
    answer = live.request(
        "OPTIONS",
        "/v1/traces",
        headers={"Origin": "https://shop.example", "Access-Control-Request-Headers": "authorization,content-type"},
    )

    # Then
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert live.get("/v1/traces").status == 405


def test_export__of_a_long_conversation__is_stored_whole(live: Live) -> None:
    # Given more messages than an event may have properties, and more text than most events may have
    project = live.new_project()
    talk = [{"role": "user", "content": f"{number} {'whale ' * 500}"} for number in range(600)]
    content = body(chat(1, **{"gen_ai.input.messages": json.dumps(talk), "gen_ai.usage.input_tokens": 400_000}))
    assert len(content) > 1 << 20

    # When
    answer = live.request("POST", "/v1/traces", content, headers=headers(project))

    # Then it is kept, with every byte of it where long texts are
    assert (answer.status, answer.body) == (200, {})
    project.wait_for(1)
    [row] = project.events()
    assert row["properties"]["$ai_input_tokens"] == 400_000
    assert row["properties"]["$ai_texts_apart"]["$ai_input"] == len(json.dumps(talk, separators=(",", ":")))


def rule(project: LiveProject, **rules: object) -> None:
    """Give the project a rule, and wait until the door knows it."""
    path = f"/api/projects/{project.id}/ingestion/"
    answer = project.live.request(
        "PATCH",
        path,
        json.dumps(rules).encode(),
        headers={"Authorization": f"Bearer {project.live.key}", "Content-Type": JSON},
    )
    assert answer.status == 200, answer


def refused(project: LiveProject, status: int, **more: str) -> Answer:
    """Send until the answer is that one: web processes know of a rule within seconds."""
    answers: list[Answer] = []

    def ask() -> bool:
        content = body(chat(time.time_ns()))
        answers.append(project.live.request("POST", "/v1/traces", content, headers=headers(project, **more)))
        return answers[-1].status == status

    wait_until(ask, what=f"an answer of {status}")
    return answers[-1]


def test_export__over_the_monthly_quota__is_final(live: Live) -> None:
    # Given
    project = live.new_project()
    rule(project, monthly_quota=0)

    # When / Then nothing in the answer makes an exporter keep its spans and come back
    answer = refused(project, 400)
    assert "retry-after" not in answer.headers
    assert "used up" in answer.body["message"]


def test_export__over_the_rate__may_come_again_later(live: Live) -> None:
    # Given
    project = live.new_project()
    rule(project, rate_per_minute=1)

    # When / Then
    answer = refused(project, 429)
    assert int(answer.headers["retry-after"]) > 0
    assert answer.body["code"] == 8


def test_export__from_an_origin_that_is_not_allowed__is_403(live: Live) -> None:
    # Given
    project = live.new_project()
    rule(project, allowed_origins=["https://shop.example"])

    # When / Then
    assert refused(project, 403, Origin="https://elsewhere.example").body["code"] == 7
    ours = headers(project, Origin="https://shop.example")
    assert live.request("POST", "/v1/traces", body(chat(1)), headers=ours).status == 200


def nested(levels: int) -> str:
    """Make a value so deep."""
    return '{"arrayValue": {"values": [' * levels + "]}}" * levels


def with_attribute(key: str, value: str, number: int) -> bytes:
    """Make an export whose span has one strange attribute, its key and value in JSON."""
    made = chat(number)
    made["attributes"].append("?")
    return body(made).replace(b'"?"', f'{{"key": {key}, "value": {value}}}'.encode())


NASTY: dict[str, tuple[bytes, str | None]] = {
    "nested more than is stored": (with_attribute('"a"', nested(70), 2), "properties_too_deep"),
    "too large": (with_attribute('"a"', json.dumps({"stringValue": "x" * (9 << 20)}), 3), "event_too_large"),
    "too many attributes": (body(chat(4, **{f"k{number}": number for number in range(1_100)})), "too_many_properties"),
    "a key of a megabyte": (with_attribute(json.dumps("k" * (1 << 20)), '{"boolValue": true}', 5), None),
    "no text": (with_attribute('"\\ud800\\u0000"', '{"stringValue": "\\udfff"}', 6), None),
    "bytes that are no UTF-8": (with_attribute('"a"', '{"stringValue": "#"}', 7).replace(b"#", b"\xff"), None),
    "a number nobody has": (with_attribute('"a"', json.dumps({"intValue": "9" * 5_000}), 8), None),
    "a number no column has": (with_attribute('"a"', '{"doubleValue": 1e308}', 9), None),
    "the same key twice": (with_attribute('"a"', '{"intValue": 1}}, {"key": "a", "value": {"intValue": 2}', 10), None),
    "an empty key": (with_attribute('""', '{"stringValue": "nameless"}', 11), None),
}


@pytest.mark.parametrize("case", NASTY)
def test_export__strange_but_readable__is_stored_or_a_dead_letter(live: Live, case: str) -> None:
    # Given something no exporter sends, beside a good span
    project = live.new_project()
    content, code = NASTY[case]
    beside = json.dumps(chat(99)).encode()
    content = content.replace(b'"spans": [', b'"spans": [' + beside + b", ")

    # When
    answer = live.request("POST", "/v1/traces", content, headers=headers(project))

    # Then the good one is stored, and the other as well or aside with its reason
    assert answer.status == 200, answer
    assert answer.body.get("partialSuccess", {}).get("rejectedSpans") == (None if code is None else "1")
    project.wait_for(1 if code else 2)
    assert f"{99:032x}" in trace_ids(project)
    letters = f"/api/projects/{project.id}/dead_letters/"
    wait_until(lambda: len(live.get(letters, key=live.key).body["results"]) == (code is not None), what="dead letters")
    assert [row["code"] for row in live.get(letters, key=live.key).body["results"]] == ([code] if code else [])
