"""What an event's request says about it, from the door to the answer of a query, through the real processes."""

import json
from typing import Any

import pytest
import structlog
from pytest_django import Settings

from apps.ingest.enrichment import places
from tests.live import Live, LiveProject

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
GPTBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)"
URL = "https://otter.example/chat?utm_source=news"


def send(project: LiveProject, name: str, properties: dict[str, Any], user_agent: str) -> None:
    """Send one event as a browser would, and see it taken."""
    body = {"api_key": project.token, "event": name, "distinct_id": "ada", "properties": properties}
    headers = {"Content-Type": "application/json", "User-Agent": user_agent}
    assert project.live.request("POST", "/i/v0/e/", json.dumps(body).encode(), headers=headers).status == 200


def stored(project: LiveProject, count: int) -> dict[str, dict[str, Any]]:
    project.wait_for(count)
    return {event["event"]: event["properties"] for event in project.events()}


def test_capture__from_browser_bot_and_server__each_is_told_apart(live: Live) -> None:
    # Given
    project = live.new_project()

    # When
    send(project, "browser", {"$current_url": URL, "$referrer": "https://search.example/?q=x"}, CHROME)
    send(project, "bot", {}, GPTBOT)
    send(project, "server", {"$lib": "posthog-python"}, "posthog-python/7.1.0")
    send(project, "relayed", {"$lib": "posthog-python", "$ip": "10.1.2.3", "$raw_user_agent": CHROME}, "x/1")

    # Then
    found = stored(project, 4)
    assert found["browser"] == {
        "$current_url": URL,
        "$referrer": "https://search.example/?q=x",
        "$browser": "Chrome",
        "$browser_version": 126,
        "$os": "Windows",
        "$os_version": "10",
        "$device_type": "Desktop",
        "$host": "otter.example",
        "$pathname": "/chat",
        "utm_source": "news",
        "$referring_domain": "search.example",
        "$ip": "127.0.0.1",
    }
    assert found["bot"] == {"$is_bot": True, "$bot_name": "GPTBot", "$bot_category": "ai-crawler", "$ip": "127.0.0.1"}
    assert found["server"] == {"$lib": "posthog-python"}
    assert (found["relayed"]["$browser"], found["relayed"]["$ip"]) == ("Chrome", "10.1.2.3")


@pytest.mark.parametrize(("policy", "expected"), [("truncate", ["127.0.0.0", "81.2.69.0"]), ("drop", [None, None])])
def test_capture__project_with_ip_policy__stores_no_more_than_it_allows(
    live: Live, policy: str, expected: list[str | None]
) -> None:
    # Given
    project = live.new_project()
    headers = {"Authorization": f"Bearer {live.key}", "Content-Type": "application/json"}
    path = f"/api/projects/{project.id}/ingestion/"
    assert live.request("PATCH", path, json.dumps({"ip_policy": policy}).encode(), headers=headers).status == 200

    # When
    send(project, "of the request", {}, CHROME)
    send(project, "of the event", {"$ip": "81.2.69.142"}, CHROME)

    # Then
    found = stored(project, 2)
    assert [found["of the request"].get("$ip"), found["of the event"].get("$ip")] == expected


def test_open_configured__file_missing__is_told_once_at_the_start(settings: Settings) -> None:
    # Given a setting that names no file
    settings.BALEEN_GEOIP_PATH = "/nowhere/GeoLite2-City.mmdb"
    places.places.cache_clear()

    # When a writer starts, and looks again with its first batch
    with structlog.testing.capture_logs() as logs:
        places.open_configured()
        places.open_configured()

    # Then
    assert [(line["event"], line["path"]) for line in logs] == [("geo.database_missing", settings.BALEEN_GEOIP_PATH)]
    places.places.cache_clear()
