"""One migration run at a time, held by something that lets go when its holder dies.

ClickHouse has no lock of its own outside Keeper, so the lock is taken where every process of a deployment meets
anyway: PostgreSQL (an advisory lock) or, with SQLite, the data directory (a file lock).
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

WAIT_SECONDS = 300
POLL_SECONDS = 0.2
_ADVISORY_KEY = 0x6261_6C65_656E_6368
"""Any fixed number does; this one spells the product's name and ours."""


class SchemaLockedError(Exception):
    """Another process holds the lock for too long; the message says where to look."""


@contextmanager
def schema_lock(*, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the deployment's schema lock; raises SchemaLockedError when it does not come free in time."""
    with _advisory_lock(wait) if connection.vendor == "postgresql" else _file_lock(wait):
        yield


@contextmanager
def _file_lock(wait: float) -> Iterator[None]:
    path = settings.BALEEN_DATA_DIR / "clickhouse-schema.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:

        def take() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _poll(take, wait, f"the file {path}")
        yield  # closing the file lets go


@contextmanager
def _advisory_lock(wait: float) -> Iterator[None]:
    def take() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ADVISORY_KEY])
            return bool(cursor.fetchone()[0])

    _poll(take, wait, f"the PostgreSQL advisory lock {_ADVISORY_KEY}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_KEY])


def _poll(take: Callable[[], bool], wait: float, what: str) -> None:
    end = time.monotonic() + wait
    while not take():
        if time.monotonic() >= end:
            raise SchemaLockedError(
                f"Another migration of ClickHouse is running: it holds {what} for more than {wait:.0f} s. "
                "Wait for it to end or stop that process, then run migrate_clickhouse again."
            )
        time.sleep(POLL_SECONDS)
