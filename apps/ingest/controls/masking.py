"""Rewrite what an event says by the rules of its project, touching only what a rule reaches.

An event is looked at as bytes first, by one automaton made of everything the project's rules could mean; nearly all
pass that unparsed. Of the others only the members that are suspect are decoded, so all the rest stays the bytes it was.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

import msgspec
import re2
from msgspec import Raw

from apps.ingest.bounds import NAME_LENGTH
from apps.ingest.controls import content, hashing
from apps.ingest.controls.addresses import hidden
from apps.ingest.controls.detectors import CARD, EMAIL, JWT, SECRET, Detectors, automaton
from apps.ingest.controls.rules import Action, IpPolicy, PromptPolicy
from apps.ingest.controls.verdicts import Verdict, Verdicts

if TYPE_CHECKING:
    from apps.ingest.controls.contracts import Controls

Json: TypeAlias = Any
"""A sender's JSON value: anything."""

_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
_ESCAPED_ASCII: Final = r"\\u(?:00(?:[0-7]|[aA]0)|[fF][fF]|3000)"
"""ASCII, and what the detectors read like it: the blank that does not break, and full width."""
_JSON_TEXT: Final = r'"(?: |\\[nrt])*[{\[]'
"""A text that itself begins like JSON: its names stand between escaped quotes, where no needle of a rule finds them."""
_NO_EVENT: Final = r'"(?:event"\s*:\s*(?:"\s*"|[^"\s])|(?:properties|\$set|\$set_once)"\s*:\s*[^{\sn])'
"""A refused event without a name, or whose properties are no object: names say nothing about it for sure."""
_NAME_IN_TEXT: Final = re.compile(r'"((?:[^"\\]|\\.){1,200})"\s{0,20}:')
_LONGEST_JSON_TEXT: Final = 1 << 20
_UNCLEAN: Final = "[withheld]"
"""Stands for a text that looks like JSON, cannot be read, and has a name in it that a rule is about."""
_TEXT_OR_MORE: Final = (b'"', b"{", b"[")
_IN_PROMPTS: Final = (EMAIL, CARD, SECRET, JWT)
"""What the policy `mask` looks for in prompts, whatever is switched on for the rest."""
_BRACKETS: Final = frozenset("{[")
_SHORTEST: Final = 5
"""No JSON text of fewer bytes holds anything a detector finds, or a member."""
_REMEMBERED: Final = 4_096
_GONE: Final = object()
_PERSON: Final = ("distinct_id", "$distinct_id")
_PROPERTIES: Final = ("properties", "$set", "$set_once")
_ENVELOPE: Final = frozenset({
    "event", "distinct_id", "$distinct_id", "uuid", "timestamp", "offset", "properties", "$set", "$set_once", "$unset",
    "api_key", "token", "$token", "type", "library", "library_version", "messageId", "sent_at",
})  # fmt: skip
"""Members of an event that are no properties."""
WITHHELD: Final = b'{"withheld": "This could not be read, so the project\'s privacy rules could not be applied to it."}'


class Counts(Protocol):
    """Where it is noted how often a rule acted."""

    def note(self, kind: str, count: int = 1) -> None:
        """Count something."""


class _Uncounted:
    def note(self, kind: str, count: int = 1) -> None:
        """Count nothing: what was tried only to see whether a rule would act."""


class _Place(NamedTuple):
    """What applies where a value stands.

    `hides` says that content goes, `is_ai` that it may have any name there, `is_identity` that other events refer to
    the value.
    """

    detectors: Detectors
    hides: bool
    is_ai: bool
    is_identity: bool = False


class Masker:
    """One project's rules, ready to be applied."""

    def __init__(self, controls: "Controls") -> None:
        self._hash_key = controls.hash_key
        self._clean_names: set[str] = set()
        self._policy = controls.prompt_policy
        self._ip_policy = controls.ip_policy
        self._verdicts = Verdicts(controls)
        self._detectors = Detectors(controls.detectors)
        self.in_prompts = self._detectors
        if self._policy is PromptPolicy.MASK:
            self.in_prompts = Detectors({*_IN_PROMPTS, *controls.detectors})
        acts_on_events = bool(self._verdicts.needles or self.in_prompts or self._policy is PromptPolicy.METADATA)
        self.acts_on_events = acts_on_events
        hides = self._policy is PromptPolicy.METADATA
        self._in_ai = _Place(self.in_prompts, hides, is_ai=True)
        self._elsewhere = _Place(self._detectors, hides, is_ai=False)
        # An id has one form everywhere, so what is in it is judged alike on all events.
        self._of_ids = self._in_ai._replace(detectors=self._detectors)
        self._name_look = automaton(self._detectors.looks) if self._detectors else None
        self.rewrites = controls.rewrites
        self._knows_names = bool(self._verdicts.needles) or self._policy is PromptPolicy.METADATA
        self._event_look = self._look() if acts_on_events else None
        self._dead_look = None
        if self._policy is not PromptPolicy.METADATA:
            self._dead_look = self._look(
                r"\$ip" if self._ip_policy is not IpPolicy.KEEP else None,
                _NO_EVENT if self._knows_names else None,
            )

    def _look(self, *more: str | None) -> Any:  # noqa: ANN401 - a compiled pattern of an untyped library
        """Make the automaton that finds what may need work; None when everything may."""
        needles = [*self._verdicts.needles, _ESCAPED_ASCII, *(each for each in more if each)]
        if None in needles:
            return None
        if self._policy is not PromptPolicy.KEEP:
            needles += [r"(?i:\$ai_|\$elements)", *(f'(?i:"{re2.escape(name)}")' for name in content.CONTENT)]
        if self._knows_names or self._policy is PromptPolicy.MASK:
            needles.append(_JSON_TEXT)
        # The detectors of prompts find all that those of the rest do.
        folded = (f"(?i:{each})" if each in self._verdicts.needles else each for each in filter(None, needles))
        return automaton((*folded, *self.in_prompts.looks))

    # --- events ------------------------------------------------------------------
    def properties(self, event: str, raw: bytes, counts: Counts) -> bytes:
        """Rewrite the properties of an accepted event."""
        is_ai = content.is_ai(event)
        hides_all = is_ai and self._policy is PromptPolicy.METADATA
        if not hides_all and self._event_look is not None and self._event_look.search(raw) is None:
            return raw
        return _encode(self._members(_MEMBERS.decode(raw), counts, is_ai=is_ai))

    def reads(self, names: Iterable[str]) -> bool:
        """Say whether any of these names and ids of events may have to be rewritten."""
        if self._verdicts.hashes_ids:
            return True
        text = "\n".join(("", *names)).encode(errors="replace")
        if self._knows_names and (b"\n{" in text or b"\n[" in text):
            return True
        return self._name_look is not None and self._name_look.search(text) is not None

    def name(self, text: str, counts: Counts) -> str:
        """Rewrite the name of an event."""
        return self._marked(text, self._detectors, counts)

    def identity(self, text: str, counts: Counts) -> str:
        """Rewrite a distinct id: by its keyed hash if a rule wants all hashed, or would change something in it."""
        if self._verdicts.hashes_ids or self._text(text, _Uncounted(), self._of_ids) != text:
            counts.note("masked_values")
            return hashing.digest(self._hash_key, text[:NAME_LENGTH])
        return text

    # --- refused events ------------------------------------------------------------
    def payload(self, raw: bytes, counts: Counts) -> bytes:
        """Rewrite what is kept of a refused event. What cannot be read is withheld where a rule might have acted."""
        if not raw or not self.rewrites or raw == WITHHELD:
            return raw
        is_object = raw[:1] == b"{"
        if (is_object or not self._knows_names) and self._dead_look is not None and not self._dead_look.search(raw):
            return raw
        try:
            event = _decode(raw)
            if _is_event(event):
                return _encode(self._event(event, counts))
            if not self._knows_names and self._ip_policy is IpPolicy.KEEP:
                # Something else than an event has no names to go by, but texts to look into.
                return _encode(self._value(event, counts, self._in_ai))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
        counts.note("withheld")
        return WITHHELD

    def _event(self, event: dict[str, Json], counts: Counts) -> dict[str, Json]:
        is_ai = content.is_ai(event["event"])
        kept: dict[str, Json] = {}
        for name, value in event.items():
            if name in _PROPERTIES:
                kept[name] = None if value is None else self._members(value, counts, is_ai=is_ai)
            elif name in _PERSON:
                kept[name] = self._judged(self._verdicts.of(name), value, name, counts, self._of_ids)
            elif name not in _ENVELOPE:
                self._member(kept, name, value, counts, is_ai=is_ai)
            elif self._policy is PromptPolicy.METADATA and len(_encode(value)) > content.ENOUGH:
                kept[name] = None
            else:
                kept[name] = self._value(value, counts, self._in_ai)
        if self._ip_policy is not IpPolicy.KEEP and isinstance(kept.get("properties"), dict):
            self._hide_ip(kept["properties"])
        return kept

    def _members(self, members: dict[str, Json], counts: Counts, *, is_ai: bool) -> dict[str, Json]:
        kept: dict[str, Json] = {}
        for name, value in members.items():
            self._member(kept, name, value, counts, is_ai=is_ai)
        return kept

    def _hide_ip(self, properties: dict[str, Json]) -> None:
        if (ip := properties.pop("$ip", None)) is not None and (left := hidden(ip, self._ip_policy)):
            properties["$ip"] = left

    # --- values --------------------------------------------------------------------
    def _member(self, kept: dict[str, Json], name: str, value: Json, counts: Counts, *, is_ai: bool) -> None:
        verdict = self._verdicts.of(name)
        if verdict.action is Action.DROP:
            counts.note("removed_properties")
            return
        folded = name.casefold()
        place = self._in_ai if is_ai else self._elsewhere
        if folded.startswith(content.AI) or folded in content.CONTENT:
            place = place._replace(detectors=self.in_prompts)
        if place.hides and verdict.action is not Action.HASH:
            left, place = self._without_content(name, value, place)
            if left is _GONE:
                counts.note("content_removed")
                if len(name) <= content.ENOUGH:
                    self._measure(kept, name, value)
                return
            value = left
        key = self._key(name, counts)
        raw = value if isinstance(value, Raw) else None
        if raw is not None:
            text = bytes(raw)
            if len(text) < _SHORTEST and verdict.action is None:
                kept[key] = raw
                return
            value = _decode(text)
        judged = self._judged(verdict, value, name, counts, place)
        # What no rule changed stays the bytes it was: numbers are as they were written.
        kept[key] = judged if raw is None or judged != value or _repeats(bytes(raw), value) else raw

    def _measure(self, kept: dict[str, Json], name: str, value: Json) -> None:
        """Put figures about content in its place."""
        decoded = _decode(bytes(value)) if isinstance(value, Raw) else value
        kept[f"{name}_chars"] = content.count(decoded)
        kept[f"{name}_hash"] = hashing.digest(self._hash_key, decoded)

    def _key(self, name: str, counts: Counts) -> str:
        """Give the name a property is kept under; names repeat, so clean ones are remembered."""
        if name in self._clean_names:
            return name
        cleaned = self._marked(name, self._detectors, counts)
        if cleaned == name and len(name) <= NAME_LENGTH and len(self._clean_names) < _REMEMBERED:
            self._clean_names.add(name)
        return cleaned

    def _without_content(self, name: str, value: Json, place: _Place) -> tuple[Json, _Place]:
        """Give what may stay of a value, or that nothing is left, and what applies inside it."""
        raw = bytes(value) if isinstance(value, Raw) else _encode(value)
        folded = name.casefold()
        if place.is_ai and len(name) > content.ENOUGH:
            # The name itself may be content then.
            return _GONE, place
        if raw[:1] not in _TEXT_OR_MORE:
            return value, place
        if folded in content.FIGURES:
            return content.figures(_decode(raw)), place._replace(hides=False)
        if folded == "$elements_chain" and raw[:1] == b'"':
            return content.without_page_text(_decode(raw)), place
        return (_GONE if content.is_content(name, raw, is_ai=place.is_ai) else value), place

    def _judged(self, verdict: Verdict, value: Json, path: str, counts: Counts, place: _Place) -> Json:
        if verdict.is_identity and not place.is_identity:
            place = place._replace(is_identity=True)
        match verdict.action:
            case Action.HASH if value is not None:
                counts.note("masked_values")
                cut = value[:NAME_LENGTH] if verdict.is_identity and isinstance(value, str) else value
                return hashing.digest(self._hash_key, cut)
            case Action.TRUNCATE if value is not None:
                counts.note("masked_values")
                # Cleaned before it is cut: half an address is one no detector knows.
                return self._cut(self._value(value, _Uncounted(), place, path=path), verdict.length, place.detectors)
            case _:
                return self._value(value, counts, place, path=path)

    def _cut(self, value: Json, length: int, detectors: Detectors) -> Json:
        match value:
            case dict():
                return {name: self._cut(member, length, detectors) for name, member in value.items()}
            case list():
                return [self._cut(item, length, detectors) for item in value]
            case None | bool():
                return value
            case _:
                text = value if isinstance(value, str) else _encode(value).decode()
                return detectors.clean(text)[:length]

    def _value(self, value: Json, counts: Counts, place: _Place, *, path: str = "") -> Json:
        match value:
            case str():
                return self.identity(value, counts) if place.is_identity else self._text(value, counts, place, path)
            case dict():
                return self._object(value, path, counts, place)
            case list():
                return [self._value(item, counts, place, path=path) for item in value]
            case bool() | None:
                return value
            case _ if place.detectors.is_card_number(value):
                counts.note("masked_values")
                return "[card]"
            case _:
                return value

    def _object(self, value: dict[str, Json], path: str, counts: Counts, place: _Place) -> Json:
        kept: dict[str, Json] = {}
        for name, member in value.items():
            here = f"{path}.{name}" if self._verdicts.has_paths and path else name
            verdict = self._verdicts.of(name, here)
            if verdict.action is Action.DROP:
                counts.note("removed_properties")
                continue
            left, inside = member, place
            if place.hides and verdict.action is not Action.HASH:
                left, inside = self._without_content(name, member, place)
            if left is _GONE:
                counts.note("content_removed")
                continue
            if name.casefold() in content.CONTENT:
                inside = inside._replace(detectors=self.in_prompts)
            kept[self._key(name, counts)] = self._judged(verdict, left, here, counts, inside)
        return kept

    # --- texts ---------------------------------------------------------------------
    def _text(self, text: str, counts: Counts, place: _Place, path: str = "") -> str:
        looks_inside = self._knows_names or self._policy is PromptPolicy.MASK
        if looks_inside and text.lstrip()[:1] in _BRACKETS:
            text = self._json_text(text, counts, place, path)
        return self._marked(text, place.detectors, counts)

    def _marked(self, text: str, detectors: Detectors, counts: Counts) -> str:
        cleaned = detectors.clean(text)
        if cleaned != text:
            counts.note("masked_values")
        return cleaned

    def _json_text(self, text: str, counts: Counts, place: _Place, path: str) -> str:
        """Rewrite JSON that somebody put into a text. It ends: each text in a text is at most half as long."""
        mentions = self._mentions(text, place)
        if len(text) <= _LONGEST_JSON_TEXT:
            try:
                value = _decode(text)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass
            else:
                left = self._value(value, counts, place._replace(is_identity=False), path=path)
                # A name said twice is in the text, and only once in what was read of it.
                return _encode(left).decode() if mentions or left != value else text
        if mentions:
            counts.note("masked_values")
        return _UNCLEAN if mentions else text

    def _mentions(self, text: str, place: _Place) -> bool:
        """Say whether a text has a name in it, as JSON writes names, that a rule is about."""
        return any(
            "\\" in name
            or self._verdicts.of(name).action is not None
            or (place.hides and content.is_content(name, b'"', is_ai=place.is_ai))
            for name in _NAME_IN_TEXT.findall(text)
        )


def _is_event(value: Json) -> bool:
    """Say whether something refused is an event whose parts are where rules look for them."""
    if not isinstance(value, dict) or not isinstance(name := value.get("event"), str) or not name.strip(content.BLANK):
        return False
    return all(isinstance(value.get(part), dict | None) for part in _PROPERTIES)


def _repeats(raw: bytes, value: Json) -> bool:
    """Say whether the bytes of an object may say a name twice: only one of the two was looked at."""
    return isinstance(value, dict | list) and (b"\\u" in raw or raw.count(b'"') != _encode(value).count(b'"'))
