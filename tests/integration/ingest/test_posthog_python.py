"""The official PostHog client for Python, unmodified, in every way it sends, against the running server."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from posthog import Posthog

from tests.live import Live, LiveProject

NAMES = {"signed up", "$set", "$set_once", "$create_alias", "$groupidentify", "story told", "$identify", "$exception"}
THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)

MODES: dict[str, dict[str, Any]] = {
    "queue": {},
    "queue-gzip": {"gzip": True},
    "queue-threads": {"thread": 3, "flush_at": 1},
    "sync": {"sync_mode": True},
    "sync-gzip": {"sync_mode": True, "gzip": True},
    "v1": {"capture_mode": "v1"},
    "v1-gzip": {"capture_mode": "v1", "capture_compression": "gzip"},
    "v1-deflate": {"capture_mode": "v1", "capture_compression": "deflate"},
    "v1-zstd": {"capture_mode": "v1", "capture_compression": "zstd"},
    "v1-sync": {"capture_mode": "v1", "sync_mode": True},
}

Client = Callable[..., Posthog]


@pytest.fixture
def project(live: Live) -> LiveProject:
    return live.new_project()


def tell_story(client: Posthog) -> None:
    """Do everything an app does with it."""
    client.capture("signed up", distinct_id="ada", properties={"plan": "pro", "price": float("nan")})
    client.capture("$identify", distinct_id="ada", properties={"$anon_distinct_id": "anonymous-7"})
    client.set(distinct_id="ada", properties={"name": "Ada"})
    client.set_once(distinct_id="ada", properties={"first_seen": "today"})
    client.alias("anonymous-8", "ada")
    client.group_identify("company", "acme", {"size": 7})
    client.capture("story told", distinct_id="ada", groups={"company": "acme"}, timestamp=THEN)
    try:
        int("the raft sank")
    except ValueError as exc:
        client.capture_exception(exc, distinct_id="ada")


@pytest.mark.parametrize("mode", MODES)
def test_posthog_python__story_of_a_person__is_stored(live: Live, project: LiveProject, mode: str) -> None:
    # Given the client, pointed at this server, which is to tell what fails and not to try again
    failures: list[object] = []
    client = Posthog(
        project.token,
        host=live.url,
        on_error=lambda error, _: failures.append(error),
        max_retries=0,
        debug=MODES[mode].get("sync_mode", False),
        **MODES[mode],
    )

    # When it tells the story of a person
    tell_story(client)
    client.shutdown()

    # Then nothing failed, and every event is queryable as it was told
    assert failures == []
    project.wait_for(len(NAMES))
    rows = {row["event"]: row for row in project.events()}
    assert set(rows) == NAMES
    assert len(project.events()) == len(NAMES)
    signed_up = rows["signed up"]
    assert signed_up["distinct_id"] == "ada"
    assert {key: signed_up["properties"].get(key) for key in ("plan", "price", "$lib", "$geoip_disable")} == {
        "plan": "pro",
        "price": None,
        "$lib": "posthog-python",
        "$geoip_disable": True,
    }
    assert signed_up["properties"]["$lib_version"]
    assert rows["$set"]["properties"]["$set"] == {"name": "Ada"}
    assert rows["$set_once"]["properties"]["$set_once"] == {"first_seen": "today"}
    assert rows["$create_alias"]["distinct_id"] == "anonymous-8"
    assert rows["$create_alias"]["properties"]["alias"] == "ada"
    assert rows["$groupidentify"]["properties"]["$group_set"] == {"size": 7}
    assert rows["story told"]["properties"]["$groups"] == {"company": "acme"}
    # The clock of this machine is the server's: the correction is the time a request took.
    told = datetime.fromisoformat(rows["story told"]["timestamp"])
    assert 0 <= (told - THEN).total_seconds() < 60
    [exception] = rows["$exception"]["properties"]["$exception_list"]
    assert (exception["type"], exception["value"]) == (
        "ValueError",
        "invalid literal for int() with base 10: 'the raft sank'",
    )


def test_posthog_python__historical_migration__keeps_the_old_times(live: Live, project: LiveProject) -> None:
    # Given a client that moves an app's history here
    client = Posthog(project.token, host=live.url, historical_migration=True, sync_mode=True, debug=True)

    # When it sends events of long ago, each with an id of its own
    for day in range(1, 29):
        client.capture(
            "old story",
            distinct_id="ada",
            timestamp=datetime(2019, 2, day, tzinfo=UTC),
            uuid=f"018f0000-0000-7000-8000-0000000000{day:02}",
        )
    client.shutdown()

    # Then each is stored on its day
    project.wait_for(28)
    days = sorted(row["timestamp"][:10] for row in project.events())
    assert days == [f"2019-02-{day:02}" for day in range(1, 29)]


def test_posthog_python__same_event_sent_twice__is_counted_once(live: Live, project: LiveProject) -> None:
    # Given a client that repeats itself, as after an answer that was lost
    client = Posthog(project.token, host=live.url, sync_mode=True, debug=True)

    # When it sends the same event twice, and another after it
    for name in ("paid", "paid", "paid again"):
        uid = "018f0000-0000-7000-8000-00000000000" + ("a" if name == "paid" else "b")
        client.capture(name, distinct_id="ada", timestamp=THEN, uuid=uid)
    client.shutdown()

    # Then a question counts it once
    project.wait_for(2)
    series = [{"kind": "EventsNode", "event": name} for name in ("paid", "paid again")]
    answer = project.query(
        {"kind": "TrendsQuery", "series": series, "dateRange": {"date_from": "2026-02-28", "date_to": "2026-03-02"}}
    )
    assert [result["count"] for result in answer.body["results"]] == [1, 1]


@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_posthog_python__project_key_nobody_has__is_told_at_once(live: Live, mode: str) -> None:
    # Given a client with a wrong key
    failures: list[Any] = []
    client = Posthog(
        "phc_nobody_has_this_one", host=live.url, on_error=lambda error, _: failures.append(error), capture_mode=mode
    )

    # When it sends
    client.capture("lost", distinct_id="ada")
    client.shutdown()

    # Then it hears that this is final, and why
    assert [failure.status for failure in failures] == [401]
    assert "project key" in str(failures[0])


def test_posthog_python__whole_conversations__go_through_their_own_lane(live: Live, project: LiveProject) -> None:
    # Given a client that sends AI events in full
    failures: list[object] = []
    client = Posthog(
        project.token,
        host=live.url,
        enable_full_ai_capture=True,
        on_error=lambda error, _: failures.append(error),
        _use_ai_lane=True,
    )

    # When a generation carries two megabytes of conversation
    text = "why? " * 400_000
    body = {"$ai_model": "qwen3", "$ai_trace_id": "t-1", "$ai_input": [{"role": "user", "content": text}]}
    answer = live.post(
        "/i/v0/ai/batch/",
        {"api_key": project.token, "batch": [{"event": "$ai_generation", "distinct_id": "ada", "properties": body}]},
    )
    client.capture("$ai_generation", distinct_id="ada", properties=body | {"$ai_input": "short"})
    client.shutdown()

    # Then both are stored
    assert (answer.status, failures) == (200, [])
    project.wait_for(2)
    assert [row["event"] for row in project.events()] == ["$ai_generation"] * 2


def test_posthog_python__asks_for_flags__is_told_there_are_none(live: Live, project: LiveProject) -> None:
    # Given a client in an app that has flags elsewhere
    client = Posthog(project.token, host=live.url, debug=True)

    # When it asks for them
    flags = client.get_all_flags("ada")
    evaluated = client.evaluate_flags("ada")
    client.shutdown()

    # Then there are none, and that is no error
    assert flags == {}
    assert not evaluated.is_enabled("new-raft")
