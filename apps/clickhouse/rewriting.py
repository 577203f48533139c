"""Taking turns at writing stored events anew.

Some jobs read rows of `events` and write them again as a newer version. Two of them at once could each undo what the
other did, so whoever reads rows in order to write them holds this lock from the read to the write.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import redis
from django.conf import settings
from redis.exceptions import LockError

from apps.common.errors import UnavailableError

_NAME: Final = "baleen:events:rewrite"


@contextmanager
def rewriting(*, wait: float = 60.0, hold: float = 900.0) -> Iterator[None]:
    """Hold the only right to rewrite events. Raises UnavailableError when another keeps it for `wait` seconds.

    `hold` is longer than the work takes: after so many seconds the lock counts as left behind by a process that died.
    """
    with redis.Redis.from_url(settings.REDIS_URL) as connection:
        lock = connection.lock(_NAME, timeout=hold, blocking_timeout=wait, sleep=0.05)
        try:
            if not lock.acquire():
                raise UnavailableError("Another job is rewriting events.")
        except redis.RedisError as exc:
            raise UnavailableError("The lock over rewriting events cannot be asked for.") from exc
        try:
            yield
        finally:
            # It may have run out, or its server be gone: either way nobody waits for us any longer.
            with suppress(LockError, redis.RedisError):
                lock.release()
