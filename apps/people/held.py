"""The properties of a person or group, in the order of the events' own times, whatever order they arrive in.

For each key it is kept what holds, which of `$set` and `$set_once` said so and when, and when the key was last unset.
With that, a change that comes late finds its place: the outcome is that of all changes applied in the order of their
stamps. One case needs more memory than this: a `$set_once` that was passed over because the key had a value is
forgotten, so an `$unset` that arrives late and falls before it leaves the key empty until the next `$set_once`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw

NOTHING, SET, ONCE = 0, 1, 2
"""What gave a key its value."""

NEVER: Final = ""
"""A stamp before all others."""


class Held(NamedTuple):
    """One key: its value as JSON text, what gave it and when, and when it was last unset."""

    value: bytes
    kind: int
    stamp: str
    unset: str = NEVER

    @property
    def is_alive(self) -> bool:
        """Whether the key has a value: it was given one after it was last unset."""
        return self.kind != NOTHING


_EMPTY: Final = Held(b"", NOTHING, NEVER)

Properties = Mapping[str, Held]
"""All keys of a person or group, those unset among them."""


BARE: Final = (b"{}", b'[[""],{}]')
"""No properties at all, encoded."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one event says about properties: values as JSON text, and a stamp that orders it among all events."""

    stamp: str
    set: Mapping[str, bytes] = field(default_factory=dict)
    once: Mapping[str, bytes] = field(default_factory=dict)
    unset: Sequence[str] = ()

    @property
    def size(self) -> int:
        """How many bytes it can add, about."""
        return sum(map(len, (*self.set, *self.set.values(), *self.once, *self.once.values(), *self.unset)))


def stamp(timestamp_us: int, uuid: str) -> str:
    """Make the stamp of an event: its time and, among events of one moment, its id. Compares as text."""
    return f"{timestamp_us:016x}{uuid.replace('-', '')}"


def changed(properties: Properties, change: Change) -> Properties:
    """Give the properties with a change in its place; the very same object when nothing is different.

    Within one event `$set` wins over `$set_once`, and `$unset` over both.
    """
    news: dict[str, Held] = {}
    for kind, given in ((ONCE, change.once), (SET, change.set)):
        for key, value in given.items():
            before = properties.get(key)
            if before is None:
                news[key] = Held(value, kind, change.stamp)
            elif _takes(before, kind, change.stamp):
                news[key] = Held(value, kind, change.stamp, before.unset)
    for key in change.unset:
        before = news.get(key) or properties.get(key) or _EMPTY
        if change.stamp > before.unset:
            gone = change.stamp >= before.stamp
            news[key] = _EMPTY._replace(unset=change.stamp) if gone else before._replace(unset=change.stamp)
    return {**properties, **news} if news else properties


def overlaid(source: Properties, target: Properties) -> Properties:
    """Give the properties of two persons that become one: what the target has holds.

    It holds against all that either was told before, should that be told again.
    """
    return {**target, **{key: _overlaid(held, target.get(key)) for key, held in source.items()}}


def values(properties: Properties) -> dict[str, Raw]:
    """Give what holds, by key."""
    return {key: Raw(held.value) for key, held in properties.items() if held.is_alive}


def encode(properties: Properties) -> tuple[bytes, bytes]:
    """Give what holds as a JSON object, and beside it what else must be remembered; `decode` takes both back."""
    if not properties:
        return BARE
    stamps: dict[str, int] = {NEVER: 0}
    marks = {
        key: [held.kind, stamps.setdefault(held.stamp, len(stamps)), stamps.setdefault(held.unset, len(stamps))]
        for key, held in properties.items()
    }
    return _encode(values(properties)), _encode([list(stamps), marks])


def decode(shown: bytes | str, remembered: bytes | str) -> Properties:
    """Read what `encode` gave."""
    found = msgspec.json.decode(shown, type=dict[str, Raw])
    stamps, marks = msgspec.json.decode(remembered, type=tuple[list[str], dict[str, tuple[int, int, int]]])
    return {
        key: Held(bytes(found.get(key, b"")), kind, stamps[when], stamps[gone])
        for key, (kind, when, gone) in marks.items()
    }


def _takes(before: Held, kind: int, when: str) -> bool:
    """Say whether a value that `$set` or `$set_once` gives takes the place of what is there."""
    if when <= before.unset:
        return False
    if not before.is_alive:
        return True
    if kind == SET:
        return before.kind == ONCE or when > before.stamp
    return before.kind == ONCE and when < before.stamp


def _overlaid(source: Held, target: Held | None) -> Held:
    if target is None:
        return source
    unset = max(source.unset, target.unset)
    if not (source.is_alive and target.is_alive):
        return (target if target.is_alive else source)._replace(unset=unset)
    if source.kind == target.kind:
        latest = max(source.stamp, target.stamp) if target.kind == SET else min(source.stamp, target.stamp)
        return Held(target.value, target.kind, latest, unset)
    return Held(target.value, SET, source.stamp if source.kind == SET else target.stamp, unset)


def _encode(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    return msgspec.json.encode(value)
