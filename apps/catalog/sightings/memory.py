"""A writer's memory: what has to be written down of a batch, and what it wrote already.

A row is written when something is new, and when it was seen more than a minute (of the events' own time) before or
after what the last row of it said. Rows hold only an earliest and a latest time, so writing one twice changes nothing.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from apps.catalog.contracts import PropertyType, Scope
from apps.catalog.sightings.looks import Looks, Pair

MINUTE_US: Final = 60_000_000
_DAY_US: Final = 86_400 * 1_000_000
FORGET_SECONDS: Final = 60.0
"""How long looks at an event are believed; then its properties are looked at anew."""

RELOAD_SECONDS: Final = 600.0
"""How long the names a project is known to have are believed; other writers add some too."""

RETRY_SECONDS: Final = 30.0
"""How long without them, when they could not be asked for."""

_MOST_LOOKS: Final = 5_000
"""Of 14 kB each, mostly the struct."""
_MOST_NOTES: Final = 500_000
_MOST_PROJECTS: Final = 2_000

Added = Mapping[str, object]
"""Properties by name, with values that are JSON; what is none, such as the mark of something taken away, is skipped."""

EventRow = tuple[int, str, int, int]
"""Project, event, first and last seen in microseconds since 1970."""

PropertyRow = tuple[int, Scope, str, str, PropertyType, int, int]
"""Project, scope, carrier (event or group type), property, type, first and last seen."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many different names a project may have."""

    events: int
    properties: int


@dataclass(slots=True)
class Known:
    """The names a project has already."""

    events: set[str] = field(default_factory=set)
    properties: set[tuple[Scope, str]] = field(default_factory=set)


@dataclass(slots=True)
class Rows:
    """What is to be written, and how often each project was refused a name since it has too many."""

    events: list[EventRow] = field(default_factory=list)
    properties: list[PropertyRow] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Kind:
    """The events of one name on one day: their looks, and the range of time all of which is written."""

    looks: Looks
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """Some events of one kind: when, what they said, and what is put to them."""

    moments: Sequence[int]
    texts: Sequence[bytes]
    added: Sequence[Added | None]


def _by_day(places: Sequence[int], moments: Sequence[int]) -> dict[int, list[int]]:
    days: defaultdict[int, list[int]] = defaultdict(list)
    for place in places:
        days[moments[place] // _DAY_US].append(place)
    return days


class Sightings:
    """The memory of one writer; not for use by two threads at once."""

    def __init__(self, limits: Limits, load: Callable[[int], Known | None]) -> None:
        """Take the limits of a project, and what tells the names one has already; None when it cannot."""
        self._limits = limits
        self._load = load
        self._kinds: dict[tuple[int, str, int], _Kind] = {}
        self._notes: dict[tuple[object, ...], list[int]] = {}
        self._known: dict[int, tuple[Known, float]] = {}
        self._forget_at = 0.0

    def see(
        self,
        projects: Sequence[int],
        events: Sequence[str],
        moments: Sequence[int],
        texts: Sequence[bytes],
        added: Sequence[Added | None] = (),
    ) -> Rows:
        """Look at events, given as columns, and give what has to be written of them.

        `texts` are the properties as sent, `added` what is put to them on the way, when anything is.
        """
        self._forget()
        rows = Rows()
        places: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
        for place, key in enumerate(zip(projects, events, strict=True)):
            places[key].append(place)
        for (project_id, event), those in places.items():
            if not project_id:
                continue  # the canary belongs to nobody
            stamps = [moments[place] for place in those]
            days = {min(stamps) // _DAY_US: those}
            if max(stamps) // _DAY_US not in days:
                days = _by_day(those, moments)
            for day, of_day in days.items():
                seen = _Seen(
                    [moments[place] for place in of_day],
                    [texts[place] for place in of_day],
                    [added[place] for place in of_day] if added else (),
                )
                self._see_kind((project_id, event, day), seen, rows)
        return rows

    def _see_kind(self, key: tuple[int, str, int], seen: _Seen, rows: Rows) -> None:
        project_id, event, _ = key
        first, last = min(seen.moments), max(seen.moments)
        if not self._note_event(project_id, event, first, last, rows):
            return
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _Kind(Looks(event), first, last)
        looks = kind.looks
        looks.look(seen.texts, seen.moments)
        stride = looks.stride
        for added, moment in zip(seen.added[::stride], seen.moments[::stride], strict=False):
            if added is not None:
                looks.look_at_added(added, moment)
        if looks.changed or first < kind.first - MINUTE_US or last > kind.last + MINUTE_US:
            kind.first, kind.last = min(first, kind.first), max(last, kind.last)
            always = set(looks.always())
            for pair in always | looks.changed:
                spread = (kind.first, kind.last) if pair in always else looks.range_of(pair)
                self._note_property(project_id, event, pair, spread, rows)
            looks.changed.clear()

    def _note_event(self, project_id: int, event: str, first: int, last: int, rows: Rows) -> bool:
        """Say whether the project may have this event; write it down if that is due."""
        key = (project_id, event)
        if self._is_noted(key, first, last):
            return True
        known = self._names(project_id)
        if event not in known.events:
            if len(known.events) >= self._limits.events:
                rows.refused[project_id] = rows.refused.get(project_id, 0) + 1
                return False
            known.events.add(event)
        rows.events.append((project_id, event, *self._widen(key, first, last)))
        return True

    def _note_property(self, project_id: int, event: str, pair: Pair, spread: tuple[int, int], rows: Rows) -> None:
        scope, group_type, name, kind = pair
        carrier = event if scope is Scope.EVENT else group_type
        key = (project_id, scope, carrier, name, kind)
        if self._is_noted(key, *spread):
            return
        known, named = self._names(project_id), (scope, name)
        if named not in known.properties:
            if len(known.properties) >= self._limits.properties:
                rows.refused[project_id] = rows.refused.get(project_id, 0) + 1
                return
            known.properties.add(named)
        rows.properties.append((project_id, scope, carrier, name, kind, *self._widen(key, *spread)))

    def _is_noted(self, key: tuple[object, ...], first: int, last: int) -> bool:
        noted = self._notes.get(key)
        return noted is not None and noted[0] - MINUTE_US <= first and last <= noted[1] + MINUTE_US

    def _widen(self, key: tuple[object, ...], first: int, last: int) -> tuple[int, int]:
        noted = self._notes.setdefault(key, [first, last])
        noted[0], noted[1] = min(noted[0], first), max(noted[1], last)
        return noted[0], noted[1]

    def _names(self, project_id: int) -> Known:
        known, until = self._known.get(project_id, (None, 0.0))
        if known is None or time.monotonic() >= until:
            loaded = self._load(project_id)
            seconds = RETRY_SECONDS if loaded is None else RELOAD_SECONDS
            known = loaded or known or Known()
            self._known[project_id] = (known, time.monotonic() + seconds)
        return known

    def _forget(self) -> None:
        """Forget in time, so that memory stays bounded and what stopped being sent stops being believed."""
        now = time.monotonic()
        if now >= self._forget_at or len(self._kinds) > _MOST_LOOKS:
            self._forget_at = now + FORGET_SECONDS
            self._kinds.clear()
        if len(self._known) > _MOST_PROJECTS:
            self._known.clear()
        if len(self._notes) > _MOST_NOTES:
            self._notes.clear()
