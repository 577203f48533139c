"""A number in Valkey that every deletion of a person raises, so that all writers forget whom they remember.

Read once a batch: a batch that begins after the number was raised knows nobody who was deleted before that.
"""

from functools import cache
from typing import Any, Final

import redis
from django.conf import settings

from apps.common.errors import UnavailableError
from apps.ingest.valkey import connect

KEY: Final = "baleen:people:deletions"


@cache
def _client(address: str) -> Any:  # noqa: ANN401, ARG001 - the stubs describe an older client; one client an address
    return connect()


def _valkey() -> Any:  # noqa: ANN401 - as above
    return _client(settings.REDIS_URL)


def current() -> bytes | None:
    """Give the number, 0 before the first deletion; None when Valkey cannot be asked, and nobody may be remembered."""
    try:
        found: bytes | None = _valkey().get(KEY)
    except redis.RedisError:
        return None
    return found or b"0"


def advance() -> None:
    """Raise the number: a batch that begins from now on starts from the database. Raises UnavailableError."""
    try:
        _valkey().incr(KEY)
    except redis.RedisError as exc:
        raise UnavailableError("Writers cannot be told that a person was deleted.") from exc
