"""How ingest speaks to the Valkey that holds the event log."""

from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry


def connect(*, timeout: float = 2.0) -> Any:  # noqa: ANN401 - the installed stubs describe a much older client
    """Open a client that fails within `timeout` seconds and never retries by itself."""
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        # Left on, it also switches off the check that a pooled connection is still alive.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    return redis.Redis.from_url(settings.REDIS_URL, **options)
