"""Sends one canary: through the capture endpoint of a web process, the event log and a writer, into a query."""

import json
import time
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

import redis
import structlog
from django.conf import settings

from apps.clickhouse import client
from apps.clickhouse.errors import ClickHouseError
from apps.clickhouse.statement import Statement
from apps.ingest import canary, selectors
from apps.ingest.canary import state

HTTP_SECONDS: Final = 5.0
QUERY_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 15.0
PAUSE_SECONDS: Final = 0.25
_IDS: Final = 60
_ROUNDING: Final = 0.001

log = structlog.get_logger(__name__)

# Never through a proxy named in the environment: it is our own address.
_opener: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class LostError(Exception):
    """The canary got no further than this link."""

    def __init__(self, link: str, detail: str) -> None:
        super().__init__(detail)
        self.link = link
        self.detail = detail


def fly(*, patience: float = PATIENCE_SECONDS) -> None:
    """Send one, wait for it, and write down what came of it; one that arrives later is seen by the next."""
    moment = datetime.now(UTC)
    # At once, since whoever looks while this one hangs must not take it for never sent.
    _note(tried=moment.timestamp())
    try:
        _send(moment)
        _note(link="", detail="", **_wait_for(moment, patience))
    except LostError as lost:
        log.warning("canary.lost", link=lost.link, detail=lost.detail)
        _note(link=lost.link, detail=lost.detail)
        if lost.link != "clickhouse":
            _note(**_newest_or_nothing())


def _note(**fields: str | float) -> None:
    try:
        state.note(**fields)
    except redis.RedisError as exc:
        log.warning("canary.event_log_away", reason=str(exc))


def event_id(moment: datetime) -> UUID:
    """Name the event: sixty names a day, so that a year of canaries is few rows once they are merged."""
    return uuid5(NAMESPACE_URL, f"baleen canary {moment:%Y-%m-%d} {moment.minute % _IDS}")


def _send(moment: datetime) -> None:
    event = {
        "event": canary.EVENT,
        "distinct_id": "canary",
        "uuid": str(event_id(moment)),
        "timestamp": moment.isoformat(),
        "properties": {"$process_person_profile": False, "$geoip_disable": True},
    }
    url = settings.BALEEN_CANARY_URL
    body = json.dumps({"api_key": canary.key(), "batch": [event]}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/batch/", body, headers)  # noqa: S310 - the address the operator set
    try:
        with closing(_opener.open(request, timeout=HTTP_SECONDS)) as answer:
            answer.read()
    except urllib.error.HTTPError as exc:
        with exc:
            detail = _detail(exc.read(10_000)) or f"it answers {exc.code}"
        raise LostError("log" if exc.code == 503 else "web", f"The web process refuses events: {detail}") from exc  # noqa: PLR2004 - what the door says when the log cannot take more
    except OSError as exc:
        raise LostError("web", f"No web process answers at {url}: {exc}") from exc


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return ""


def _wait_for(moment: datetime, patience: float) -> dict[str, str | float]:
    end = time.monotonic() + patience
    while True:
        found = _newest()
        if found.get("sent", 0.0) >= moment.timestamp() - _ROUNDING:
            return {"sent": moment.timestamp(), "seconds": (datetime.now(UTC) - moment).total_seconds()}
        if time.monotonic() >= end:
            raise _stuck(patience)
        time.sleep(PAUSE_SECONDS)


def _newest() -> dict[str, float]:
    statement = Statement(
        "SELECT toUnixTimestamp64Micro(timestamp) / 1e6, toUnixTimestamp64Milli(inserted_at) / 1e3 FROM events "
        "WHERE project_id = %(project_id)s AND event = %(event)s AND timestamp > now() - INTERVAL 1 DAY "
        "ORDER BY timestamp DESC LIMIT 1",
        {"project_id": canary.PROJECT.id, "event": canary.EVENT},
    )
    try:
        rows = client.run(statement, timeout=QUERY_SECONDS, tag="canary").rows
    except ClickHouseError as exc:
        raise LostError("clickhouse", f"ClickHouse does not answer questions: {exc}") from exc
    return {"sent": rows[0][0], "seconds": max(0.0, rows[0][1] - rows[0][0])} if rows else {}


def _newest_or_nothing() -> dict[str, float]:
    """Give an earlier canary its due, which arrived after its own flight had given it up."""
    try:
        return _newest()
    except LostError:
        return {}


def _stuck(patience: float) -> LostError:
    """Say why an event that was acknowledged is not stored."""
    try:
        writers = selectors.list_writers()
    except redis.RedisError as exc:
        return LostError("log", f"The event log does not answer: {exc}")
    if not writers:
        return LostError("writer", "No writer is running.")
    troubles = [writer.trouble for writer in writers if writer.trouble]
    if troubles:
        return LostError("writer", f"A writer cannot go on: {troubles[0]}")
    return LostError("writer", f"The event was acknowledged and is not stored after {patience:.0f} s.")
