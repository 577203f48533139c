"""Send refused events through the door again, after what was wrong has been mended.

A letter goes through the same checks as on its first day, with the clock of that day, so that an `offset` still means
what it meant. An event without an id gets one made of the letter's name: replayed twice, it is counted once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID, uuid5

from apps.accounts import audit
from apps.accounts.contracts import Actor, ProjectContext, Target
from apps.clickhouse import client, tables
from apps.common import clock
from apps.ingest import services, timestamps
from apps.ingest.bounds import bounds
from apps.ingest.contracts import LogEntry, Rejection
from apps.ingest.controls import Facts
from apps.ingest.dead_letters import selectors
from apps.ingest.dead_letters.contracts import ACCEPTED, LIMIT, Letter, Search
from apps.ingest.errors import IngestError
from apps.ingest.normalise import Clock
from apps.ingest.protocols import posthog
from apps.ingest.validation import validate

MOST: Final = 1_000
"""Most letters replayed in one go."""

_PAGES: Final = 20
"""How many pages are looked through for letters that can be replayed."""

NAMESPACE: Final = UUID("0d1d4d51-3b0f-4a6c-9d7b-5f0d5c2a7e11")
"""Never changes: a letter replayed twice must get the same event id."""


@dataclass(slots=True)
class Report:
    """What became of the letters."""

    accepted: int = 0
    refused: list[tuple[Letter, str, str]] = field(default_factory=list)
    """Each with the code and the reason of today."""


def matching(project_id: int, wanted: Search) -> tuple[list[Letter], bool]:
    """Give the newest letters that match and can be replayed, and whether there are more than one go takes."""
    letters: list[Letter] = []
    after = None
    for _ in range(_PAGES):
        page = selectors.search(project_id, wanted, after=after, limit=LIMIT)
        if not page:
            return letters, False
        letters += [letter for letter in page if letter.is_replayable]
        if len(letters) > MOST:
            return letters[:MOST], True
        after = page[-1].name
    return letters, True


def replay(project: ProjectContext, letters: Iterable[Letter], actor: Actor) -> Report:
    """Try letters again; what gets through is in the log when this returns.

    Raises LogUnavailableError when the log takes nothing now; the letters tried by then are marked as such.
    """
    report = Report()
    for _, group in groupby(letters, key=lambda letter: letter.received_at):
        _replay_together(project, list(group), report)
    audit.record(
        actor,
        "dead_letters.replayed",
        Target("project", project.id, project.organization_id, project.id),
        {"accepted": report.accepted, "refused": len(report.refused)},
    )
    return report


def _replay_together(project: ProjectContext, letters: Sequence[Letter], report: Report) -> None:
    """Replay letters of one moment, the events of one request among them."""
    outcomes = {letter.name: ("not_replayable", "The event was not kept whole.") for letter in letters}
    whole = [letter for letter in letters if letter.is_replayable]
    for letter, error in _admit(project, whole):
        outcomes[letter.name] = (error.code, error.reason) if error else (ACCEPTED, "")
    for letter in letters:
        code, reason = outcomes[letter.name]
        if code == ACCEPTED:
            report.accepted += 1
        else:
            report.refused.append((letter, code, reason))
    _mark(project.id, [(letter, outcomes[letter.name][0]) for letter in whole])


def _admit(project: ProjectContext, letters: Sequence[Letter]) -> list[tuple[Letter, Rejection | None]]:
    entries: list[LogEntry] = []
    answers: list[tuple[Letter, Rejection | None]] = []
    for letter in letters:
        answer = _judge(project, letter)
        if isinstance(answer, Rejection):
            answers.append((letter, answer))
        else:
            entries.append(answer)
            answers.append((letter, None))
    if entries and services.admit(project, _joined(entries), Facts(is_trusted=True)).limited:
        limited = Rejection(0, "quota_limited", "The project has no quota left.")
        return [(letter, rejection or limited) for letter, rejection in answers]
    return answers


def _judge(project: ProjectContext, letter: Letter) -> LogEntry | Rejection:
    """Check the event of a letter as if it came today; its sender's clock was never kept, so it is taken as right."""
    received_us = timestamps.to_us(letter.received_at)
    try:
        request = posthog.parse(b"[" + letter.payload.encode() + b"]", project.api_token, 1)
    except IngestError as exc:
        return Rejection(0, exc.code, exc.detail)
    for wire in request.events:
        if wire is None:
            continue
        if not wire.uuid:
            wire.uuid = str(uuid5(NAMESPACE, f"{project.id}:{letter.entry}:{letter.index}"))
        if wire.timestamp is None and wire.offset is None:
            wire.timestamp = letter.received_at.isoformat()
    entry = validate(request, project_id=project.id, path=letter.path, clock=Clock(received_us), bounds=bounds())
    return entry.rejections[0] if entry.rejections else entry


def _joined(entries: Sequence[LogEntry]) -> LogEntry:
    """Make one entry of several that share their moment."""
    first = entries[0]
    for entry in entries[1:]:
        first.uuids += entry.uuids
        first.events += entry.events
        first.distinct_ids += entry.distinct_ids
        first.timestamps_us += entry.timestamps_us
        first.properties += entry.properties
    return first


def _mark(project_id: int, outcomes: Sequence[tuple[Letter, str]]) -> None:
    """Write the letters once more with what became of them; the newer row replaces the older."""
    now = clock.now()
    letters = [letter for letter, _ in outcomes]
    client.insert(
        tables.DEAD_LETTERS,
        {
            "project_id": [project_id] * len(letters),
            **{name: [getattr(letter, name) for letter in letters] for name in _COPIED},
            "replayed_at": [now] * len(letters),
            "outcome": [outcome for _, outcome in outcomes],
        },
    )


_COPIED: Final = (
    "received_at",
    "entry",
    "index",
    "code",
    "reason",
    "event",
    "distinct_id",
    "payload",
    "path",
)
