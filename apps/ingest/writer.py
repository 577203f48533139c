"""Empty the event log into ClickHouse: `manage.py write_events`.

One batch is being inserted while the next is gathered and prepared; entries leave the log only after their insert is
done. The loop survives Valkey and ClickHouse going away and coming back; what it was handed is asked for again after
any doubt (see `apps.ingest.insertion` for why nothing is then written twice).
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import redis
import structlog
from django.conf import settings

from apps.common.errors import UnavailableError
from apps.ingest.consumer import Consumer, Delivery
from apps.ingest.insertion import Inserter, InterruptedInsertError
from apps.ingest.pipeline import Batch

_BEATS_BEFORE_DEAD: Final = 6
_IDLE_BLOCK_MS: Final = 1_000
_BUSY_BLOCK_MS: Final = 20
_MAX_ENTRIES: Final = 5_000
_READ_BYTES: Final = 4 << 20
_READ_COUNT: Final = 512
_STOP_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a batch grows, how long its first entry waits for company, how many inserts it is made of."""

    events: int
    size: int
    linger_seconds: float
    inserts: int = 1

    @classmethod
    def from_settings(cls) -> "Limits":
        """Read the limits of this deployment."""
        return cls(
            settings.BALEEN_INGEST_BATCH_EVENTS,
            settings.BALEEN_INGEST_BATCH_BYTES,
            settings.BALEEN_INGEST_LINGER_MS / 1_000,
            settings.BALEEN_INGEST_INSERTS,
        )


class _Flight:
    """One batch on its way into ClickHouse, in a thread of its own."""

    def __init__(self, batch: Batch, inserter: Inserter) -> None:
        self.batch = batch
        self.seconds = 0.0
        self._error: BaseException | None = None
        self._inserter = inserter
        self._done = threading.Event()
        # A daemon, so that a ClickHouse that hangs cannot keep a process from ending that was told to.
        threading.Thread(target=self._run, name="insert", daemon=True).start()

    def _run(self) -> None:
        started = time.monotonic()
        try:
            self._inserter.store(self.batch)
            self.seconds = time.monotonic() - started
        except BaseException as exc:  # noqa: BLE001 - handed to the loop, which raises it
            self._error = exc
        finally:
            self._done.set()

    def is_done(self) -> bool:
        """Say whether it has arrived, or failed for good."""
        return self._done.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for it that long at most; raises what stopped it."""
        if not self._done.wait(seconds):
            return False
        if self._error is not None:
            raise self._error
        return True


class Writer:
    """The loop of one writer."""

    def __init__(self, consumer: Consumer, limits: Limits, stop: threading.Event) -> None:
        self._consumer = consumer
        self._limits = limits
        self._stop = stop
        self._inserter = Inserter(stop, inserts=limits.inserts)
        self._flight: _Flight | None = None
        self._is_lost = True
        self._is_suspect = True
        self._beat_seconds = consumer.dead_after / _BEATS_BEFORE_DEAD
        self._next_beat = 0.0
        self._next_look = 0.0
        self._entry_bytes = 32 * 1024.0
        self._flight_seconds = 0.0
        self._trouble = ""

    def run(self) -> None:
        """Write until told to stop, then finish the batch under way."""
        log.info("writer.started", writer=self._consumer.name)
        while not self._stop.is_set():
            try:
                self._turn()
            except redis.RedisError as exc:
                log.warning("writer.event_log_away", reason=str(exc))
                # Entries may have been handed to us in an answer that never came.
                self._is_lost = True
                self._stop.wait(0.5)
            except UnavailableError as exc:
                log.warning("writer.step_waits", reason=exc.detail)
                self._is_lost, self._trouble = True, exc.detail
                self._stop.wait(1)
            except InterruptedInsertError:
                break
        self._end()

    def _turn(self) -> None:
        if self._is_lost:
            self._settle()
            self._consumer.join()
            self._recover()
            self._is_lost, self._is_suspect = False, True
        self._look_for_abandoned()
        batch = self._gather()
        self._settle()
        if batch.entries:
            self._launch(batch)

    def _look_for_abandoned(self) -> None:
        """Now and then see whether another writer died, however busy this one is, and finish its work."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + self._beat_seconds
        abandoned = self._consumer.find_abandoned()
        if abandoned is None:
            return
        self._settle()
        if self._consumer.take_over(abandoned):
            self._recover()

    def _gather(self) -> Batch:
        """Read until the batch is full, or its first entry has waited long enough and nothing is being inserted."""
        batch = Batch(is_suspect=self._is_suspect)
        due = 0.0
        while not self._stop.is_set() and not self._is_full(batch):
            self._beat()
            is_busy = self._flight is not None and not self._flight.is_done()
            wait = due - time.monotonic()
            if batch.entries and wait <= 0 and not is_busy:
                break
            block_ms = _BUSY_BLOCK_MS if is_busy or batch.entries else _IDLE_BLOCK_MS
            deliveries = self._read(block_ms)
            for delivery in deliveries:
                batch.add(delivery)
            if not batch.entries and not is_busy:
                break
            if deliveries and not due:
                due = time.monotonic() + self._limits.linger_seconds
        batch.prepare()
        self._trouble = ""
        return batch

    def _read(self, block_ms: int) -> list[Delivery]:
        # So many entries that about the same amount of bytes comes at once, whatever their size.
        count = max(1, min(_READ_COUNT, int(_READ_BYTES / self._entry_bytes)))
        deliveries = self._consumer.read(count, block_ms)
        if deliveries:
            average = sum(len(blob) for _, blob in deliveries) / len(deliveries)
            self._entry_bytes = max(average, (self._entry_bytes + average) / 2)
        return deliveries

    def _is_full(self, batch: Batch) -> bool:
        return (
            len(batch.events) >= self._limits.events
            or batch.size >= self._limits.size
            or len(batch.entries) >= _MAX_ENTRIES
        )

    def _launch(self, batch: Batch) -> None:
        if not self._consumer.note(batch.entries):
            # This process hung so long that another took its entries over. What is still ours is asked for again.
            log.warning("writer.lost_entries", writer=self._consumer.name, entries=len(batch.entries))
            self._is_lost = True
            return
        self._flight = _Flight(batch, self._inserter)

    def _settle(self, seconds: float = float("inf")) -> None:
        """Wait for the batch under way and let its entries go."""
        if self._flight is None:
            return
        end = time.monotonic() + seconds
        while not self._flight.wait(0.05):
            self._beat()
            if time.monotonic() >= end:
                raise InterruptedInsertError
        batch, self._flight_seconds = self._flight.batch, self._flight.seconds
        self._consumer.finish(batch.entries)
        self._flight = None
        # After a power cut the log may hand out again what it had let go, oldest first: look until nothing is found.
        self._is_suspect = self._is_suspect and batch.found_written > 0
        self._count(batch)

    def _count(self, batch: Batch) -> None:
        retries, self._inserter.retries = self._inserter.retries, 0
        rejected = len(batch.dead)
        self._consumer.count(
            events_received=batch.accepted + rejected,
            events_accepted=batch.accepted,
            events_rejected=rejected,
            events_written=len(batch.events),
            requests_written=len(batch.entries),
            batches_written=1,
            insert_retries=retries,
            insert_microseconds=round(self._flight_seconds * 1e6),
        )

    def _recover(self) -> None:
        """Write what this name was handed before and did not finish: the noted batch as it was, then the rest."""
        deliveries = self._consumer.pending()
        if not deliveries:
            return
        log.info("writer.recovers", writer=self._consumer.name, entries=len(deliveries))
        self._consumer.count(redelivered=len(deliveries))
        noted = set(self._consumer.manifest())
        self._rewrite([delivery for delivery in deliveries if delivery[0] in noted])
        rest = Batch(is_suspect=True)
        for delivery in deliveries:
            if delivery[0] not in noted:
                rest.add(delivery)
                if self._is_full(rest):
                    self._write(rest)
                    rest = Batch(is_suspect=True)
        self._write(rest)

    def _rewrite(self, deliveries: Sequence[Delivery]) -> None:
        """Make a batch just as it was."""
        batch = Batch(is_suspect=True)
        for delivery in deliveries:
            batch.add(delivery)
        self._write(batch)

    def _write(self, batch: Batch) -> None:
        if not batch.entries:
            return
        batch.prepare()
        self._launch(batch)
        self._settle()

    def _beat(self) -> None:
        if time.monotonic() >= self._next_beat:
            self._consumer.beat(self._trouble or self._inserter.trouble)
            self._next_beat = time.monotonic() + self._beat_seconds

    def _end(self) -> None:
        try:
            self._settle(_STOP_SECONDS)
            self._consumer.rest()
        except (redis.RedisError, InterruptedInsertError) as exc:
            # Nothing is lost: the entries stay in the log and the next writer finishes them.
            log.warning("writer.left_work", reason=repr(exc))
        log.info("writer.stopped", writer=self._consumer.name)
