"""Counts of what flows through ingest: ever-growing totals, and slices of ten seconds for the page that draws them.

Both are hashes in Valkey that every process adds to. A web process gathers its counts and adds them once a second, as
one more command a request would cost more than the count is worth; killed, it takes at most that second's counts along.
"""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import redis
import structlog

from apps.ingest.valkey import connect

COUNTERS_KEY: Final = "baleen:ingest:counters"
"""Hash of ever-growing counts; what each means is in docs/explanation/ingest.md."""

SLICE_PREFIX: Final = "baleen:ingest:flow:"
SLICE_SECONDS: Final = 10
SLICES: Final = (
    "events_acknowledged",
    "events_written",
    "requests_acknowledged",
    "requests_written",
    "requests_refused",
)
"""What is also counted by slice of time."""

_KEPT_SECONDS: Final = 7_200
_FLUSH_SECONDS: Final = 1.0

log = structlog.get_logger(__name__)


def slice_key(moment: float) -> str:
    """Name the slice that a moment falls into."""
    return f"{SLICE_PREFIX}{int(moment) // SLICE_SECONDS * SLICE_SECONDS}"


def add(valkey: Any, amounts: Mapping[str, int]) -> None:  # noqa: ANN401 - as valkey.connect()
    """Add to the totals, and to the slice of this moment what is drawn over time."""
    key = slice_key(time.time())
    with valkey.pipeline(transaction=False) as pipe:
        for name, amount in amounts.items():
            if amount:
                pipe.hincrby(COUNTERS_KEY, name, amount)
                if name in SLICES:
                    pipe.hincrby(key, name, amount)
                    pipe.expire(key, _KEPT_SECONDS)
        pipe.execute()


class Meter:
    """Gathers the counts of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._amounts: Counter[str] = Counter()
        self._thread: threading.Thread | None = None

    def count(self, **amounts: int) -> None:
        """Count; the stores learn of it within about a second."""
        with self._lock:
            self._amounts.update(amounts)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
                self._thread.start()
        self._wake.set()

    def flush(self, valkey: Any) -> bool:  # noqa: ANN401 - as valkey.connect()
        """Hand over what was counted; kept, and False, when Valkey does not take it."""
        with self._lock:
            amounts, self._amounts = self._amounts, Counter()
        try:
            add(valkey, amounts)
        except redis.RedisError:
            with self._lock:
                self._amounts.update(amounts)
            return False
        return True

    def _run(self) -> None:
        valkey = connect()
        while True:
            self._wake.wait()
            self._wake.clear()
            if not self.flush(valkey):
                valkey = connect()
                self._wake.set()
            time.sleep(_FLUSH_SECONDS)


@cache
def meter() -> Meter:
    """Give this process's meter."""
    return Meter()
