"""What was taken in and what was dropped, by project and day: counted in Valkey, for the owner to see.

A count that decides something is made with the decision (`quota`). The others are gathered in the process and added
once a second, so that a request never waits for them; a process that is killed loses the last second's.
"""

import atexit
import threading
from collections import Counter
from contextlib import suppress
from datetime import date, datetime
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

LIFETIME: Final = 400 * 86_400
"""How long a month's counts are kept, in seconds."""

_PAUSE: Final = 1.0
_MOST: Final = 100_000

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
        self._waiting: Counter[tuple[str, str]] = Counter()
        self._timer: threading.Timer | None = None

    def add(self, project_id: int, day: date, counts: dict[str, int]) -> None:
        """Count; what was counted is in Valkey a second later."""
        name = key(project_id, day)
        with self._lock:
            for kind, count in counts.items():
                if count and len(self._waiting) < _MOST:
                    self._waiting[name, field(day, kind)] += count
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
                taken, self._waiting, self._timer = self._waiting, Counter(), None
            if not taken:
                return
            try:
                _write(taken)
            except redis.RedisError as exc:
                log.warning("ingest.counts_wait", reason=str(exc))
                with self._lock:
                    self._waiting += taken
                    self._start()

    def finish(self) -> None:
        """Add what waits before the process ends; there is nobody to tell when that fails."""
        with suppress(redis.RedisError), self._lock:
            _write(self._waiting)


def _write(counts: Counter[tuple[str, str]]) -> None:
    if not counts:
        return
    # One transaction: an answer that is lost must not leave half of them counted.
    pipeline = valkey().pipeline(transaction=True)
    for (name, where), count in counts.items():
        pipeline.hincrby(name, where, count)
    for name in {name for name, _ in counts}:
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
