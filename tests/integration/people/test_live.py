"""People through the whole running stack: over HTTP, through the log and a real writer, to a question's answer."""

from typing import Any

from tests.live import Live
from tests.processes import wait_until


def test_people__over_http__are_one_after_they_said_who_they_are(live: Live) -> None:
    # Given a visitor without a name, seen and stored, and a bystander
    project = live.new_project(name="People")
    path = f"/api/projects/{project.id}"
    page = {
        "event": "seen",
        "distinct_id": "anon",
        "properties": {"$browser": "Firefox", "$groups": {"company": "acme"}},
    }
    project.capture(page, {"event": "seen", "distinct_id": "zoe"})
    project.wait_for(2)

    # When they say who they are, and buy
    told = {"$anon_distinct_id": "anon", "$set": {"email": "ada@example.com"}}
    project.capture(
        {"event": "$identify", "distinct_id": "ada", "properties": told}, {"event": "bought", "distinct_id": "ada"}
    )
    project.wait_for(4)

    # Then trends and funnels see one person with both events
    steps: list[dict[str, Any]] = [{"kind": "EventsNode", "event": name} for name in ("seen", "bought")]
    funnel = project.query({"kind": "FunnelsQuery", "series": steps}).body["results"]
    active = project.query({"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": None, "math": "dau"}]})
    assert [step["count"] for step in funnel] == [2, 1]
    assert max(active.body["results"][0]["data"]) == 2

    # And the person, their events and the group's type can be asked for
    (ada,) = live.get(f"{path}/persons/?distinct_id=anon", key=live.key).body["results"]
    assert (ada["name"], ada["distinct_ids"], ada["is_identified"]) == ("ada@example.com", ["anon", "ada"], True)
    assert ada["properties"]["$initial_browser"] == "Firefox"
    events = live.get(f"{path}/events/?person_id={ada['id']}", key=live.key).body["results"]
    assert sorted(event["event"] for event in events) == ["$identify", "bought", "seen"]
    assert {event["person_id"] for event in events} == {ada["id"]}
    assert [event["properties"].get("$group_0") for event in events if event["event"] == "seen"] == ["acme"]
    assert live.get(f"{path}/groups_types/", key=live.key).body == [{"group_type": "company", "group_type_index": 0}]

    # When they are deleted with their events
    receipt = live.request("DELETE", f"{path}/persons/{ada['id']}/?delete_events=true", headers=bearer(live))
    assert receipt.status == 202

    # Then the job erases what they did, and says so
    where = f"{path}/persons/deletions/{receipt.body['id']}/"
    wait_until(lambda: live.get(where, key=live.key).body["finished_at"], what="the deletion")
    left = live.get(f"{path}/events/", key=live.key).body["results"]
    assert [event["distinct_id"] for event in left] == ["zoe"]


def test_deletion__without_events__leaves_strangers_and_a_new_person_comes_back(live: Live) -> None:
    # Given one person of two ids, whom the writer remembers
    project = live.new_project(name="Forgotten")
    path = f"/api/projects/{project.id}"
    project.capture({"event": "$identify", "distinct_id": "ada", "properties": {"$anon_distinct_id": "anon"}})
    project.wait_for(1)
    project.capture({"event": "seen", "distinct_id": "anon"}, {"event": "seen", "distinct_id": "ada"})
    project.wait_for(3)
    active = {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "seen", "math": "dau"}]}
    (ada,) = live.get(f"{path}/persons/?distinct_id=anon", key=live.key).body["results"]
    assert max(project.query(active).body["results"][0]["data"]) == 1

    # When they are deleted, and one id sends again before the job is done
    receipt = live.request("DELETE", f"{path}/persons/{ada['id']}/", headers=bearer(live))
    project.capture({"event": "back", "distinct_id": "anon"})
    project.wait_for(4)
    where = f"{path}/persons/deletions/{receipt.body['id']}/"
    wait_until(lambda: live.get(where, key=live.key).body["finished_at"], what="the deletion")

    # Then each id counts for itself, and the one that came back is a new person with all of its events
    assert max(project.query({**active, "dateRange": {"date_from": "-3d"}}).body["results"][0]["data"]) == 2
    (anon,) = live.get(f"{path}/persons/?distinct_id=anon", key=live.key).body["results"]
    assert anon["distinct_ids"] == ["anon"]
    assert live.get(f"{path}/persons/?distinct_id=ada", key=live.key).body["results"] == []
    events = live.get(f"{path}/events/?person_id={anon['id']}", key=live.key).body["results"]
    assert sorted(event["event"] for event in events) == ["back", "seen"]


def bearer(live: Live) -> dict[str, str]:
    return {"Authorization": f"Bearer {live.key}"}
