import json

import pytest

from apps.ingest.batch import EventBatch
from apps.ingest.pipeline import run_steps, without_refused


def batch(*properties: bytes) -> EventBatch:
    count = len(properties)
    events = EventBatch(
        project_ids=[1] * count,
        uuids=[f"018f0000-0000-7000-8000-00000000000{row}" for row in range(count)],
        events=["a"] * count,
        distinct_ids=["ada"] * count,
        person_ids=[""] * count,
        timestamps_us=[5] * count,
        received_us=[6] * count,
        properties=list(properties),
        entries=["1-0"] * count,
        ips=["203.0.113.7"] * count,
        user_agents=[""] * count,
    )
    events.look()
    return events


@pytest.mark.parametrize("text", [b"{}", b"{ }", b'{"a":1}', b'{"a":1 }', b'{"$ip":"1.1.1.1","a":1}'])
def test_put__any_object__holds_the_new_value_and_all_others(text: bytes) -> None:
    # Given an event and a property a step sets
    events = batch(text)
    events.put(0, "$ip", "203.0.113.0")

    # When the changes are written
    events.change_properties()

    # Then it is there, once
    assert json.loads(events.properties[0]) == {**json.loads(text), "$ip": "203.0.113.0"}
    assert events.properties[0].count(b'"$ip"') == 1


def test_remove__property_of_the_sender__is_gone() -> None:
    events = batch(b'{"$ip":"1.1.1.1","a":[1,{"b":2}]}')
    events.remove(0, "$ip")
    assert events.value(0, "$ip") is None
    events.change_properties()
    assert json.loads(events.properties[0]) == {"a": [1, {"b": 2}]}


def test_remove__property_nobody_sent__changes_nothing() -> None:
    events = batch(b"{}")
    events.remove(0, "$ip")
    events.change_properties()
    assert events.properties == [b"{}"]


def test_value__step_before_changed_it__is_what_it_left() -> None:
    events = batch(b'{"$ip":"1.1.1.1"}', b"{}")
    assert events.value(0, "$ip") == "1.1.1.1"
    events.put(0, "$ip", "2.2.2.2")
    assert events.value(0, "$ip") == "2.2.2.2"
    assert events.value(1, "$ip") is None


def test_warn__twice_beside_an_older_one__says_each_once() -> None:
    events = batch(b'{"$ingestion_warnings":["timestamp_unparseable"]}')
    events.warn(0, "odd")
    events.warn(0, "odd")
    events.change_properties()
    assert json.loads(events.properties[0]) == {"$ingestion_warnings": ["timestamp_unparseable", "odd"]}


def test_look__well_known_property_cannot_be_read__spares_its_neighbours() -> None:
    events = batch(b'{"$ip":1e400}', b'{"$ip":"1.1.1.1"}')
    assert events.value(0, "$ip") is None
    assert events.value(1, "$ip") == "1.1.1.1"


def test_refused__with_and_without_code__leave_a_dead_letter_or_no_trace() -> None:
    # Given three events, of which a step refuses one and discards another
    events = batch(b"{}", b"{}", b"{}")
    events.refuse(0, "too_odd", "It is too odd.")
    events.discard(1)
    events.put_beside("others", {"project_id": 1})

    # When they are split off
    kept, dead = without_refused(events)

    # Then the rest goes on with the rows beside it
    assert kept.uuids == ["018f0000-0000-7000-8000-000000000002"]
    assert kept.beside == {"others": [{"project_id": 1}]}
    assert [(letter.rejection.code, letter.rejection.reason) for letter in dead] == [("too_odd", "It is too odd.")]


def test_run_steps__a_step_fails_on_one_event__rows_beside_come_once_each() -> None:
    # Given a step that notes every event beside, and fails on the second
    def noting(events: EventBatch) -> None:
        for row, uuid in enumerate(events.uuids):
            events.put_beside("others", {"uuid": uuid})
            events.put(row, "seen", "yes")
            if uuid.endswith("1"):
                raise KeyError(uuid)

    # When it runs over four events
    kept, dead = run_steps(batch(b"{}", b"{}", b"{}", b"{}"), [noting])
    kept.change_properties()

    # Then three are there with their rows, and one is a dead letter
    assert [row["uuid"] for row in kept.beside["others"]] == kept.uuids
    assert kept.properties == [b'{"seen":"yes"}'] * 3
    assert [letter.rejection.code for letter in dead] == ["step_failed"]
