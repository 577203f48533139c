import gc
import json
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ingest import timestamps
from apps.ingest.bounds import Bounds
from apps.ingest.contracts import LogEntry
from apps.ingest.normalise import Clock, RejectedError, normalise
from apps.ingest.protocols.posthog import parse
from apps.ingest.validation import validate

DAY = 86_400_000_000
BOUNDS = Bounds(
    body_bytes=1_000_000,
    events=1_000,
    event_bytes=2_000,
    ai_event_bytes=8_000,
    depth=8,
    properties=20,
    age_us=3_650 * DAY,
    backlog_entries=1,
    backlog_bytes=1,
    free_bytes=1,
)
NOON = timestamps.parse("2026-11-22T12:00:00Z") or 0
CLOCK = Clock(NOON, skew_us=3_000_000)
EVENT: dict[str, Any] = {
    "event": "a",
    "distinct_id": "ada",
    "uuid": "018f0000-0000-7000-8000-00000000000a",
    "timestamp": "2026-11-22T11:00:00Z",
    "properties": {"plan": "pro"},
}


def judge(*events: object, clock: Clock = CLOCK) -> LogEntry:
    body = json.dumps({"api_key": "phc_1", "batch": events}).encode()
    return validate(parse(body), project_id=7, path="/batch/", clock=clock, bounds=BOUNDS)


def one(event: object, clock: Clock = CLOCK) -> dict[str, Any]:
    entry = judge(event, clock=clock)
    assert not entry.rejections, entry.rejections
    return {
        "uuid": entry.uuids[0],
        "event": entry.events[0],
        "distinct_id": entry.distinct_ids[0],
        "timestamp": entry.timestamps_us[0],
        "properties": msgspec.json.decode(entry.properties[0]),
    }


def test_validate__common_event__is_kept_as_sent_with_its_clock_corrected() -> None:
    assert one(EVENT) == {
        "uuid": EVENT["uuid"],
        "event": "a",
        "distinct_id": "ada",
        "timestamp": NOON - 3_600_000_000 + 3_000_000,
        "properties": {"plan": "pro"},
    }


@pytest.mark.parametrize(
    ("fields", "who"),
    [
        ({"distinct_id": 7}, "7"),
        ({"distinct_id": 7.0}, "7"),
        ({"distinct_id": 7.5}, "7.5"),
        ({"distinct_id": True}, "true"),
        ({"distinct_id": {"id": [1]}}, '{"id":[1]}'),
        ({"distinct_id": 12345678901234567890123456789}, None),
        ({"distinct_id": "x" * 300}, "x" * 200),
        ({"distinct_id": " ada "}, " ada "),
        ({"distinct_id": None, "$distinct_id": "other"}, "other"),
        ({"distinct_id": "", "properties": {"distinct_id": "inside"}}, "inside"),
        ({"distinct_id": " ", "properties": {"$distinct_id": 9}}, "9"),
        ({"distinct_id": "ad\0a"}, "ad�a"),
    ],
)
def test_validate__distinct_id_of_any_kind__becomes_text(fields: dict[str, Any], who: str | None) -> None:
    found = one(EVENT | fields)["distinct_id"]
    assert found == who if who is not None else found.startswith("12345678901234567")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("018F0000-0000-7000-8000-00000000000A", EVENT["uuid"]),
        ("018f00000000700080000000" + "0000000a", EVENT["uuid"]),
        (f" {EVENT['uuid']} ", EVENT["uuid"]),
    ],
)
def test_validate__uuid_in_another_spelling__is_stored_in_one(sent: str, stored: str) -> None:
    assert one(EVENT | {"uuid": sent})["uuid"] == stored


@pytest.mark.parametrize("missing", [None, ""])
def test_validate__no_uuid__gets_one_ordered_by_time(missing: object) -> None:
    assert UUID(one(EVENT | {"uuid": missing})["uuid"]).version == 7


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ({"timestamp": None}, NOON),
        ({"timestamp": "2026-11-23T10:59:56Z"}, NOON + 23 * 3_600_000_000 - 1_000_000),
        ({"timestamp": "2026-11-23T11:00:00Z"}, NOON),
        ({"timestamp": "2500-01-01T00:00:00Z"}, NOON),
        ({"timestamp": 1795345200}, NOON - 3_600_000_000 + 3_000_000),
        ({"offset": 60_000}, NOON - 60_000_000),
        ({"offset": "soon"}, NOON - 3_600_000_000 + 3_000_000),
        ({"offset": 1e308}, NOON - 3_600_000_000 + 3_000_000),
        ({"offset": 10**40}, NOON - 3_600_000_000 + 3_000_000),
        ({"timestamp": 10**400}, NOON),
        ({"timestamp": "9999-12-31T23:59:59-14:00"}, NOON),
        ({"timestamp": "0000-01-01T00:00:00Z"}, 0),
        ({"timestamp": "-0044-03-15"}, 0),
        ({"timestamp": "10000-01-01T00:00:00Z", "properties": {"$ignore_sent_at": True}}, 0),
        ({"properties": {"$ignore_sent_at": True}}, NOON - 3_600_000_000),
        ({"properties": {"$ignore_sent_at": "yes"}}, NOON - 3_600_000_000 + 3_000_000),
    ],
)
def test_validate__time_told_in_any_way__follows_the_rules(fields: dict[str, Any], moment: int) -> None:
    assert one(EVENT | fields)["timestamp"] == moment


def test_validate__time_nobody_can_read__is_now_with_a_note() -> None:
    event = one(EVENT | {"timestamp": "soonish"})
    assert event["timestamp"] == NOON
    assert event["properties"] == {"plan": "pro", "$ingestion_warnings": ["timestamp_unparseable"]}


def test_validate__set_fields_beside_the_properties__move_into_them_and_win() -> None:
    # Given person updates both beside and inside the properties
    fields = {
        "$set": {"plan": "team"},
        "$set_once": None,
        "$unset": ["age"],
        "properties": {"$set": {"plan": "free"}, "$set_once": {"first": 1}},
    }

    # Then those beside them have won
    assert one(EVENT | fields)["properties"] == {
        "$set": {"plan": "team"},
        "$set_once": {"first": 1},
        "$unset": ["age"],
    }


@pytest.mark.parametrize("properties", [None, {}])
def test_validate__no_properties__is_an_empty_object(properties: object) -> None:
    assert one(EVENT | {"properties": properties})["properties"] == {}


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("event_missing", {"event": None}),
        ("event_missing", {"event": ""}),
        ("event_missing", {"event": " \n"}),
        ("event_not_text", {"event": 7}),
        ("event_too_long", {"event": "x" * 201}),
        ("distinct_id_missing", {"distinct_id": None}),
        ("distinct_id_missing", {"distinct_id": " \t"}),
        ("uuid_malformed", {"uuid": "018f0000-0000-7000-8000-00000000000g"}),
        ("uuid_malformed", {"uuid": "018f0000-00007000-8000-00000000000a0"}),
        ("uuid_malformed", {"uuid": ["x"]}),
        ("timestamp_too_old", {"timestamp": "1900-01-01"}),
        ("timestamp_too_old", {"timestamp": "1970-01-01T00:00:00Z"}),
        ("timestamp_too_old", {"offset": 10**14}),
        ("properties_not_object", {"properties": 7}),
        ("properties_too_deep", {"properties": {"a": [[[[[[[[1]]]]]]]]}}),
        ("too_many_properties", {"properties": {str(n): n for n in range(21)}}),
        ("too_many_properties", {"properties": {"list": [{"a": 1, "b": 2}] * 10}}),
        ("event_too_large", {"properties": {"text": "x" * 2_000}}),
        ("event_too_large", {"$set": {"text": "x" * 2_000}}),
    ],
)
def test_validate__bad_event_between_good_ones__is_refused_alone(code: str, fields: dict[str, Any]) -> None:
    # When a bad event stands between two good ones
    bad = EVENT | fields
    entry = judge(EVENT, bad, EVENT | {"uuid": None})

    # Then the good ones are kept, and the bad one is told with what it was
    assert len(entry) == 2
    (rejection,) = entry.rejections
    assert (rejection.index, rejection.code) == (1, code)
    assert rejection.reason.endswith(".")
    assert json.loads(rejection.payload) == bad


def test_validate__long_conversation__counts_as_one_property_of_an_ai_event() -> None:
    # Given more messages than an event may have properties
    talk = [{"role": "user", "content": "Hi"}] * 12

    # When
    kept = judge(EVENT | {"event": "$ai_generation", "properties": {"$ai_input": talk, "$ai_tools": talk}})
    elsewhere = judge(EVENT | {"event": "$ai_generation", "properties": {"talk": talk}})
    not_ai = judge(EVENT | {"properties": {"$ai_input": talk}})

    # Then it is kept where conversations are stored as text, and nowhere else
    assert len(kept) == 1
    assert [rejection.code for rejection in (*elsewhere.rejections, *not_ai.rejections)] == ["too_many_properties"] * 2


@pytest.mark.parametrize("element", [None, 7, "event", [1], True])
def test_validate__element_that_is_no_object__is_refused_alone(element: object) -> None:
    entry = judge(EVENT, element)
    assert len(entry) == 1
    assert [rejection.code for rejection in entry.rejections] == ["event_not_object"]


def test_validate__huge_refused_event__is_cut() -> None:
    entry = judge({"event": "x" * 300_000})
    assert len(entry.rejections[0].payload) == 64 * 1024
    assert len(entry.rejections[0].event) == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
IDS = st.sampled_from([EVENT["uuid"], str(uuid4()), str(uuid4()).upper(), "nope", "", 7])
STAMPS = st.sampled_from(
    ["2026-11-22T11:00:00Z", "2026-11-22T11:00:00", "2500-01-01", "1900-01-01", "soon", 1795345200, {}]
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "event": st.sampled_from(["a", " ", "", "x" * 201, 7]) | st.text(max_size=4),
        "distinct_id": st.sampled_from(["ada", " ", "", 7, "x" * 201]) | JSON,
        "uuid": IDS,
        "timestamp": STAMPS,
        "offset": st.sampled_from([0, 5, None, "x"]),
        "properties": st.dictionaries(st.text(max_size=6), JSON, max_size=24) | JSON,
        "$set": JSON,
    },
)


@given(st.lists(EVENTS | JSON, min_size=1, max_size=5))
def test_validate__any_events__short_path_and_rules_agree(events: list[Any]) -> None:
    # Given whatever a sender may send, read event by event by the module that knows every rule
    request = parse(json.dumps({"api_key": "phc_1", "batch": events}).encode())
    kept, refused = [], []
    for index, wire in enumerate(request.events):
        try:
            kept.append(normalise(wire, CLOCK, BOUNDS))
        except RejectedError as exc:
            refused.append((index, exc.code))

    # When the request is validated as a whole
    entry = validate(request, project_id=7, path="/e/", clock=CLOCK, bounds=BOUNDS)

    # Then nothing else comes out of it (but for ids that were made up)
    assert [(rejection.index, rejection.code) for rejection in entry.rejections] == refused
    assert entry.events == [event.name for event in kept]
    assert entry.distinct_ids == [event.distinct_id for event in kept]
    assert entry.timestamps_us == [event.timestamp_us for event in kept]
    assert entry.properties == [event.properties for event in kept]
    assert all(UUID(uid) for uid in entry.uuids)


def test_validate__many_bad_events__leaves_nothing_for_the_garbage_collector() -> None:
    # Given a request of nothing but bad events
    count = 2_000
    request = parse(json.dumps({"api_key": "phc_1", "batch": [{"event": "a"}] * count}).encode())
    gc.collect()
    before = len(gc.get_objects())

    # When it is judged
    entry = validate(request, project_id=7, path="/e/", clock=CLOCK, bounds=BOUNDS)

    # Then each is told, and none keeps an error or its frames
    assert len(entry.rejections) == count
    assert len(gc.get_objects()) - before < count
