"""Groups of a project (companies, teams): the five types in order of first use, and what is known of each group."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from apps.people import held
from apps.people.acts import GroupAct
from apps.people.graph import MOST_BYTES, PersonWarning, size_of
from apps.people.mirrors import Mirrors
from apps.people.models import Group, GroupType

Place = tuple[int, int, str]
"""A group: its project, the index of its type, its key."""

MOST_TYPES: Final = 5
TOO_MANY: Final = "too_many_group_types"
"""The warning of an event with a group of a sixth type."""

_AT_ONCE: Final = 1_000
"""How many rows one statement reads or writes."""


def types_of(project_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Give the group types of projects: index by name."""
    found: dict[int, dict[str, int]] = {project_id: {} for project_id in project_ids}
    if not found:
        return found
    for row in GroupType.objects.filter(project_id__in=found):
        found[row.project_id][row.name] = row.index
    return found


def register(wanted: Sequence[tuple[int, str]], project_ids: Iterable[int] = ()) -> dict[int, dict[str, int]]:
    """Give each new type the next free index, in the order they come; a sixth gets none. Holds the project's lock.

    Gives the types of all projects concerned.
    """
    known = types_of({project_id for project_id, _ in wanted} | set(project_ids))
    for project_id, name in wanted:
        types = known[project_id]
        if name not in types and len(types) < MOST_TYPES:
            types[name] = len(types)
            GroupType.objects.create(project_id=project_id, name=name, index=types[name])
    return known


def load(acts: Sequence[GroupAct], types: dict[int, dict[str, int]]) -> dict[Place, Group]:
    """Read the groups that events describe, as far as they are known. Holds the project's lock."""
    wanted = sorted({place for act in acts if (place := place_of(act, types)) is not None})
    found: dict[Place, Group] = {}
    for (project_id, index), group in groupby(wanted, key=lambda place: place[:2]):
        keys = [key for _, _, key in group]
        for start in range(0, len(keys), _AT_ONCE):
            for row in Group.objects.filter(project_id=project_id, index=index, key__in=keys[start : start + _AT_ONCE]):
                found[project_id, index, row.key] = row
    return found


def describe(
    acts: Sequence[GroupAct], types: dict[int, dict[str, int]], known: dict[Place, Group], mirrors: Mirrors
) -> list[tuple[int, str]]:
    """Write what events say about groups; gives warnings by row. Holds the project's lock."""
    warnings: list[tuple[int, str]] = []
    changed: dict[Place, held.Properties] = {}
    for act in sorted(acts, key=lambda each: (each.timestamp_us, each.row)):
        place = place_of(act, types)
        if place is None:
            warnings.append((act.row, TOO_MANY))
            continue
        if place not in known:
            project_id, index, key = place
            known[place] = Group(project_id=project_id, index=index, key=key, created_us=act.timestamp_us)
            changed[place] = {}
        row = known[place]
        before = changed[place] if place in changed else held.decode(row.properties, row.history)
        after = held.changed(before, act.change)
        if after is not before and size_of(after) > MOST_BYTES:
            warnings.append((act.row, str(PersonWarning.TOO_LARGE)))
        elif after is not before:
            changed[place] = after
    _write({place: known[place] for place in sorted(changed)}, changed, mirrors)
    return warnings


def place_of(act: GroupAct, types: dict[int, dict[str, int]]) -> Place | None:
    """Name the group an event describes; None when its type is one too many."""
    index = types[act.project_id].get(act.kind)
    return None if index is None else (act.project_id, index, act.key)


def _write(rows: dict[Place, Group], changed: dict[Place, held.Properties], mirrors: Mirrors) -> None:
    for place, row in rows.items():
        shown, history = held.encode(changed[place])
        row.properties, row.history, row.version = shown.decode(), history.decode(), mirrors.version
        mirrors.add_group(*place, row.created_us, row.properties)
    new, old = [row for row in rows.values() if row.pk is None], [row for row in rows.values() if row.pk is not None]
    Group.objects.bulk_create(new, batch_size=_AT_ONCE)
    Group.objects.bulk_update(old, ["properties", "history", "version"], batch_size=_AT_ONCE)
