"""Tell the catalog which events and properties passed, a few rows a minute however many came.

Done once the steps are through, so that what they put to events is listed too. Nothing that goes wrong here may hold up
an event.
"""

from functools import cache, partial

import structlog
from django.conf import settings

from apps.catalog import selectors, services
from apps.catalog.sightings import Limits, Rows, Sightings
from apps.clickhouse.tables import SEEN_EVENTS, SEEN_PROPERTIES
from apps.ingest.batch import EventBatch
from apps.ingest.timestamps import from_us

log = structlog.get_logger(__name__)


@cache
def memory() -> Sightings:
    """Give what this writer remembers; a process has one writer."""
    limits = Limits(settings.BALEEN_CATALOG_MAX_EVENTS, settings.BALEEN_CATALOG_MAX_PROPERTIES)
    return Sightings(limits, selectors.load_names)


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
