"""What /_ready says of the event log, over a real Valkey in the states it must tell."""

from collections.abc import Iterator

import pytest
import redis
from pytest_django import Settings

from analytics.probes.components import NotReadyError, check_event_log
from apps.ingest import log
from apps.ingest.bounds import bounds


@pytest.fixture
def client(valkey: str) -> Iterator["redis.Redis[bytes]"]:
    with redis.Redis.from_url(valkey) as client:
        bounds.cache_clear()
        client.delete(log.STREAM)
        yield client
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")
        client.delete(log.STREAM)
    bounds.cache_clear()


def test_event_log__has_room__tells_what_waits(client: "redis.Redis[bytes]") -> None:
    client.xadd(log.STREAM, {"d": b"x"})
    assert check_event_log() == "1 entries waiting"


def test_event_log__at_its_memory__fails(client: "redis.Redis[bytes]") -> None:
    client.config_set("maxmemory", 1 << 20)
    with pytest.raises(NotReadyError, match="log is full"):
        check_event_log()


def test_event_log__backlog_at_its_bound__fails(client: "redis.Redis[bytes]", settings: Settings) -> None:
    settings.BALEEN_INGEST_MAX_BACKLOG_ENTRIES = 1
    client.xadd(log.STREAM, {"d": b"x"})
    with pytest.raises(NotReadyError, match="log is full"):
        check_event_log()


def test_event_log__disk_nearly_full__fails(client: "redis.Redis[bytes]", settings: Settings) -> None:
    settings.BALEEN_INGEST_MIN_FREE_BYTES = 1 << 60
    with pytest.raises(NotReadyError, match="disk is nearly full"):
        check_event_log()


def test_event_log__may_evict_events__fails(client: "redis.Redis[bytes]") -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    with pytest.raises(NotReadyError, match="noeviction"):
        check_event_log()
