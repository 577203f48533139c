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
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final, TypeVar
from zlib import crc32

import structlog

from apps.clickhouse import client, selectors, tables
from apps.clickhouse.errors import ClickHouseError, QueryTypeError
from apps.ingest import columns
from apps.ingest.batch import EventBatch
from apps.ingest.bounds import DEAD_LETTER_BYTES
from apps.ingest.contracts import DeadLetter, Rejection
from apps.ingest.pipeline import Batch, dead_letter
from apps.ingest.timestamps import from_us

_ENTRIES_ASKED_AT_ONCE: Final = 2_000
_ROWS_WORTH_AN_INSERT: Final = 5_000
_DELAYS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_DATA_FAULTS: Final = (QueryTypeError, ValueError, TypeError, OverflowError, struct.error)
"""The values are at fault, not the server: trying again cannot help, leaving the event out does."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class InterruptedInsertError(Exception):
    """The writer is to stop while ClickHouse is away; the batch stays in the log."""


class Inserter:
    """Inserts batches, waiting as long as ClickHouse is away."""

    def __init__(self, stop: threading.Event, *, inserts: int = 1) -> None:
        """Take what tells to stop, and how many inserts a large batch may be made of, done at the same time."""
        self._stop = stop
        self._inserts = inserts
        self.retries = 0
        self.trouble = ""
        """Why nothing can be inserted at present."""

    def store(self, batch: Batch) -> None:
        """Return once every event and dead letter of the batch is in ClickHouse.

        Raises InterruptedInsertError when told to stop while that cannot be done.
        """
        is_suspect, attempt = batch.is_suspect, 0
        while True:
            try:
                lost = store_beside(batch)
                outcomes = self._store_events(batch, is_suspect=is_suspect)
                poisoned = [letter for outcome in outcomes for letter in outcome.refused]
                store_dead_letters(batch.dead + poisoned + lost, batch.token)
            except ClickHouseError as exc:
                self.trouble = str(exc)
                log.warning("writer.insert_failed", reason=str(exc), events=len(batch.events), attempt=attempt)
            except Exception as exc:
                self.trouble = repr(exc)
                # A fault of ours. Waiting keeps the events and shows as lag; ending would only start the same again.
                log.exception("writer.insert_broke", events=len(batch.events), attempt=attempt)
            else:
                self.trouble = ""
                batch.dead += poisoned + lost
                _call_back(batch)
                batch.found_written = sum(outcome.found_written for outcome in outcomes)
                return
            self.retries += 1
            is_suspect = True
            if self._stop.wait(_DELAYS[min(attempt, len(_DELAYS) - 1)]):
                raise InterruptedInsertError
            attempt += 1

    def _store_events(self, batch: Batch, *, is_suspect: bool) -> list["Outcome"]:
        """Insert the parts of a batch side by side, since ClickHouse converts the properties of one on one core."""
        events, token = batch.events, batch.token
        count = max(1, min(self._inserts, len(events) // _ROWS_WORTH_AN_INSERT))
        edges = [len(events) * number // count for number in range(count + 1)]
        parts = [events.part(*edge) for edge in pairwise(edges)] if count > 1 else [events]
        return together(
            [partial(store_events, part, f"{token}:{name}", is_suspect=is_suspect) for name, part in enumerate(parts)]
        )


def _call_back(batch: Batch) -> None:
    for callback in batch.events.callbacks:
        try:
            callback()
        except Exception:  # the events are stored; whoever wanted to know looks again with the next batch
            log.exception("writer.callback_failed", callback=getattr(callback, "__qualname__", ""))


def together(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Do jobs at the same time and give their results in order; what one raised is raised once all have ended."""
    futures: list[Future[T]] = [Future() for _ in jobs]

    def work(job: Callable[[], T], future: Future[T]) -> None:
        try:
            future.set_result(job())
        except BaseException as exc:  # noqa: BLE001 - handed to whoever asks for the result
            future.set_exception(exc)

    for job, future in zip(jobs[1:], futures[1:], strict=True):
        # Daemons, so that a ClickHouse that hangs cannot keep a process from ending that was told to.
        threading.Thread(target=work, args=(job, future), name="insert", daemon=True).start()
    for job, future in zip(jobs[:1], futures[:1], strict=True):
        work(job, future)
    wait(futures)
    return [future.result() for future in futures]


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


def _insert(events: EventBatch, token: str) -> dict[int, str]:
    """Insert a batch, as columns what can be columns and the rest as text; give the refused events by row.

    Which is which depends on each event alone, so the same batch made again has the same two inserts.
    """
    found = columns.split(events)
    refused: dict[int, str] = {}
    if found.rows:
        try:
            client.insert_block(tables.EVENTS, columns.block(events, found), token=f"{token}c")
        except _DATA_FAULTS:
            # Nothing of it was stored. As text the event at fault can be found.
            log.exception("writer.columns_refused", events=len(found.rows))
            refused = _insert_text(events.take(found.rows), f"{token}c")
            refused = {found.rows[row]: reason for row, reason in refused.items()}
    if found.rest:
        by_row = _insert_text(events.take(found.rest), f"{token}t")
        refused |= {found.rest[row]: reason for row, reason in by_row.items()}
    return refused


def _insert_text(events: EventBatch, token: str, first: int = 0) -> dict[int, str]:
    """Insert a batch as text; halve it until only the events that cannot be inserted remain, and give those by row."""
    if events.changes:
        events.change_properties()
    try:
        client.insert(tables.EVENTS_LANDING, landing(events), token=token)
    except _DATA_FAULTS as exc:
        if len(events) == 1:
            log.exception("writer.event_refused", entry=events.entries[0])
            return {first: f"ClickHouse refuses it: {exc}"}
        middle = len(events) // 2
        left = _insert_text(events.part(0, middle), f"{token}a", first)
        return left | _insert_text(events.part(middle, len(events)), f"{token}b", first + middle)
    return {}


def store_beside(batch: Batch) -> list[DeadLetter]:
    """Insert the rows for other tables; give those that their table refuses as dead letters.

    They go in without a token: the same batch made again may hold newer rows, which an old token would swallow, and
    the tables take the same row twice.
    """
    return [letter for table, rows in batch.beside.items() for letter in _store_rows(table, rows, batch)]


def _store_rows(table: str, rows: list[dict[str, object]], batch: Batch) -> list[DeadLetter]:
    if not rows:
        return []
    try:
        client.insert(table, {name: [row[name] for row in rows] for name in rows[0]})
    except _DATA_FAULTS as exc:
        if len(rows) > 1:
            middle = len(rows) // 2
            return _store_rows(table, rows[:middle], batch) + _store_rows(table, rows[middle:], batch)
        log.exception("writer.row_refused", table=table)
        reason = f"The table {table} refuses a row: {exc}"
        project_id = rows[0].get("project_id", 0)
        payload = repr(rows[0]).encode(errors="replace")[:DEAD_LETTER_BYTES]
        rejection = Rejection(crc32(payload), "row_refused", reason, payload=payload)
        received_us = int(batch.entries[0].split("-")[0]) * 1_000
        return [DeadLetter(int(str(project_id)), received_us, batch.entries[0], "", rejection)]
    return []


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
