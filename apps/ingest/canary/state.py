"""What is known of the canary, and the verdict on it that the home page, `/_ready` and `/metrics` share."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import redis
from django.conf import settings

from apps.ingest.valkey import connect

KEY: Final = "baleen:canary"

_STARTED: Final = time.time()
"""When this process began: after a long stop the first canary gets the same time to arrive as any other."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the canary does: whether it is late, through which link's fault as far as one can tell, and since when."""

    link: str
    """Where it seems to be stuck: web, log, writer, clickhouse, or jobs when none is sent; empty while all is well."""
    detail: str
    age: float | None
    """Seconds since the newest one that arrived was sent; None before the first."""
    seconds: float | None
    """How long that one took from the door to a question's answer."""

    @property
    def is_late(self) -> bool:
        """Whether none has arrived for too long."""
        return bool(self.link)


def note(**fields: str | float) -> None:
    """Write down what the last flight brought."""
    if fields:
        with connect() as valkey:
            valkey.hset(KEY, mapping=fields)


def look() -> Verdict:
    """Judge from what was written down; a log that does not answer is itself the verdict."""
    try:
        with connect(timeout=1) as valkey:
            noted = {name.decode(): value.decode() for name, value in valkey.hgetall(KEY).items()}
    except redis.RedisError as exc:
        return Verdict("log", f"The event log does not answer: {exc}", None, None)
    return judge(noted, now=time.time(), started=_STARTED)


def judge(noted: Mapping[str, str], *, now: float, started: float) -> Verdict:
    """Judge the canary: late is when the newest that arrived was sent longer ago than the setting allows."""
    if not settings.BALEEN_CANARY_SECONDS:
        return Verdict("", "switched off", None, None)
    sent, tried = float(noted.get("sent", 0)), float(noted.get("tried", 0))
    age = now - sent if sent else None
    seconds = float(noted["seconds"]) if sent else None
    limit = settings.BALEEN_CANARY_LATE_SECONDS
    if now - max(sent, started) <= limit:
        detail = f"sent {age:.0f} s ago, took {seconds:.1f} s" if sent and seconds is not None else "not sent yet"
        return Verdict("", detail, age, seconds)
    since = f"no test event has arrived for {age:.0f} s" if age is not None else "no test event has ever arrived"
    if now - max(tried, started) > limit:
        return Verdict("jobs", f"{since}, none is being sent: no worker or no beat runs", age, seconds)
    return Verdict(noted.get("link") or "writer", f"{since}: {noted.get('detail', '')}", age, seconds)
