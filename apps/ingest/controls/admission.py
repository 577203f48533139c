"""The one choke point: what a project's rules do to a request's events before anything of them is stored.

Every way in passes here: capture in both formats, AI batches and parts, OTLP, recordings, imports, replays of refused
events. What comes out goes to the event log, so neither it nor what is behind it (events, dead letters, recordings)
ever holds what the rules keep out. A project without rules pays a look-up and one search an event.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from apps.accounts.contracts import ProjectContext
from apps.ingest.contracts import LogEntry, Recording, Rejection
from apps.ingest.controls import cookieless, quota, snapshots
from apps.ingest.controls.contracts import Controls, Facts, Outcome
from apps.ingest.controls.errors import ForbiddenOriginError
from apps.ingest.controls.masking import WITHHELD, Masker
from apps.ingest.controls.rules import PromptPolicy
from apps.ingest.controls.selectors import for_project
from apps.ingest.controls.tallies import tallies

IDENTITY_EVENTS: Final = frozenset({"$identify", "$create_alias", "$merge_dangerously", "$set", "$groupidentify"})
"""Events that say who is who: never sampled away, or the events that stay would belong to nobody."""

_ANYBODY: Final = Facts()
_NOTHING: Final = Outcome()
_NO_NAMES: Final[tuple[str, ...]] = ()
_BUCKETS: Final = 1 << 32


class _Counts(dict[str, int]):
    """What the rules did to one request."""

    __slots__ = ()

    def note(self, kind: str, count: int = 1) -> None:
        self[kind] = self.get(kind, 0) + count


class _Sent(NamedTuple):
    """What a request held before any rule was applied."""

    uuids: Sequence[str]
    rejections: Sequence[Rejection]


def apply(project: ProjectContext, entry: LogEntry, facts: Facts = _ANYBODY) -> Outcome:
    """Apply a project's rules to what came in for it, in place.

    Raises ForbiddenOriginError for a page that may not send, LimitError as `Facts.all_or_nothing` asks for it, and
    LogUnavailableError when a rule needs Valkey and it is away; then nothing was kept.
    """
    if not project.id:
        return _NOTHING
    controls = for_project(project.id)
    counts = _Counts()
    charged, limited = 0, _NO_NAMES
    sent = _Sent(entry.uuids, entry.rejections)
    if facts.origin and not facts.is_trusted and not controls.origins.allow(facts.origin):
        raise ForbiddenOriginError("Pages of this origin may not send to this project.", attr="Origin")
    if controls.denied_events:
        allowed = [row for row, name in enumerate(entry.events) if name not in controls.events]
        _keep(entry, allowed, counts, "denied_events")
    if not facts.is_trusted:
        if cookieless.concerns(entry):
            _count_without_cookies(entry, controls, sent, counts)
        if controls.sampling < 1:
            _sample(entry, controls, counts)
        charged, limited = _limit(entry, controls, facts, counts)
    if controls.rewrites:
        _rewrite(entry, controls, sent, counts)
    _count(entry, counts)
    return Outcome(limited, charged) if charged or limited else _NOTHING


def take_back(entry: LogEntry, outcome: Outcome) -> None:
    """Undo what was charged for an entry that could not be logged."""
    if outcome.charged:
        quota.give_back(entry.project_id, outcome.charged)


def _rewrite(entry: LogEntry, controls: Controls, sent: _Sent, counts: _Counts) -> None:
    """Apply the privacy rules to everything in an entry that is stored."""
    masker = controls.masker
    if masker.acts_on_events:
        unreadable = []
        for row, raw in enumerate(entry.properties):
            try:
                entry.properties[row] = masker.properties(entry.events[row], raw, counts)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                unreadable.append(row)
        if unreadable:
            _refuse(entry, [_unreadable(entry, row) for row in unreadable], sent)
            _keep(entry, [row for row in range(len(entry)) if row not in set(unreadable)], counts, "withheld")
        if masker.reads([*entry.events, *entry.distinct_ids]):
            entry.events = [masker.name(name, counts) for name in entry.events]
            entry.distinct_ids = [masker.identity(who, counts) for who in entry.distinct_ids]
    if entry.rejections:
        entry.rejections = [_rejection(each, masker, counts) for each in entry.rejections]
    if entry.recordings:
        entry.recordings = _recordings(entry.recordings, controls, masker, counts)


def _unreadable(entry: LogEntry, row: int) -> Rejection:
    return Rejection(
        row,
        "privacy_unreadable",
        "The properties cannot be read, so the project's privacy rules could not be applied.",
        entry.events[row],
        entry.distinct_ids[row],
        WITHHELD,
        "properties",
    )


def _refuse(entry: LogEntry, refusals: Sequence[Rejection], sent: _Sent) -> None:
    """Make dead letters of rows, under the place each event had in the request."""
    taken = {rejection.index for rejection in sent.rejections}
    places = [place for place in range(len(sent.uuids) + len(taken)) if place not in taken]
    place_of = dict(zip(sent.uuids, places, strict=False))
    entry.rejections = [
        *entry.rejections,
        *(msgspec.structs.replace(each, index=place_of[entry.uuids[each.index]]) for each in refusals),
    ]


def _count_without_cookies(entry: LogEntry, controls: Controls, sent: _Sent, counts: _Counts) -> None:
    judgement = cookieless.apply(entry, controls)
    if judgement.rejections:
        _refuse(entry, judgement.rejections, sent)
        counts.note("cookieless", -len(judgement.rejections))
    _keep(entry, judgement.rows, counts, "cookieless")


def _rejection(rejection: Rejection, masker: Masker, counts: _Counts) -> Rejection:
    return msgspec.structs.replace(
        rejection,
        event=masker.name(rejection.event, counts),
        distinct_id=masker.identity(rejection.distinct_id, counts) if rejection.distinct_id else "",
        payload=masker.payload(rejection.payload, counts),
    )


def _recordings(
    recordings: Sequence[Recording], controls: Controls, masker: Masker, counts: _Counts
) -> list[Recording]:
    """Mask recordings; under the policy `metadata` none is taken, since a film of the page shows every prompt on it."""
    if controls.prompt_policy is PromptPolicy.METADATA:
        counts.note("recordings_refused", len(recordings))
        return []
    detectors = masker.in_prompts
    kept: list[Recording] = []
    for recording in recordings:
        data = recording.data
        if detectors:
            try:
                data = snapshots.clean(data, detectors)
            except snapshots.UnreadableSnapshotError:
                counts.note("recordings_refused")
                continue
            counts.note("masked_values", int(data != recording.data))
        kept.append(
            msgspec.structs.replace(recording, data=data, distinct_id=masker.identity(recording.distinct_id, counts))
        )
    return kept


def _sample(entry: LogEntry, controls: Controls, counts: _Counts) -> None:
    below, salt = controls.sampling * _BUCKETS, f"{controls.project_id}:"
    rows = [
        row
        for row, (name, who) in enumerate(zip(entry.events, entry.distinct_ids, strict=True))
        if name in IDENTITY_EVENTS or crc32((salt + who).encode(errors="replace")) < below
    ]
    _keep(entry, rows, counts, "sampled")


def _limit(entry: LogEntry, controls: Controls, facts: Facts, counts: _Counts) -> tuple[int, tuple[str, ...]]:
    """Leave as many events and pieces of recordings as there is room for."""
    wanted = len(entry) + len(entry.recordings)
    if not controls.is_limited or entry.is_historical:
        return 0, ()
    # What is refused takes room as well while there is none: else it would be a way around.
    asked = wanted or len(entry.rejections)
    room = quota.take(controls, asked, all_or_nothing=facts.all_or_nothing)
    # Only a quota keeps a count of what was let in; without one there is nothing to give back.
    charged = 0 if controls.monthly_quota is None else room.count
    if room.count == asked:
        return charged, ()
    limited = ("recordings",) if entry.recordings else ("events",)
    if not room.count:
        entry.rejections = []
    if not wanted:
        entry.rejections = entry.rejections[: room.count]
        return charged, limited
    recordings = entry.recordings[: max(room.count - len(entry), 0)]
    counts.note(room.over, len(entry.recordings) - len(recordings))
    entry.recordings = recordings
    _keep(entry, range(min(room.count, len(entry))), counts, room.over)
    return charged, limited


def _keep(entry: LogEntry, rows: Sequence[int], counts: _Counts, kind: str) -> None:
    """Leave only some rows, and count the others."""
    if len(rows) == len(entry):
        return
    counts.note(kind, len(entry) - len(rows))
    for column in ("uuids", "events", "distinct_ids", "timestamps_us", "properties"):
        values = getattr(entry, column)
        setattr(entry, column, [values[row] for row in rows])


def _count(entry: LogEntry, counts: _Counts) -> None:
    counts.note("historical" if entry.is_historical else "events", len(entry.uuids))
    if entry.recordings:
        counts.note("recordings", len(entry.recordings))
    tallies.add(entry.project_id, counts)
