from collections.abc import Mapping
from uuid import UUID

import pytest

from apps.ingest.importing.shapes import Shaper, shape_of

MIXPANEL = {
    "event": "Chat Sent",
    "properties": {
        "time": 1_700_000_000,
        "distinct_id": "ada",
        "$insert_id": "abc",
        "$city": "Oslo",
        "mp_country_code": "NO",
        "mp_lib": "web",
        "mp_processing_time_ms": 1,
        "model": "qwen3-32b",
    },
}


def shaped(row: Mapping[str, object], **options: object) -> dict[str, object]:
    return Shaper(7, **options).event(row)  # type: ignore[arg-type]  # any option of the shaper


def test_posthog__row_of_a_batch_export__is_the_event_without_what_the_export_added() -> None:
    # Given a row with properties as JSON text, as Parquet has them
    row = {
        "uuid": "018f0000-0000-7000-8000-000000000001",
        "event": "$pageview",
        "distinct_id": "ada",
        "timestamp": "2026-01-02 03:04:05.000006",
        "properties": '{"$browser": "Firefox", "$ip": "1.2.3.4"}',
        "set": '{"plan": "pro"}',
        "person_id": "x",
        "person_properties": '{"email": "ada@example.com"}',
        "team_id": 3,
        "elements_chain": "a:text=b",
        "ip": "5.6.7.8",
    }

    # When / Then
    assert shape_of(row) == "posthog"
    assert shaped(row) == {
        "uuid": "018f0000-0000-7000-8000-000000000001",
        "event": "$pageview",
        "distinct_id": "ada",
        "timestamp": "2026-01-02 03:04:05.000006",
        "properties": {
            "$browser": "Firefox",
            "$ip": "1.2.3.4",
            "$set": {"plan": "pro"},
            "$elements_chain": "a:text=b",
        },
    }


def test_mixpanel__row_of_the_raw_export__maps_names_and_keeps_its_own_key() -> None:
    # Given / When
    event = shaped(MIXPANEL)

    # Then
    assert (event["event"], event["distinct_id"], event["timestamp"]) == ("Chat Sent", "ada", 1_700_000_000)
    assert event["properties"] == {
        "$geoip_city_name": "Oslo",
        "$geoip_country_code": "NO",
        "$lib": "web",
        "$insert_id": "abc",
        "model": "qwen3-32b",
    }

    # And the id rests on Mixpanel's key alone
    other = {**MIXPANEL, "properties": {**MIXPANEL["properties"], "$city": "Bergen"}}  # type: ignore[dict-item]
    assert shaped(other)["uuid"] == event["uuid"]


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("$identify", {"$identified_id": "ada", "$anon_id": "a1"}, ("$identify", "ada", {"$anon_distinct_id": "a1"})),
        ("$merge", {"$distinct_ids": ["ada", "a1"]}, ("$merge_dangerously", "ada", {"alias": "a1"})),
        ("$create_alias", {"alias": "ada2"}, ("$create_alias", "d", {"alias": "ada2"})),
        ("$mp_web_page_view", {}, ("$pageview", "d", {})),
    ],
    ids=["identify", "merge", "alias", "page view"],
)
def test_mixpanel__identity_event__becomes_ours(
    name: str, properties: dict[str, object], expected: tuple[str, str, dict[str, object]]
) -> None:
    event = shaped({"event": name, "properties": {"time": 1, "distinct_id": "d", **properties}})
    found = event["properties"]
    assert isinstance(found, dict)
    assert (event["event"], event["distinct_id"]) == expected[:2]
    assert expected[2].items() <= found.items()


def test_plain__columns_named_and_text_read__are_fields_and_typed_properties() -> None:
    # Given a row of a CSV file with names of its own
    row = {"what": "signed up", "user_id": "007", "time": "2026-01-02", "age": "42", "ratio": "0.5", "zip": "01234",
           "is_pro": "true", "properties.plan": "pro", "tags": '["a"]', "huge": "12345678901234567890"}  # fmt: skip

    # When
    event = shaped(row, columns={"event": "what", "distinct_id": "user_id"}, parse_text=True)

    # Then ids stay text and numbers become numbers
    assert (event["event"], event["distinct_id"], event["timestamp"]) == ("signed up", "007", "2026-01-02")
    assert event["properties"] == {
        "age": 42, "ratio": 0.5, "zip": "01234", "is_pro": True, "plan": "pro", "tags": ["a"],
        "huge": "12345678901234567890",
    }  # fmt: skip


def test_uuid__same_row_again__is_the_same_and_differs_by_project_and_content() -> None:
    # Given
    row = {"event": "a", "distinct_id": "b", "timestamp": "2026-01-01", "x": 1, "y": float("nan")}
    # When
    first = shaped(dict(row))["uuid"]
    # Then
    assert UUID(str(first)).version == 5
    assert shaped({**row, "y": float("nan")})["uuid"] == first
    assert shaped({**row, "x": 2})["uuid"] != first
    assert Shaper(8).event(row)["uuid"] != first


@pytest.mark.parametrize("properties", ["{no json", "[]", 5, None, "text"])
def test_plain__properties_that_are_no_object__break_nothing(properties: object) -> None:
    event = shaped({"event": "a", "distinct_id": "b", "properties": properties})
    assert isinstance(event["properties"], dict)
