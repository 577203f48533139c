"""Events that are sent again around midnight UTC keep the time of their first try.

An event's day is part of its key, by which two copies of it meet at a merge and under FINAL. But its time is corrected
by the clock of each request that carried it, and so a second try may differ by the time the request took: next to
midnight that is another day, next to the end of a month another partition, and the event would be counted twice for
ever. So the first time of every event next to midnight is remembered for some hours, in the Valkey that holds the event
log, and whoever meets the event again takes it over.
"""

import struct
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import structlog
from redis.exceptions import OutOfMemoryError  # type: ignore[attr-defined]  # stubs of an older client

from apps.ingest.batch import EventBatch
from apps.ingest.bounds import DAY_US
from apps.ingest.valkey import connect

KEY: Final = "baleen:midnight:"
NEAR_US: Final = 30 * 1_000_000
"""How much the times of two tries may differ: twice the time-out of the slowest SDK."""
NEAR_UNTIMED_US: Final = 600 * 1_000_000
"""The same for events whose sender gave no time: theirs is that of each request."""
SLOT_US: Final = 6 * 3_600 * 1_000_000
"""First times are kept for one to two slots."""
MOST: Final = 300_000
"""How many a slot holds, some 30 MB; beyond, events are written with the times they have."""

_TIME: Final = struct.Struct("<q")

log = structlog.get_logger(__name__)


class FirstTimes:
    """The memory of first times; asks for its Valkey only when an event next to midnight comes along."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._valkey: Any = None

    def adopt(self, batch: EventBatch) -> None:
        """Give events next to midnight the time of their first try. Raises redis.RedisError when Valkey is away."""
        rows = _near(batch)
        if not rows:
            return
        if self._valkey is None:
            self._valkey = self._connect()
        names = [_name(batch, row) for row in rows]
        slot = batch.received_us[rows[0]] // SLOT_US
        now, before = f"{KEY}{slot}", f"{KEY}{slot - 1}"
        found = self._valkey.hmget(before, names)
        new = [place for place, time in enumerate(found) if time is None]
        if new and self._valkey.hlen(now) < MOST:
            # Without memory for this the log must still be emptied.
            with suppress(OutOfMemoryError), self._valkey.pipeline(transaction=False) as pipe:
                for place in new:
                    pipe.hsetnx(now, names[place], _TIME.pack(batch.timestamps_us[rows[place]]))
                pipe.expire(now, 2 * SLOT_US // 1_000_000)
                pipe.execute()
        elif new:
            log.warning("midnight.full", slot=slot)
        kept = self._valkey.hmget(now, names)
        adopted = 0
        for row, older, newer in zip(rows, found, kept, strict=True):
            first = older or newer
            if first is not None and (time := _TIME.unpack(first)[0]) != batch.timestamps_us[row]:
                batch.timestamps_us[row] = time
                adopted += 1
        if adopted:
            log.info("midnight.adopted", events=adopted)


@cache
def first_times() -> FirstTimes:
    """Give this process's way to the memory."""
    return FirstTimes(connect)


def _near(batch: EventBatch) -> list[int]:
    """List the events so near to midnight that another try might fall on the other side of it."""
    far = DAY_US - NEAR_UNTIMED_US
    return [
        row
        for row, time in enumerate(batch.timestamps_us)
        if not NEAR_UNTIMED_US < (since := time % DAY_US) < far
        and (time == batch.received_us[row] or not NEAR_US < since < DAY_US - NEAR_US)
    ]


def _name(batch: EventBatch, row: int) -> bytes:
    """Name an event as its key does, but for the day; short, since many are remembered."""
    who = f"{batch.events[row]}\0{batch.distinct_ids[row]}".encode()
    tail = blake2b(who, digest_size=8).digest()
    return batch.project_ids[row].to_bytes(8, "little") + UUID(batch.uuids[row]).bytes + tail
