"""Signs of life of the processes without a port: the writer, the worker, beat.

Each process notes the time under its name in one sorted set in Valkey. Reading the set tells how long ago any replica
last turned its loop, which is what readiness and metrics want to know: a process that hangs stops beating.
"""

import os
import socket
import time
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

KEY = "baleen:heartbeats"
STALE_AFTER = 15.0
"""Seconds without a beat after which a process counts as gone."""

_last: dict[str, float] = {}


@cache
def _client() -> "redis.Redis[bytes]":
    # No retries: the next beat is one, and a loop must not stand still because Valkey is away.
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
    )


@cache
def _member(name: str, pid: int) -> str:
    return f"{name}@{socket.gethostname()}/{pid}"


def beat(name: str, *, interval: float = 2.0) -> None:
    """Say "this process turns its loop", at most once per `interval` seconds; never raises when Valkey is away."""
    now = time.monotonic()
    if now - _last.get(name, -interval) < interval:
        return
    _last[name] = now
    moment = time.time()
    try:
        with _client().pipeline(transaction=False) as pipe:
            pipe.zadd(KEY, {_member(name, os.getpid()): moment})
            pipe.zremrangebyscore(KEY, "-inf", moment - 10 * STALE_AFTER)
            pipe.execute()
    except redis.RedisError:
        # A missed beat says the same as a message would, and to the one place where somebody looks.
        return


def ages(client: "redis.Redis[bytes] | None" = None) -> dict[str, float]:
    """Give the seconds since the latest beat of each name; raises redis.RedisError when Valkey is away."""
    now = time.time()
    beats: dict[str, float] = {}
    for member, moment in (client or _client()).zrange(KEY, 0, -1, withscores=True):
        name = member.decode().partition("@")[0]
        beats[name] = min(beats.get(name, float("inf")), max(0.0, now - moment))
    return beats
