import time

import pytest
from pytest_django import Settings

from apps.ingest.errors import LogUnavailableError
from apps.ingest.log import EventLog
from tests.processes import free_port


def test_append__valkey_away__is_refused_at_once(settings: Settings) -> None:
    # Given no Valkey at all
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    log = EventLog()

    # When entries are appended
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(LogUnavailableError) as refusal:
            log.append(b"x")

    # Then each is told to come back, without waiting for a connection each time
    assert refusal.value.retry_after > 0
    assert time.monotonic() - started < 30
