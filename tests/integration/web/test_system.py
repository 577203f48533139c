"""The System page and the banner of the home page, over real stores in every state they may be in."""

import re
import time
from collections.abc import Iterator

import pytest
import redis
from pytest_django import Settings

from apps.clickhouse import client
from apps.ingest import flow, log, selectors
from apps.ingest.canary import state as canary
from tests.conftest import Stack
from tests.factories.accounts import Cast
from tests.processes import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(project_id: int) -> Cast:
    return Cast(project_id=project_id)


@pytest.fixture
def valkey_client(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator["redis.Redis[bytes]"]:
    # This process began long ago, so that the first canary is overdue.
    monkeypatch.setattr(canary, "_STARTED", 0.0)
    with redis.Redis.from_url(stack.redis_url) as valkey:
        yield valkey
        valkey.delete(canary.KEY, flow.COUNTERS_KEY, log.STREAM, f"{selectors.HEARTBEAT_PREFIX}whale-0")


def page(cast: Cast, path: str) -> str:
    answer = cast.vera.browser.get(f"/projects/{cast.project.pk}/{path}")
    assert answer.status_code == 200, answer
    return answer.content.decode()


@pytest.mark.parametrize("link", ["web", "log", "writer", "clickhouse"])
def test_alarm__canary_late__names_the_link_on_home_and_system(
    cast: Cast, valkey_client: "redis.Redis[bytes]", link: str
) -> None:
    # Given a canary that was last seen long ago, and is stuck
    now = time.time()
    noted: dict[str | bytes, str | float] = {
        "sent": now - 1_000,
        "seconds": 0.4,
        "tried": now,
        "link": link,
        "detail": "<b>no luck</b>",
    }
    valkey_client.hset(canary.KEY, mapping=noted)

    # When
    banner, system = page(cast, "alarm/"), page(cast, "system/")

    # Then
    for text in (banner, system):
        assert f'data-alarm="{link}"' in text
        assert "&lt;b&gt;no luck" in text
        assert re.search(r"No test event has arrived for 1\d{3} s", text)
    assert system.count("way-broken") == 1
    assert f'href="/projects/{cast.project.pk}/system/"' in banner


def test_alarm__canary_seen_lately__shows_nothing(cast: Cast, valkey_client: "redis.Redis[bytes]") -> None:
    # Given
    now = time.time()
    valkey_client.hset(canary.KEY, mapping={"sent": now - 5, "seconds": 0.4, "tried": now - 5, "link": ""})

    # When / Then
    assert page(cast, "alarm/").strip() == ""
    assert "took 0.4 s" in page(cast, "system/state/")


def test_home__page__asks_for_the_alarm(cast: Cast, valkey_client: "redis.Redis[bytes]") -> None:
    assert f'hx-get="/projects/{cast.project.pk}/alarm/"' in page(cast, "")


def test_system__entries_wait_and_a_writer_is_in_trouble__says_both(
    cast: Cast, valkey_client: "redis.Redis[bytes]"
) -> None:
    # Given an entry from a while ago, a writer that cannot insert, and requests that were refused
    moment = int((time.time() - 75) * 1_000)
    valkey_client.delete(log.STREAM)
    valkey_client.xadd(log.STREAM, {"d": b"x"}, id=f"{moment}-0")
    valkey_client.set(f"{selectors.HEARTBEAT_PREFIX}whale-0", f'{{"at": {time.time()}, "trouble": "disk <full>"}}')
    valkey_client.hset(flow.COUNTERS_KEY, mapping={"requests_refused_disk": 12_345, "events_written": 7_000_000})

    # When
    text = page(cast, "system/state/")

    # Then
    assert "1 min 15 s" in text or "1 min 16 s" in text
    assert "it does not shrink" in text
    assert "whale-0" in text
    assert "disk &lt;full&gt;" in text
    assert "<strong>12,345</strong> requests while the disk was nearly full" in text
    assert "7,000,000" in text


def test_system__event_log_away__says_so(cast: Cast, settings: Settings, stack: Stack) -> None:
    # Given
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"

    # When / Then
    text = page(cast, "system/state/")
    assert "The event log does not answer" in text
    assert 'data-alarm="log"' in text


def test_home__clickhouse_away__is_a_page_that_can_say_why(cast: Cast, settings: Settings, stack: Stack) -> None:
    # Given
    settings.CLICKHOUSE_URL = f"clickhouse://nobody:nothing@127.0.0.1:{free_port()}/nothing"
    _forget_pools()

    # When
    try:
        home = page(cast, "")
        summary = cast.vera.browser.get(f"/projects/{cast.project.pk}/summary/")
    finally:
        _forget_pools()

    # Then
    assert "/alarm/" in home
    assert summary.status_code == 503
    assert "cannot be reached" in summary.content.decode()


def _forget_pools() -> None:
    for pool in (client.readers, client.writers):
        if pool.cache_info().currsize:
            pool().close()
        pool.cache_clear()
