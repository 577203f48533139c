"""What a batch asks for beyond what memory answers: persons to make, to merge and to change, groups to describe."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from apps.ingest.batch import EventBatch
from apps.people.acts import (
    GROUP_IDENTIFY,
    NEED_PERSONS,
    GroupAct,
    PersonAct,
    group_act,
    groups_of,
    is_personless,
    person_act,
)
from apps.people.graph import Key
from apps.people.groups import MOST_TYPES
from apps.people.memory import memory

PERSONLESS: Final = "person_processing_required"
"""The dead-letter code of an event about persons that wants no person processing."""


@dataclass(slots=True)
class Agenda:
    """The work of one batch, in no particular order."""

    persons: list[PersonAct] = field(default_factory=list)
    groups: list[GroupAct] = field(default_factory=list)
    types: dict[tuple[int, str], int] = field(default_factory=dict)
    """Group types that memory does not know, with when each first occurs."""
    groups_of_rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    strangers: list[Key] = field(default_factory=list)
    """Ids that lead to no person and want none."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing has to be written."""
        return not (self.persons or self.groups or self.types)

    @property
    def keys(self) -> set[Key]:
        """All distinct ids the work is about."""
        others = {act.other for act in self.persons if act.other is not None}
        return others | {act.key for act in self.persons}


def with_needed_persons(batch: EventBatch, rows: Sequence[int]) -> list[int]:
    """Refuse events that are about persons and yet want none; gives the rows that remain."""
    kept = []
    for row in rows:
        if batch.events[row] in NEED_PERSONS and is_personless(batch, row):
            reason = f"A {batch.events[row]} cannot be sent with $process_person_profile: false."
            batch.refuse(row, PERSONLESS, reason)
        else:
            kept.append(row)
    return kept


def read(batch: EventBatch, keys: Sequence[Key], found: Sequence[str | None], rows: Sequence[int]) -> Agenda:
    """Read the work off the events; `found` are the persons as far as they are known."""
    agenda = Agenda()
    firsts = _firsts(batch, keys, found, rows)
    wanted = set(firsts.values())
    for row in rows:
        _note_groups(agenda, batch, row)
        if batch.events[row] == GROUP_IDENTIFY:
            described = group_act(batch, row)
            if described is not None:
                agenda.groups.append(described)
                _want_type(agenda, described.project_id, described.kind, described.timestamp_us)
        elif not is_personless(batch, row):
            act = person_act(batch, row, is_new=row in wanted)
            if act is not None:
                agenda.persons.append(act)
    agenda.strangers = [keys[row] for row in rows if found[row] is None and keys[row] not in firsts]
    return agenda


def _firsts(batch: EventBatch, keys: Sequence[Key], found: Sequence[str | None], rows: Sequence[int]) -> dict[Key, int]:
    """Find the earliest event of each id that has no person yet and wants one; a group is described by nobody."""
    firsts: dict[Key, int] = {}
    for row in rows:
        if found[row] is None and batch.events[row] != GROUP_IDENTIFY and not is_personless(batch, row):
            first = firsts.setdefault(keys[row], row)
            if batch.timestamps_us[row] < batch.timestamps_us[first]:
                firsts[keys[row]] = row
    return firsts


def _note_groups(agenda: Agenda, batch: EventBatch, row: int) -> None:
    if not batch.peeks[row].groups:
        return
    groups = groups_of(batch, row)
    if groups:
        agenda.groups_of_rows.append((row, groups))
        for kind in groups:
            _want_type(agenda, batch.project_ids[row], kind, batch.timestamps_us[row])


def _want_type(agenda: Agenda, project_id: int, kind: str, timestamp_us: int) -> None:
    """Ask for a group type, unless memory knows it or knows that there is no place left."""
    known = memory.group_types.get(project_id)
    if known is None or (kind not in known and len(known) < MOST_TYPES):
        first = agenda.types.get((project_id, kind), timestamp_us)
        agenda.types[project_id, kind] = min(first, timestamp_us)
