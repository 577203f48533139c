"""Put a batch into ClickHouse so that each event is there once, whatever dies on the way.

Three things together, none of which suffices alone:
- every insert carries a token made of the entry ids; ClickHouse drops a second insert with a token it knows, also when
  the first is still on its way;
- after any doubt (a crash, a lost answer, a batch taken over) the rows already there are asked for and left out;
- after such an insert they are asked for once more, since a server that was killed may know a token whose rows it lost;
  what is missing then goes in under the next token.
"""

import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from apps.clickhouse import client, selectors, tables
from apps.clickhouse.errors import ClickHouseError, QueryTypeError
from apps.ingest.contracts import DeadLetter, EventBatch
from apps.ingest.pipeline import Batch, dead_letter
from apps.ingest.timestamps import from_us

_ENTRIES_ASKED_AT_ONCE: Final = 2_000
_DELAYS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_DATA_FAULTS: Final = (QueryTypeError, ValueError, TypeError, OverflowError, struct.error)
"""The values are at fault, not the server: trying again cannot help, leaving the event out does."""

log = structlog.get_logger(__name__)


class InterruptedInsertError(Exception):
    """The writer is to stop while ClickHouse is away; the batch stays in the log."""


class Inserter:
    """Inserts batches, waiting as long as ClickHouse is away."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.retries = 0

    def store(self, batch: Batch) -> None:
        """Return once every event and dead letter of the batch is in ClickHouse.

        Raises InterruptedInsertError when told to stop while that cannot be done.
        """
        is_suspect, attempt = batch.is_suspect, 0
        while True:
            try:
                outcome = store_events(batch.events, batch.token, is_suspect=is_suspect)
                poisoned = outcome.refused
                store_dead_letters(batch.dead + poisoned, batch.token)
            except ClickHouseError as exc:
                log.warning("writer.insert_failed", reason=str(exc), events=len(batch.events), attempt=attempt)
            except Exception:
                # A fault of ours. Waiting keeps the events and shows as lag; ending would only start the same again.
                log.exception("writer.insert_broke", events=len(batch.events), attempt=attempt)
            else:
                batch.dead += poisoned
                batch.found_written = outcome.found_written
                return
            self.retries += 1
            is_suspect = True
            if self._stop.wait(_DELAYS[min(attempt, len(_DELAYS) - 1)]):
                raise InterruptedInsertError
            attempt += 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an insert: the events ClickHouse refuses, and how many were there before."""

    refused: list[DeadLetter]
    found_written: int


def store_events(events: EventBatch, token: str, *, is_suspect: bool) -> Outcome:
    """Insert what is not yet there."""
    dead: list[DeadLetter] = []
    count, attempt = len(events), 0
    if is_suspect:
        events = _missing(events)
    found_written = count - len(events)
    while len(events):
        refused = _insert(events, f"{token}:{attempt}")
        dead += [dead_letter(events, row, "insert_refused", reason) for row, reason in refused.items()]
        if not is_suspect:
            break
        events = _missing(events.take([row for row in range(len(events)) if row not in refused]))
        attempt += 1
    return Outcome(dead, found_written)


def _missing(events: EventBatch) -> EventBatch:
    entries = list(dict.fromkeys(events.entries))
    written: set[tuple[str, str]] = set()
    for start in range(0, len(entries), _ENTRIES_ASKED_AT_ONCE):
        written |= selectors.list_written(entries[start : start + _ENTRIES_ASKED_AT_ONCE])
    if not written:
        return events
    rows = [row for row, key in enumerate(zip(events.entries, events.uuids, strict=True)) if key not in written]
    log.info("writer.found_written", written=len(events) - len(rows), missing=len(rows))
    return events.take(rows)


def _insert(events: EventBatch, token: str, first: int = 0) -> dict[int, str]:
    """Insert a batch; halve it until only the events that cannot be inserted remain, and give those by row."""
    try:
        client.insert(tables.EVENTS_LANDING, landing(events), token=token)
    except _DATA_FAULTS as exc:
        if len(events) == 1:
            log.exception("writer.event_refused", entry=events.entries[0])
            return {first: f"ClickHouse refuses it: {exc}"}
        middle = len(events) // 2
        left = _insert(events.take(range(middle)), f"{token}a", first)
        return left | _insert(events.take(range(middle, len(events))), f"{token}b", first + middle)
    return {}


def landing(events: EventBatch) -> dict[str, Sequence[object]]:
    """Give a batch as the columns of the landing table."""
    return {
        "project_id": events.project_ids,
        "uuid": events.uuids,
        "event": events.events,
        "distinct_id": events.distinct_ids,
        "person_id": events.person_ids,
        "timestamp_us": events.timestamps_us,
        "received_us": events.received_us,
        "properties": events.properties,
        "entry": events.entries,
    }


def store_dead_letters(letters: Sequence[DeadLetter], token: str) -> None:
    """Insert dead letters; the same ones again change nothing."""
    client.insert(
        tables.DEAD_LETTERS,
        {
            "project_id": [letter.project_id for letter in letters],
            "received_at": [from_us(letter.received_us) for letter in letters],
            "entry": [letter.entry for letter in letters],
            "index": [letter.rejection.index for letter in letters],
            "code": [letter.rejection.code for letter in letters],
            "reason": [letter.rejection.reason for letter in letters],
            "event": [letter.rejection.event for letter in letters],
            "distinct_id": [letter.rejection.distinct_id for letter in letters],
            "payload": [letter.rejection.payload.decode(errors="replace") for letter in letters],
            "path": [letter.path for letter in letters],
        },
        token=f"{token}:dead",
    )
