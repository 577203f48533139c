"""Tell the catalog which events and properties passed, a few rows a minute however many came.

Done once the steps are through, so that what they put to events is listed too. Nothing that goes wrong here may hold up
an event.
"""

import threading
import time
from collections.abc import Callable
from functools import cache, partial
from queue import Empty, SimpleQueue
from typing import Final

import structlog
from django.conf import settings

from apps.catalog import selectors, services
from apps.catalog.errors import CatalogBusyError
from apps.catalog.sightings import Known, Limits, Rows, Sightings
from apps.clickhouse.errors import ClickHouseError
from apps.clickhouse.tables import SEEN_EVENTS, SEEN_PROPERTIES
from apps.ingest.batch import EventBatch
from apps.ingest.timestamps import from_us

log = structlog.get_logger(__name__)


LOAD_SECONDS: Final = 2.0
"""How long events wait for the names their project has already."""

REST_SECONDS: Final = 30.0
"""How long nobody asks for them again when that was not enough."""


class Loader:
    """Asks for a project's names without ever holding up the writer for long, whatever ClickHouse does."""

    def __init__(self, load: Callable[[int], Known] = selectors.load_names) -> None:
        """Take what asks ClickHouse."""
        self._load = load
        self._away_until = 0.0

    def __call__(self, project_id: int) -> Known | None:
        """Give the names, or None when they do not come in time."""
        if time.monotonic() < self._away_until:
            return None
        answer: SimpleQueue[Known | None] = SimpleQueue()
        threading.Thread(target=self._ask, args=(project_id, answer), name="definitions", daemon=True).start()
        try:
            known = answer.get(timeout=LOAD_SECONDS)
        except Empty:
            known = None
        if known is None:
            log.warning("definitions.names_not_loaded", project=project_id)
            self._away_until = time.monotonic() + REST_SECONDS
        return known

    def _ask(self, project_id: int, answer: "SimpleQueue[Known | None]") -> None:
        try:
            answer.put(self._load(project_id))
        except (CatalogBusyError, ClickHouseError):
            answer.put(None)


@cache
def memory() -> Sightings:
    """Give what this writer remembers; a process has one writer."""
    limits = Limits(settings.BALEEN_CATALOG_MAX_EVENTS, settings.BALEEN_CATALOG_MAX_PROPERTIES)
    return Sightings(limits, Loader())


def note(batch: EventBatch) -> None:
    """Put what is new or newer about a batch's events beside them."""
    try:
        rows = memory().see(batch.project_ids, batch.events, batch.timestamps_us, batch.properties, batch.changes)
    except Exception:
        # The events themselves are sound. What was not noted is, when it comes again.
        log.exception("definitions.not_noted", events=len(batch))
        memory.cache_clear()
        return
    _put(batch, rows)
    if rows.refused:
        batch.when_stored(partial(services.count_refused, rows.refused))


def _put(batch: EventBatch, rows: Rows) -> None:
    for project_id, event, first, last in rows.events:
        batch.put_beside(
            SEEN_EVENTS,
            {"project_id": project_id, "event": event, "first_seen": from_us(first), "last_seen": from_us(last)},
        )
    for project_id, scope, carrier, name, kind, first, last in rows.properties:
        batch.put_beside(
            SEEN_PROPERTIES,
            {
                "project_id": project_id,
                "scope": str(scope),
                "carrier": carrier,
                "property": name,
                "type": str(kind),
                "first_seen": from_us(first),
                "last_seen": from_us(last),
            },
        )
