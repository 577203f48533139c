"""The official PostHog client for Node, unmodified, against the running server."""

import json

import pytest

from tests.live import Live
from tests.node import installed, run_client

NAMES = {"signed up", "story told", "$identify", "$create_alias", "$groupidentify", "$exception", "at once"}


@pytest.mark.parametrize("compression", ["on", "off"])
@pytest.mark.parametrize("mode", ["v0", "v1"])
def test_posthog_node__story_of_a_person__is_stored(live: Live, compression: str, mode: str) -> None:
    # Given the client, pointed at this server
    project = live.new_project()

    # When it tells the story of a person
    printed = run_client(
        "posthog-node.mjs",
        HOST=live.url,
        PROJECT_KEY=project.token,
        COMPRESSION=compression,
        POSTHOG_CAPTURE_MODE=mode,
    )

    # Then it met no error, and every event is stored as it was told
    assert json.loads(printed) == []
    project.wait_for(len(NAMES))
    rows = {row["event"]: row for row in project.events()}
    assert set(rows) == NAMES
    assert len(project.events()) == len(NAMES)
    signed_up, told, exception = rows["signed up"], rows["story told"], rows["$exception"]
    assert signed_up["distinct_id"] == "ada"
    assert signed_up["properties"]["plan"] == "pro"
    assert signed_up["properties"]["$lib"] == "posthog-node"
    assert signed_up["properties"]["$lib_version"] == installed("posthog-node")
    assert told["timestamp"].startswith("2026-11-20T10:00:0")
    assert told["properties"]["$groups"] == {"company": "acme"}
    assert rows["$identify"]["properties"]["$set"] == {"name": "Ada"}
    assert rows["$identify"]["properties"]["$set_once"] == {"first": "today"}
    assert rows["$identify"]["properties"]["$anon_distinct_id"] == "anonymous-7"
    assert rows["$create_alias"]["properties"]["alias"] == "ada@otter.example"
    assert rows["$groupidentify"]["properties"]["$group_set"] == {"size": 7}
    assert exception["properties"]["$exception_list"][0]["value"] == "the raft sank"
    assert exception["properties"]["deck"] == 2
