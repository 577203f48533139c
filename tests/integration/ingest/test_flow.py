"""Counts of what flows, against a real Valkey."""

import time

import redis
from pytest_django import Settings

from apps.ingest import flow, selectors
from apps.ingest.valkey import connect
from tests.processes import free_port, wait_until


def test_meter__valkey_away_for_a_while__hands_everything_over_once_it_is_back(valkey: str, settings: Settings) -> None:
    # Given a meter that has counted while there was no Valkey
    before = selectors.counters().get("events_acknowledged", 0)
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    meter = flow.Meter()
    meter.count(events_acknowledged=3)
    wait_until(lambda: meter._thread is not None and meter._thread.is_alive())
    time.sleep(0.1)

    # When it is back
    settings.REDIS_URL = valkey
    meter.count(events_acknowledged=4)

    # Then nothing is missing, in the total and in the slice of time
    wait_until(lambda: selectors.counters().get("events_acknowledged", 0) == before + 7, what="the counts")
    assert sum(part.events_acknowledged for part in selectors.list_slices(3)) >= 7


def test_meter__valkey_full__keeps_its_counts(valkey: str) -> None:
    # Given
    meter = flow.Meter()
    meter._amounts.update(events_acknowledged=2)
    before = selectors.counters().get("events_acknowledged", 0)

    # When Valkey takes no writes, and then takes them again
    with redis.Redis.from_url(valkey) as client, connect() as connection:
        client.config_set("maxmemory", 1)
        is_taken = meter.flush(connection)
        client.config_set("maxmemory", 0)
        meter.flush(connection)

    # Then
    assert not is_taken
    assert selectors.counters()["events_acknowledged"] == before + 2
