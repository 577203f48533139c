"""From log entries to what is inserted: join their columns, run the steps, set aside what cannot go on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from itertools import repeat

import msgspec
import structlog
import zstandard
from django.conf import settings
from django.utils.module_loading import import_string

from apps.clickhouse.tables import RECORDING_CHUNKS
from apps.common.errors import UnavailableError
from apps.ingest import definitions, recordings
from apps.ingest.batch import EventBatch
from apps.ingest.bounds import DEAD_LETTER_BYTES
from apps.ingest.consumer import Delivery
from apps.ingest.contracts import DeadLetter, Rejection
from apps.ingest.log import unpack
from apps.ingest.midnight import first_times

Step = Callable[[EventBatch], None]

log = structlog.get_logger(__name__)


@cache
def steps() -> tuple[Step, ...]:
    """Give the steps named in the settings, in their order."""
    return tuple(import_string(name) for name in settings.INGEST_STEPS)


@dataclass(slots=True)
class Batch:
    """Entries on their way to one insert."""

    entries: list[str] = field(default_factory=list)
    events: EventBatch = field(default_factory=EventBatch)
    dead: list[DeadLetter] = field(default_factory=list)
    beside: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    """Rows for other tables, by table; see `EventBatch.put_beside`, whose rows join them."""
    size: int = 0
    accepted: int = 0
    is_suspect: bool = False
    """Something of it may have been written before."""
    found_written: int = 0
    """How much of it was."""

    @property
    def token(self) -> str:
        """Name the insert by the entries it is made of: the same entries, the same name."""
        return blake2b("\n".join(self.entries).encode(), digest_size=16).hexdigest()

    def add(self, delivery: Delivery) -> None:
        """Join an entry's columns to the batch."""
        entry_id, blob = delivery
        self.entries.append(entry_id)
        try:
            entry = unpack(blob)
        except (msgspec.MsgspecError, zstandard.ZstdError, ValueError) as exc:
            log.exception("event_log.unreadable_entry", entry=entry_id)
            lost = Rejection(0, "entry_unreadable", str(exc), payload=blob.hex().encode()[:DEAD_LETTER_BYTES])
            self.dead.append(DeadLetter(0, int(entry_id.split("-")[0]) * 1_000, entry_id, "", lost))
            return
        count, events = len(entry), self.events
        self.accepted += count
        self.size += sum(map(len, entry.properties)) + 200 * count
        events.project_ids.extend(repeat(entry.project_id, count))
        events.uuids.extend(entry.uuids)
        events.events.extend(entry.events)
        events.distinct_ids.extend(entry.distinct_ids)
        events.timestamps_us.extend(entry.timestamps_us)
        events.received_us.extend(repeat(entry.received_us, count))
        events.properties.extend(entry.properties)
        events.entries.extend(repeat(entry_id, count))
        events.ips.extend(repeat(entry.ip, count))
        events.user_agents.extend(repeat(entry.user_agent, count))
        for recording in entry.recordings:
            self.size += len(recording.data)
            self.beside.setdefault(RECORDING_CHUNKS, []).append(recordings.row(entry, recording, entry_id))
        for rejection in entry.rejections:
            self.dead.append(DeadLetter(entry.project_id, entry.received_us, entry_id, entry.path, rejection))

    def prepare(self) -> None:
        """Drop what is in it twice and run the steps; an event that breaks a step becomes a dead letter.

        Raises UnavailableError when a step needs something that is away, redis.RedisError when the log's Valkey is.
        """
        self.events = _without_repeats(self.events)
        first_times().adopt(self.events)
        self.events.person_ids = [""] * len(self.events)
        self.events.look()
        self.events, broken = run_steps(self.events, steps())
        self.events.peeks = []
        self.events, refused = without_refused(self.events)
        self.dead += broken + refused
        definitions.note(self.events)
        for table, rows in self.events.beside.items():
            self.beside.setdefault(table, []).extend(rows)


def _without_repeats(events: EventBatch) -> EventBatch:
    """Keep the first of each event: a sender that retries while its first try waits is counted once.

    The same id under another name or distinct id is another event, here as in the table's key.
    """
    if len(set(events.uuids)) == len(events.uuids):
        return events
    first: dict[tuple[int, str, str, str], int] = {}
    keys = zip(events.project_ids, events.uuids, events.events, events.distinct_ids, strict=True)
    for row, key in enumerate(keys):
        first.setdefault(key, row)
    return events.take(list(first.values()))


def without_refused(events: EventBatch) -> tuple[EventBatch, list[DeadLetter]]:
    """Split off what the steps refused; of what a project wants discarded nothing remains."""
    if not any(events.refusals):
        return events, []
    dead = [
        dead_letter(events, row, refusal.code, refusal.reason)
        for row, refusal in enumerate(events.refusals)
        if refusal is not None and refusal.code
    ]
    kept = events.take([row for row, refusal in enumerate(events.refusals) if refusal is None])
    kept.beside, kept.callbacks = events.beside, events.callbacks
    return kept, dead


def run_steps(events: EventBatch, steps: Sequence[Step]) -> tuple[EventBatch, list[DeadLetter]]:
    """Run steps over a batch; when one fails, find the events it fails on and set only those aside."""
    if not len(events):
        return events, []
    try:
        for step in steps:
            step(events)
    except UnavailableError:
        raise
    except Exception as exc:
        if len(events) == 1:
            log.exception("step.failed", entry=events.entries[0])
            return events.take([]), [dead_letter(events, 0, "step_failed", f"A step failed: {exc!r}.")]
        middle = len(events) // 2
        left, left_dead = run_steps(events.part(0, middle), steps)
        right, right_dead = run_steps(events.part(middle, len(events)), steps)
        return left.joined(right), left_dead + right_dead
    return events, []


def dead_letter(events: EventBatch, row: int, code: str, reason: str) -> DeadLetter:
    """Make the dead letter of an event that had been accepted."""
    payload = {
        "event": events.events[row],
        "distinct_id": events.distinct_ids[row],
        "uuid": events.uuids[row],
        "timestamp": events.timestamps_us[row],
        "properties": msgspec.Raw(events.text(row)),
    }
    rejection = Rejection(
        index=int(events.uuids[row][-8:], 16),  # its place in the request is no longer known; this is as unique
        code=code,
        reason=reason,
        event=events.events[row],
        distinct_id=events.distinct_ids[row],
        payload=msgspec.json.encode(payload)[:DEAD_LETTER_BYTES],
    )
    return DeadLetter(events.project_ids[row], events.received_us[row], events.entries[row], "", rejection)
