"""The canary through the real door over HTTP, the real log, a real writer and ClickHouse, with each of them broken."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import redis
from pytest_django import Settings

from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.ingest import log
from apps.ingest.api.door import CaptureDoor
from apps.ingest.bounds import bounds
from apps.ingest.canary import flight, state
from apps.ingest.valkey import connect
from tests.live import Live
from tests.plant import Plant
from tests.processes import ROOT, free_port, wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

pytestmark = [pytest.mark.timeout(240), pytest.mark.django_db(transaction=True)]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _nothing(_environ: object, start_response: "StartResponse") -> list[bytes]:
    start_response("404 Not Found", [])
    return []


@pytest.fixture
def web(plant: Plant, settings: Settings) -> Iterator[str]:
    """Serve the door of this process, which leads to the plant."""
    door = CaptureDoor(_nothing)
    with make_server("127.0.0.1", 0, door, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        settings.BALEEN_CANARY_URL = f"http://127.0.0.1:{server.server_port}"
        yield settings.BALEEN_CANARY_URL
        server.shutdown()
        thread.join()
    bounds.cache_clear()


def verdict() -> state.Verdict:
    """Judge what was noted, half a minute later and by a process that has run for long."""
    with connect() as valkey:
        noted = {name.decode(): value.decode() for name, value in valkey.hgetall(state.KEY).items()}
    return state.judge(noted, now=float(noted["tried"]) + 30, started=0)


def canaries() -> int:
    statement = Statement(
        "SELECT count() FROM events FINAL WHERE project_id = %(project_id)s AND event = '$canary'", {"project_id": 0}
    )
    return int(client.run(statement).rows[0][0])


def blamed() -> tuple[str, str]:
    """Fly without patience, and give the link and the reason."""
    flight.fly(patience=0)
    found = verdict()
    return found.link, found.detail


def test_fly__each_link_broken_in_turn__is_blamed_until_all_work(web: str, plant: Plant, settings: Settings) -> None:
    # Given / When / Then: nobody listens
    settings.BALEEN_CANARY_URL = f"http://127.0.0.1:{free_port()}"
    link, reason = blamed()
    assert (link, "No web process answers" in reason) == ("web", True)

    # Given / When / Then: somebody else does
    settings.BALEEN_CANARY_URL = f"{web}/nowhere"
    link, reason = blamed()
    assert (link, "it answers 404" in reason) == ("web", True)
    settings.BALEEN_CANARY_URL = web

    # Given / When / Then: the log has no room
    settings.BALEEN_INGEST_MAX_BACKLOG_ENTRIES = 0
    bounds.cache_clear()
    link, reason = blamed()
    assert (link, "the writer is behind" in reason) == ("log", True)
    settings.BALEEN_INGEST_MAX_BACKLOG_ENTRIES = 1_000
    bounds.cache_clear()
    log.event_log.cache_clear()

    # Given / When / Then: nobody writes
    link, reason = blamed()
    assert (link, "No writer is running" in reason) == ("writer", True)

    # Given / When / Then: somebody does, and two canaries of the same minute are one row
    plant.start("writer")
    wait_until(canaries, seconds=90, what="the canary that waited")
    flight.fly(patience=60)
    found = verdict()
    assert (found.link, found.age) == ("", 30)
    assert 0 < (found.seconds or 0) < 60
    assert canaries() <= 2

    # Given / When / Then: ClickHouse is gone
    plant.kill("clickhouse")
    flight.fly(patience=0)
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        assert valkey.hget(state.KEY, "link") == b"clickhouse"


def test_canary__of_a_running_instance__shows_in_ready_and_metrics(live: Live) -> None:
    # Given one flight now, rather than at the next minute
    environment = os.environ | {
        "BALEEN_DATA_DIR": str(live.data_dir),
        "BALEEN_CANARY_URL": live.url,
        "DJANGO_SETTINGS_MODULE": "analytics.settings",
    }
    program = "import django; django.setup(); from apps.ingest.tasks import send_canary; send_canary()"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)

    # When
    ready, metrics = live.get("/_ready"), live.get("/metrics")

    # Then
    assert ready.body["components"]["canary"]["status"] == "ok"
    assert "took" in ready.body["components"]["canary"]["detail"]
    assert "baleen_canary_late 0.0" in metrics.body
    assert "baleen_canary_seconds " in metrics.body
