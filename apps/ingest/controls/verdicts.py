"""What a project's rules say about a property, by its name alone."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from apps.ingest.controls.names import LONGEST, Names, needle
from apps.ingest.controls.rules import Action

if TYPE_CHECKING:
    from apps.ingest.controls.contracts import Controls

_PERSON_IDS: Final = frozenset({"distinct_id", "$distinct_id", "alias", "$anon_distinct_id"})
IDENTITY: Final = _PERSON_IDS | frozenset({
    "$user_id", "$device_id", "$group_key", "$groups",
    "$session_id", "$window_id", "$ai_trace_id", "$ai_session_id", "$ai_span_id", "$ai_parent_id", "$insert_id",
})  # fmt: skip
"""Names of values that other events refer to: a marker in them would join strangers, so they are hashed instead."""

_REMEMBERED: Final = 4_096


class Verdict(NamedTuple):
    """What happens to a value: an action with its length, hashing where a detector finds something, or nothing."""

    action: Action | None = None
    length: int = 0
    is_identity: bool = False


_NOTHING: Final = Verdict()
_DROP: Final = Verdict(Action.DROP)


class Verdicts:
    """The rules of one project by property name, each asked once and remembered."""

    def __init__(self, controls: "Controls") -> None:
        self._denied = Names(controls.denied_properties)
        # Neighbours with one verdict are looked up at once; their order among others still counts.
        judged = ((Verdict(rule.action, rule.length), rule.match) for rule in controls.masking)
        self._rules = tuple(
            (Names(match for _, match in rules), verdict) for verdict, rules in groupby(judged, key=itemgetter(0))
        )
        self._ruled = Names(rule.match for rule in controls.masking)
        self._known: dict[str, Verdict] = {}
        first = next((verdict for names, verdict in self._rules if "distinct_id" in names), _NOTHING)
        self.hashes_ids = first.action is Action.HASH
        self.has_paths = any("." in text for text in self._texts(controls))
        self.needles = tuple(map(needle, self._texts(controls)))

    @staticmethod
    def _texts(controls: "Controls") -> Iterator[str]:
        yield from controls.denied_properties
        yield from (rule.match for rule in controls.masking)

    def of(self, name: str, path: str = "") -> Verdict:
        """Say what happens to the value of a property, named by itself or by the end of its path from the top."""
        found = self._of(name)
        while found.action is None and len(path) > len(name):
            by_path = self._of(path)
            if by_path.action is not None:
                return by_path
            path = path.partition(".")[2]
        return found

    def _of(self, name: str) -> Verdict:
        known = self._known.get(name)
        if known is None:
            known = self._find(name)
            if len(name) <= LONGEST:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[name] = known
        return known

    def _find(self, name: str) -> Verdict:
        if name in self._denied:
            return _DROP
        found = _NOTHING
        if name in self._ruled:
            found = next((verdict for names, verdict in self._rules if name in names), _NOTHING)
        if self.hashes_ids and name in _PERSON_IDS:
            # An id has one form everywhere, or the events of one person would be torn apart.
            found = Verdict(Action.HASH)
        return found._replace(is_identity=name in IDENTITY)
