"""Import a file: rows to events, events through the same checks and the same log as all others, a batch at a time.

Nothing is inserted around the log: identity, enrichment, costs and the project's privacy rules hold for old events too.
Event ids come from the rows, so a batch that is sent again after a crash is counted once.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from apps.accounts.contracts import ProjectContext
from apps.common import clock
from apps.ingest import services, timestamps
from apps.ingest.bounds import DEAD_LETTER_BYTES, bounds
from apps.ingest.contracts import LogEntry, Rejection
from apps.ingest.controls import Facts
from apps.ingest.errors import InvalidEventError, LogUnavailableError
from apps.ingest.importing.files import Row, Source
from apps.ingest.importing.progress import Notebook, State
from apps.ingest.importing.shapes import Event, Shaper
from apps.ingest.normalise import Clock
from apps.ingest.protocols import posthog
from apps.ingest.validation import validate

PATH = "import"
"""What dead letters of an import have as the door they came through."""

ROWS = 500
"""Rows of one log entry."""

_BATCH_BYTES = 8 << 20

Report = Callable[[State, str], None]
"""Told the state after each batch, with a word when the log makes us wait."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import under way."""

    project: ProjectContext
    source: Source
    shaper: Shaper
    notebook: Notebook

    def run(self, report: Report) -> State:
        """Import what is not imported yet; returns once all of it is in the log.

        Raises ImportFileError when the file cannot be read to its end; what came before is imported and noted.
        """
        state = self.notebook.read(self.source.path.name)
        rows = self.source.rows(state.rows)
        while batch := list(islice(rows, ROWS)):
            for part in _parts(batch):
                accepted, rejected = self._send(part, state, report)
                state.rows += len(part)
                state.accepted += accepted
                state.rejected += rejected
            self.notebook.write(state)
            report(state, "")
        state.is_done = True
        self.notebook.write(state)
        return state

    def _send(self, rows: list[Row], state: State, report: Report) -> tuple[int, int]:
        entry = self._entry(rows, state.rows)
        while True:
            try:
                receipt = services.admit(self.project, entry, Facts(is_trusted=True))
            except InvalidEventError:
                return 0, len(rows)
            except LogUnavailableError as exc:
                report(state, exc.detail)
                time.sleep(exc.retry_after)
            else:
                return receipt.accepted, len(rows) - receipt.accepted

    def _entry(self, rows: list[Row], first: int) -> LogEntry:
        """Make the log entry of some rows; a rejection carries the row's number in the file."""
        events: list[Event] = []
        numbers: list[int] = []
        unreadable: list[Rejection] = []
        for number, row in enumerate(rows, first):
            if row.fields is None:
                reason = f"Row {number + 1} of {self.source.path.name} cannot be read: {row.fault}."
                unreadable.append(Rejection(number, "row_unreadable", reason, payload=row.text[:DEAD_LETTER_BYTES]))
            else:
                events.append(self.shaper.event(row.fields))
                numbers.append(number)
        now_us = timestamps.to_us(clock.now())
        if events:
            limits = bounds()
            request = posthog.parse(msgspec.json.encode(events), self.project.api_token, limits.events)
            entry = validate(request, project_id=self.project.id, path=PATH, clock=Clock(now_us), bounds=limits)
            entry.rejections = [_renumbered(rejection, numbers) for rejection in entry.rejections] + unreadable
        else:
            entry = LogEntry(self.project.id, now_us, PATH, [], [], [], [], [], unreadable)
        entry.is_historical = True
        return entry


def _renumbered(rejection: Rejection, numbers: list[int]) -> Rejection:
    return msgspec.structs.replace(rejection, index=numbers[rejection.index])


def _parts(rows: list[Row]) -> Iterator[list[Row]]:
    """Cut rows so that large ones do not make an entry that no writer can hold."""
    part: list[Row] = []
    size = 0
    for row in rows:
        length = len(row.text) if row.fields is None else len(msgspec.json.encode(row.fields))
        if part and size + length > _BATCH_BYTES:
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    yield part
