"""The log's bounds, against a real Valkey."""

from collections.abc import Iterator

import pytest
import redis
from pytest_django import Settings

from apps.ingest import log, selectors
from apps.ingest.bounds import bounds
from apps.ingest.errors import LogUnavailableError


@pytest.fixture
def client(valkey: str) -> Iterator["redis.Redis[bytes]"]:
    with redis.Redis.from_url(valkey) as client:
        client.delete(log.STREAM)
        yield client
        client.config_set("maxmemory", 0)
        client.delete(log.STREAM)


@pytest.fixture(autouse=True)
def _fresh_bounds() -> Iterator[None]:
    bounds.cache_clear()
    yield
    bounds.cache_clear()


def test_append__backlog_at_bound__is_refused_until_it_shrinks(
    client: "redis.Redis[bytes]", settings: Settings
) -> None:
    # Given a log that may hold three entries
    settings.BALEEN_INGEST_MAX_BACKLOG_ENTRIES = 3
    for _ in range(3):
        log.EventLog().append(b"x")

    # When a fourth comes
    with pytest.raises(LogUnavailableError, match="full"):
        log.EventLog().append(b"x")

    # Then it was not kept, and there is room again once one is written
    assert selectors.backlog() == 3
    client.xtrim(log.STREAM, maxlen=2, approximate=False)
    log.EventLog().append(b"x")
    assert selectors.backlog() == 3


def test_append__memory_at_its_bound__is_refused(client: "redis.Redis[bytes]", settings: Settings) -> None:
    settings.BALEEN_INGEST_MAX_BACKLOG_BYTES = 1
    with pytest.raises(LogUnavailableError, match="full"):
        log.EventLog().append(b"x")
    assert client.xlen(log.STREAM) == 0


def test_append__valkey_out_of_memory__is_refused(client: "redis.Redis[bytes]") -> None:
    # Given a Valkey that has reached its own limit
    client.config_set("maxmemory", 1)

    # Then the sender is told to come back
    with pytest.raises(LogUnavailableError, match="memory"):
        log.EventLog().append(b"x")


def test_oldest_age__nothing_waits__is_zero(client: "redis.Redis[bytes]") -> None:
    assert client.xlen(log.STREAM) == 0
    assert selectors.oldest_age() == 0
    log.EventLog().append(b"x")
    assert selectors.oldest_age() >= 0
    assert selectors.backlog() == 1
