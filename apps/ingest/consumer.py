"""The reading end of the event log: one writer's place in the consumer group `writers`.

A writer owns a slot, held by a file lock that the system frees whenever the process ends, however it ends. The slot
gives it a name that the next process in the slot inherits, together with what the last one was handed and did not
finish. Before it inserts, a writer notes which entries the insert is made of (the manifest), so that whoever finishes
the work makes the same batch with the same token.
"""

import contextlib
import fcntl
import itertools
import json
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import redis
import structlog
from redis.exceptions import OutOfMemoryError  # type: ignore[attr-defined]  # stubs of an older client

from apps.ingest import flow
from apps.ingest.log import FIELD, GROUP, STREAM
from apps.ingest.selectors import HEARTBEAT_PREFIX
from apps.ingest.valkey import connect

_MANIFEST_PREFIX: Final = "baleen:manifest:"
_FORGET_IDLE_MS: Final = 3_600_000
_PAGE: Final = 500
_MOST_CLAIMED: Final = 100_000
_TROUBLE_CHARACTERS: Final = 300

Delivery = tuple[str, bytes]
"""An entry's id and its packed bytes."""

log = structlog.get_logger(__name__)


@contextlib.contextmanager
def hold_slot(directory: Path) -> Iterator[str]:
    """Take the first free writer's slot of this machine and give the name that belongs to it."""
    directory.mkdir(parents=True, exist_ok=True)
    for number in itertools.count():
        with (directory / f"writer-{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield f"{socket.gethostname()}-{number}"
            return


class Consumer:
    """What a writer asks of the log."""

    def __init__(self, name: str, *, dead_after: int) -> None:
        """Take the name, and for how many seconds a writer may be silent before it counts as dead."""
        self.name = name
        self.dead_after = dead_after
        self._valkey = connect(timeout=10)

    def join(self) -> None:
        """Make the stream and the group when they are not there yet."""
        try:
            self._valkey.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        except redis.ResponseError as exc:
            if "BUSYGROUP" not in str(exc):
                raise

    def read(self, count: int, block_ms: int) -> list[Delivery]:
        """Take entries nobody was handed yet, waiting for the first one."""
        reply = self._valkey.xreadgroup(GROUP, self.name, {STREAM: ">"}, count=count, block=max(1, block_ms))
        return _deliveries(reply)

    def pending(self) -> list[Delivery]:
        """Give again what this writer's name was handed and never finished."""
        found: list[Delivery] = []
        last = "0"
        while True:
            reply = self._valkey.xreadgroup(GROUP, self.name, {STREAM: last}, count=_PAGE)
            page = reply[0][1] if reply else []
            if not page:
                return found
            last = page[-1][0].decode()
            gone = [entry for entry, fields in page if not fields]
            if gone:
                self._valkey.xack(STREAM, GROUP, *gone)
            found.extend(_deliveries(reply))

    def finish(self, entries: Sequence[str]) -> None:
        """Let entries go for good: acknowledged and out of the log, in one step."""
        with self._valkey.pipeline(transaction=True) as pipe:
            pipe.xack(STREAM, GROUP, *entries)
            pipe.xdel(STREAM, *entries)
            pipe.execute()

    def note(self, entries: Sequence[str]) -> bool:
        """Write down which entries the coming insert is made of, then say whether they are still this writer's.

        In this order a writer that hangs, and comes to after another took its entries over, cannot write them twice:
        either it sees here that they are gone, or the other has seen the note and makes the very same insert.
        """
        self._write_manifest(entries)
        # The oldest stands for all, since they are only ever claimed together.
        return bool(self._valkey.xpending_range(STREAM, GROUP, entries[0], entries[0], 1, self.name))

    def _write_manifest(self, entries: Sequence[str]) -> None:
        with _when_memory_is_left():
            self._valkey.set(_MANIFEST_PREFIX + self.name, json.dumps(list(entries)))

    def manifest(self) -> list[str]:
        """Read what the last insert under this name was made of."""
        return self._manifest(self.name)

    def _manifest(self, name: str) -> list[str]:
        noted = self._valkey.get(_MANIFEST_PREFIX + name)
        return [str(entry) for entry in json.loads(noted)] if noted else []

    def beat(self, trouble: str = "") -> None:
        """Give a sign of life, and say what stands in the way when something does."""
        sign = json.dumps({"at": time.time(), "trouble": trouble[:_TROUBLE_CHARACTERS]})
        with _when_memory_is_left():
            self._valkey.set(HEARTBEAT_PREFIX + self.name, sign, ex=self.dead_after)

    def rest(self) -> None:
        """Say that this writer has ended on purpose."""
        self._valkey.delete(HEARTBEAT_PREFIX + self.name)

    def count(self, **amounts: int) -> None:
        """Add to the deployment's counters."""
        with _when_memory_is_left():
            flow.add(self._valkey, amounts)

    def find_abandoned(self) -> str | None:
        """Name a writer that died and left entries behind; those that left nothing are forgotten in time."""
        for other in self._valkey.xinfo_consumers(STREAM, GROUP):
            name = other["name"].decode()
            if name == self.name or self._valkey.exists(HEARTBEAT_PREFIX + name):
                continue
            if other["pending"]:
                return str(name)
            if other["idle"] > _FORGET_IDLE_MS:
                self._valkey.xgroup_delconsumer(STREAM, GROUP, name)
        return None

    def take_over(self, name: str) -> int:
        """Take the entries of a writer that died and count them; they are then among this one's `pending()`.

        Only for a writer that has nothing under way, since it takes over the dead one's manifest too.
        """
        rows = self._valkey.xpending_range(STREAM, GROUP, "-", "+", _MOST_CLAIMED, name)
        long_enough = self.dead_after * 1_000
        # All or nothing: of a part another insert would be made than the dead one's, which may still be under way.
        if not rows or any(row["time_since_delivered"] < long_enough for row in rows):
            return 0
        self._write_manifest(self._manifest(name))
        # In one command, and only what has been idle: of two writers that try, one gets everything.
        claimed = self._valkey.xclaim(
            STREAM,
            GROUP,
            self.name,
            min_idle_time=long_enough,
            message_ids=[row["message_id"] for row in rows],
            justid=True,
        )
        if claimed:
            log.warning("writer.took_over", writer=self.name, dead=name, entries=len(claimed))
        return len(claimed)


def _deliveries(reply: Any) -> list[Delivery]:  # noqa: ANN401 - the client library's untyped answer
    return [(entry.decode(), fields[FIELD]) for entry, fields in reply[0][1] if fields] if reply else []


@contextlib.contextmanager
def _when_memory_is_left() -> Iterator[None]:
    """Do without what only helps: a Valkey that is full must still be emptied."""
    try:
        yield
    except OutOfMemoryError:
        log.warning("event_log.out_of_memory")
