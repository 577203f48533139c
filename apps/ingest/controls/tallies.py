"""What was taken in and what was dropped, by project and day: counted in Valkey, for the owner to see.

A count that decides something is made with the decision (`quota`). The others are gathered in the process and added
once a second, so that a request never waits for them; a process that is killed loses the last second's.
"""

import atexit
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final

import redis
import structlog

from apps.common.clock import now
from apps.ingest.valkey import connect

KINDS: Final = (
    "events",
    "recordings",
    "historical",
    "denied_events",
    "sampled",
    "over_quota",
    "over_rate",
    "cookieless",
    "removed_properties",
    "masked_values",
    "content_removed",
    "recordings_refused",
    "withheld",
)
"""What is counted; docs/reference/ingestion-settings.md says what each means."""

DAY: Final = 86_400

LIFETIME: Final = 400 * DAY
"""How long a month's counts are kept, in seconds."""

_PAUSE: Final = 1.0
_EPOCH: Final = date(1970, 1, 1)

Waiting = dict[tuple[int, int, str], int]
"""Counts by project, day and kind."""

log = structlog.get_logger(__name__)


def key(project_id: int, day: date) -> str:
    """Name the hash that holds a month of a project."""
    return f"baleen:usage:{{{project_id}}}:{day:%Y-%m}"


def field(day: date, kind: str) -> str:
    """Name one count of one day in it."""
    return f"{day:%d}:{kind}"


def today() -> date:
    """Say which day a request counts to: that of its receipt, in UTC."""
    return now().date()


@cache
def valkey() -> Any:  # noqa: ANN401 - the installed stubs describe a much older client
    """Give this process's client."""
    return connect()


class Tallies:
    """Counts on their way to Valkey."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._waiting: Waiting = {}
        self._timer: threading.Timer | None = None

    def add(self, project_id: int, counts: Mapping[str, int], day: int | None = None) -> None:
        """Count for today, or a day given by its number since 1970; it is in Valkey a second later."""
        # Each request comes by here, so names are made when the counts are written.
        number = int(time.time() // DAY) if day is None else day
        with self._lock:
            waiting = self._waiting
            for kind, count in counts.items():
                if count:
                    place = (project_id, number, kind)
                    waiting[place] = waiting.get(place, 0) + count
            if self._timer is None and waiting:
                self._start()

    def _start(self) -> None:
        if self._timer is None and self._waiting:
            self._timer = threading.Timer(_PAUSE, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def flush(self) -> None:
        """Add what waits to the counts in Valkey; if it is away, it waits on."""
        with self._flushing:
            with self._lock:
                taken, self._waiting, self._timer = self._waiting, {}, None
            try:
                _write(taken)
            except redis.RedisError as exc:
                # That Valkey is away is said by those whose work stops with it.
                log.debug("ingest.counts_wait", reason=str(exc))
                with self._lock:
                    for place, count in taken.items():
                        self._waiting[place] = self._waiting.get(place, 0) + count
                    self._start()

    def finish(self) -> None:
        """Add what waits before the process ends; there is nobody to tell when that fails."""
        with suppress(redis.RedisError), self._lock:
            _write(self._waiting)


def _write(counts: Waiting) -> None:
    if not counts:
        return
    # One transaction: an answer that is lost must not leave half of them counted.
    pipeline = valkey().pipeline(transaction=True)
    for (project_id, number, kind), count in counts.items():
        day = _EPOCH + timedelta(days=number)
        pipeline.hincrby(key(project_id, day), field(day, kind), count)
    for name in {key(project_id, _EPOCH + timedelta(days=number)) for project_id, number, _ in counts}:
        pipeline.expire(name, LIFETIME)
    pipeline.execute()


tallies: Final = Tallies()
atexit.register(tallies.finish)


def month(project_id: int, day: date) -> dict[int, dict[str, int]]:
    """Read a month's counts: by day, by kind."""
    tallies.flush()
    found: dict[int, dict[str, int]] = {}
    for name, value in valkey().hgetall(key(project_id, day)).items():
        number, _, kind = name.decode().partition(":")
        if number.isdigit():
            found.setdefault(int(number), {})[kind] = int(value)
    return found


def forget(project_id: int, moment: datetime) -> None:
    """Erase the counts of a project that is gone."""
    client = valkey()
    client.delete(*client.scan_iter(f"baleen:usage:{{{project_id}}}:*"), key(project_id, moment.date()))
