"""The official PostHog client for Python, unmodified, against the running server."""

import pytest
from posthog import Posthog

from tests.live import Live


@pytest.mark.parametrize("is_compressed", [False, True], ids=["plain", "gzip"])
def test_posthog_client__story_of_a_person__is_stored(live: Live, is_compressed: bool) -> None:  # noqa: FBT001 - a parameter of the case
    # Given the client, pointed at this server
    project = live.new_project()
    failures: list[object] = []
    client = Posthog(
        project.token,
        host=live.url,
        gzip=is_compressed,
        on_error=lambda error, _: failures.append(error),
        max_retries=0,
    )

    # When it captures, sets person properties, aliases and identifies a group
    client.capture("signed up", distinct_id="ada", properties={"plan": "pro", "price": float("nan")})
    client.set(distinct_id="ada", properties={"name": "Ada"})
    client.set_once(distinct_id="ada", properties={"first_seen": "today"})
    client.alias("anonymous-7", "ada")
    client.group_identify("company", "acme", {"size": 7})
    client.capture("story told", distinct_id="ada", groups={"company": "acme"})
    client.flush()
    client.shutdown()

    # Then nothing failed and every event is queryable with its properties
    assert failures == []
    project.wait_for(6)
    rows = {row["event"]: row for row in project.events()}
    assert set(rows) == {"signed up", "$set", "$set_once", "$create_alias", "$groupidentify", "story told"}
    assert rows["signed up"]["distinct_id"] == "ada"
    assert rows["signed up"]["properties"]["$lib"] == "posthog-python"
    assert rows["story told"]["properties"]["$groups"] == {"company": "acme"}
    assert rows["$set"]["properties"]["$set"] == {"name": "Ada"}
    assert rows["$set_once"]["properties"]["$set_once"] == {"first_seen": "today"}
