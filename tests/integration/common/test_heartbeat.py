"""Signs of life through a real Valkey."""

import time

import pytest
import redis
from pytest_django import Settings

from apps.common import heartbeat


@pytest.fixture
def client(valkey: str) -> "redis.Redis[bytes]":
    heartbeat._last.clear()
    heartbeat._client.cache_clear()
    connection = redis.Redis.from_url(valkey)
    connection.delete(heartbeat.KEY)
    return connection


def test_beat__once__shows_an_age_near_zero(client: "redis.Redis[bytes]") -> None:
    # Given / When
    heartbeat.beat("writer")

    # Then
    assert set(heartbeat.ages()) == {"writer"}
    assert 0 <= heartbeat.ages()["writer"] < heartbeat.STALE_AFTER


def test_beat__every_turn_of_a_loop__reaches_valkey_once_an_interval(client: "redis.Redis[bytes]") -> None:
    # Given
    heartbeat.beat("worker", interval=60)
    (before,) = client.zrange(heartbeat.KEY, 0, -1, withscores=True)

    # When
    for _ in range(100):
        heartbeat.beat("worker", interval=60)

    # Then
    assert client.zrange(heartbeat.KEY, 0, -1, withscores=True) == [before]


def test_ages__several_replicas__give_the_latest(client: "redis.Redis[bytes]") -> None:
    # Given
    now = time.time()
    client.zadd(heartbeat.KEY, {"worker@one/1": now - 40, "worker@two/1": now - 1, "beat@one/2": now - 20})

    # When
    ages = heartbeat.ages()

    # Then
    assert ages["worker"] < heartbeat.STALE_AFTER < ages["beat"]


def test_beat__replicas_gone_for_long__are_forgotten(client: "redis.Redis[bytes]") -> None:
    # Given
    client.zadd(heartbeat.KEY, {"worker@gone/1": time.time() - 3600})

    # When
    heartbeat.beat("writer")

    # Then
    assert set(heartbeat.ages()) == {"writer"}


def test_beat__valkey_is_away__the_loop_goes_on(settings: Settings) -> None:
    # Given
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    heartbeat._last.clear()
    heartbeat._client.cache_clear()

    # When
    heartbeat.beat("writer")

    # Then
    with pytest.raises(redis.RedisError):
        heartbeat.ages()
    heartbeat._client.cache_clear()
