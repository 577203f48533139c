"""The client: capture appends to a bounded queue, a daemon thread delivers batches and retries what may be retried."""

from __future__ import annotations

import atexit
import collections
import logging
import os
import threading
import time
import uuid as uuids
from datetime import datetime, timezone
from typing import Any

from baleen._delivery import Delivery

log = logging.getLogger("baleen")


class Baleen:
    """A queue of events and the thread that delivers them. Never raises into the app once constructed.

    `flush_at` events or `flush_interval` seconds, whichever comes first, make a batch. When `max_queue` events wait,
    new ones are dropped and counted in `dropped`; memory stays bounded whatever the server does.
    """

    def __init__(  # noqa: PLR0913 - every knob has a default
        self,
        project_key: str,
        host: str = "http://127.0.0.1:8000",
        *,
        flush_at: int = 100,
        flush_interval: float = 0.5,
        max_queue: int = 10_000,
        timeout: float = 10.0,
        max_retries: int = 5,
    ) -> None:
        if not project_key:
            raise ValueError("project_key is empty")
        if not host.startswith(("http://", "https://")):
            raise ValueError(f"host must start with http:// or https://, not {host!r}")
        self.dropped = 0
        self._delivery = Delivery(project_key, host.rstrip("/"), timeout, max_retries)
        self._flush_at = flush_at
        self._interval = flush_interval
        self._max_queue = max_queue
        self._start_afresh()
        atexit.register(self.shutdown)

    def _start_afresh(self) -> None:
        """Make queue and thread state for this process; a fork inherits memory but not threads."""
        self._pid = os.getpid()
        self._queue: collections.deque[tuple[str, str, str, float, dict[str, Any] | None]] = collections.deque()
        self._busy = False
        self._stopping = False
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def capture(
        self,
        event: str,
        distinct_id: str,
        properties: dict[str, Any] | None = None,
        *,
        timestamp: datetime | None = None,
        uuid: str | None = None,
    ) -> str | None:
        """Queue an event and give its id, or None when it was dropped. Returns at once."""
        if self._pid != os.getpid():
            self._start_afresh()
        if self._stopping or len(self._queue) >= self._max_queue:
            self.dropped += 1
            return None
        event_id = uuid or str(uuids.uuid4())
        moment = time.time() if timestamp is None else timestamp.timestamp()
        self._queue.append((event, distinct_id, event_id, moment, properties))
        if self._thread is None:
            self._start_thread()
        elif len(self._queue) == self._flush_at:
            with self._wake:
                self._wake.notify_all()
        return event_id

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything queued so far is delivered or given up; False when `timeout` was too short."""
        end = time.monotonic() + timeout
        with self._wake:
            self._wake.notify_all()
            while (self._queue or self._busy) and time.monotonic() < end:
                self._wake.wait(min(0.05, timeout))
            return not self._queue and not self._busy

    def shutdown(self, timeout: float = 10.0) -> None:
        """Deliver what waits, then stop. Later captures are dropped. Runs by itself when the interpreter ends."""
        if self._pid != os.getpid() or self._stopping:
            return
        if self._thread is not None:
            self.flush(timeout)
        self._stopping = True
        self._delivery.stop.set()
        with self._wake:
            self._wake.notify_all()
        atexit.unregister(self.shutdown)

    def __enter__(self) -> Baleen:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(self, *_exc: object) -> None:
        self.shutdown()

    def _start_thread(self) -> None:
        with self._wake:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="baleen", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopping:
            with self._wake:
                if len(self._queue) < self._flush_at:
                    self._wake.wait(self._interval)
                size = min(len(self._queue), self._flush_at)
                batch = [self._queue.popleft() for _ in range(size)]
                self._busy = bool(batch)
            if batch:
                self._deliver(batch)

    def _deliver(self, batch: list[tuple[str, str, str, float, dict[str, Any] | None]]) -> None:
        try:
            reason = self._delivery.send(
                [
                    {
                        "event": event,
                        "distinct_id": distinct_id,
                        "uuid": event_id,
                        "timestamp": datetime.fromtimestamp(moment, timezone.utc).isoformat(),
                        "properties": {**(properties or {}), "$lib": "baleen-python"},
                    }
                    for event, distinct_id, event_id, moment, properties in batch
                ]
            )
        except Exception as exc:  # noqa: BLE001 - analytics must never take the app down
            reason = repr(exc)
        if reason:
            self.dropped += len(batch)
            log.warning("baleen: %d events were not delivered: %s", len(batch), reason)
        with self._wake:
            self._busy = False
            self._wake.notify_all()
