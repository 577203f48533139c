"""What events say about persons and groups, read off a batch: the input of `graph.py` and `groups.py`."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Raw

from apps.ingest.batch import REMOVED, EventBatch
from apps.ingest.peek import Peek
from apps.people.derived import derived, is_automatic, members, opened
from apps.people.graph import Key
from apps.people.held import Change, stamp

MERGES: Final = {"$identify": "$anon_distinct_id", "$create_alias": "alias", "$merge_dangerously": "alias"}
"""Events that merge, and the property that holds the other id."""

GROUP_IDENTIFY: Final = "$groupidentify"
NEED_PERSONS: Final = frozenset({*MERGES, GROUP_IDENTIFY})
"""Events that make no sense without person processing."""

_ALWAYS: Final = frozenset({*MERGES, "$set"})
"""Events that are about the person, so whatever they carry is written."""

SPEAKING: Final = NEED_PERSONS | _ALWAYS
"""Events whose name alone says that they concern persons or groups."""

SILENT: Final = frozenset({"$$heatmap", "$exception"})
"""Events that never change a person."""

_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_LENGTH: Final = 200
_GROUP_KEY_LENGTH: Final = 400


@dataclass(frozen=True, slots=True)
class PersonAct:
    """One event that concerns persons: who, when, whom to merge in, what to change."""

    row: int
    key: Key
    timestamp_us: int
    other: Key | None = None
    dangerously: bool = False
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class GroupAct:
    """One event that describes a group."""

    row: int
    project_id: int
    timestamp_us: int
    kind: str
    key: str
    change: Change


def is_personless(batch: EventBatch, row: int) -> bool:
    """Say whether the sender wants no person for an event."""
    return batch.peeks[row].process_person_profile is False


def says_of_person(peek: Peek) -> bool:
    """Say whether an event carries person properties that its app chose, beyond what an SDK adds to every event."""
    return bool(peek.unset) or not all(is_automatic(bytes(text)) for text in (peek.set, peek.set_once) if text)


def person_act(batch: EventBatch, row: int, *, is_new: bool) -> PersonAct | None:
    """Read what an event says about its person; None when that changes nothing.

    Of a person who is known already, events that are not about the person only count with properties the app itself
    chose: those an SDK adds to every event would mean a write for every event.
    """
    peek, name = batch.peeks[row], batch.events[row]
    if name in SILENT:
        return PersonAct(row, _key(batch, row), batch.timestamps_us[row]) if is_new else None
    if not (is_new or name in _ALWAYS or says_of_person(peek)):
        return None
    properties = _properties(batch, row)
    latest, first = derived(properties)
    given, once, unset = latest | members(peek.set), first | members(peek.set_once), _unset(peek.unset)
    change = None
    if given or once or unset:
        change = Change(stamp(batch.timestamps_us[row], batch.uuids[row]), given, once, unset)
    other = id_of(properties.get(MERGES[name])) if name in MERGES else None
    return PersonAct(
        row,
        _key(batch, row),
        batch.timestamps_us[row],
        None if other is None else (batch.project_ids[row], other),
        name == "$merge_dangerously",
        change,
    )


def group_act(batch: EventBatch, row: int) -> GroupAct | None:
    """Read a `$groupidentify`; None when it names no group."""
    properties = _properties(batch, row)
    kind, key = id_of(properties.get("$group_type")), id_of(properties.get("$group_key"), most=_GROUP_KEY_LENGTH)
    if not kind or not key:
        return None
    when = batch.timestamps_us[row]
    change = Change(stamp(when, batch.uuids[row]), members(properties.get("$group_set", b"")))
    return GroupAct(row, batch.project_ids[row], when, kind, key, change)


def groups_of(batch: EventBatch, row: int) -> dict[str, str]:
    """Read the groups an event happened in: key by type."""
    found = opened(batch.peeks[row].groups)
    keys = {
        kind[:_LENGTH].strip().replace("\0", _REPLACEMENT): id_of(value, most=_GROUP_KEY_LENGTH)
        for kind, value in found.items()
    }
    return {kind: key for kind, key in keys.items() if kind and key}


def id_of(value: bytes | Raw | None, *, most: int = _LENGTH) -> str | None:
    """Read an id as the door reads distinct ids: text as it is, anything else as its JSON; None for null."""
    if not value:
        return None
    try:
        found: Any = msgspec.json.decode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if found is None:
        return None
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    return text.replace("\0", _REPLACEMENT)[:most]


def _key(batch: EventBatch, row: int) -> Key:
    return batch.project_ids[row], batch.distinct_ids[row]


def _properties(batch: EventBatch, row: int) -> dict[str, Raw]:
    """Give an event's properties by name, what earlier steps did included."""
    found = opened(batch.properties[row])
    for name, value in (batch.changes[row] or {}).items():
        if value is REMOVED:
            found.pop(name, None)
        else:
            found[name] = Raw(msgspec.json.encode(value))
    return found


def _unset(text: Raw) -> tuple[str, ...]:
    """Read the keys of `$unset`: a list of them, or the keys of an object."""
    if not text:
        return ()
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ()
    return tuple(key for key in found if isinstance(key, str)) if isinstance(found, list | dict) else ()
