"""Rewrite what an event says by the rules of its project, touching only what a rule reaches.

An event is looked at as bytes first, by one automaton made of everything the project's rules could mean; nearly all
pass that unparsed. Of the others only the members that are suspect are decoded, so all the rest stays the bytes it was.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

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
_ESCAPED_ASCII: Final = r"\\u00[0-7]"
_TEXT_OR_MORE: Final = (b'"', b"{", b"[")
_IN_PROMPTS: Final = (EMAIL, CARD, SECRET, JWT)
"""What the policy `mask` looks for in prompts, whatever is switched on for the rest."""
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
        self._name_look = automaton(self._detectors.looks) if self._detectors else None
        self.rewrites = controls.rewrites
        self._knows_names = bool(self._verdicts.needles) or self._policy is PromptPolicy.METADATA
        self._event_look = self._look() if acts_on_events else None
        self._dead_look = None
        if self._policy is not PromptPolicy.METADATA:
            self._dead_look = self._look(r'"\$ip"' if self._ip_policy is not IpPolicy.KEEP else None)

    def _look(self, *more: str | None) -> Any:  # noqa: ANN401 - a compiled pattern of an untyped library
        """Make the automaton that finds what may need work; None when everything may."""
        needles = [*self._verdicts.needles, _ESCAPED_ASCII, *(each for each in more if each)]
        if None in needles:
            return None
        if self._policy is not PromptPolicy.KEEP:
            needles += [r"\$ai_", *(f'"{re2.escape(name)}"' for name in content.CONTENT), r"\$elements"]
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
        members = _MEMBERS.decode(raw)
        kept: dict[str, Json] = {}
        for name, value in members.items():
            self._member(kept, name, value, counts, is_ai=is_ai)
        return _encode(kept)

    def reads(self, names: Iterable[str]) -> bool:
        """Say whether any of these names and ids of events may have to be rewritten."""
        if self._verdicts.hashes_ids:
            return True
        text = "\n".join(names).encode(errors="replace")
        return self._name_look is not None and self._name_look.search(text) is not None

    def name(self, text: str, counts: Counts) -> str:
        """Rewrite the name of an event."""
        return self._text(text, self._detectors, counts)

    def identity(self, text: str, counts: Counts) -> str:
        """Rewrite a distinct id: by its keyed hash if it holds what a detector finds, or if a rule wants all hashed."""
        if self._verdicts.hashes_ids or (self._detectors and self._detectors.clean(text) != text):
            counts.note("masked_values")
            return hashing.digest(self._hash_key, text[:NAME_LENGTH])
        return text

    # --- refused events ------------------------------------------------------------
    def payload(self, raw: bytes, counts: Counts) -> bytes:
        """Rewrite what is kept of a refused event. What cannot be read is withheld where a rule might have acted."""
        if not raw or not self.rewrites or raw == WITHHELD:
            return raw
        is_json = raw[:1] in _TEXT_OR_MORE
        if (is_json or not self._knows_names) and self._dead_look is not None and not self._dead_look.search(raw):
            return raw
        try:
            event = _decode(raw)
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                return _encode(self._event(event, counts))
            if not self._knows_names:
                # Something else than an event has no names to go by, but texts to look into.
                return _encode(self._value(event, counts, self.in_prompts))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
        counts.note("withheld")
        return WITHHELD

    def _event(self, event: dict[str, Json], counts: Counts) -> dict[str, Json]:
        is_ai = content.is_ai(event["event"])
        kept: dict[str, Json] = {}
        for name, value in event.items():
            if name in _PROPERTIES and isinstance(value, dict):
                inside: dict[str, Json] = {}
                for inner, member in value.items():
                    self._member(inside, inner, member, counts, is_ai=is_ai and name == "properties")
                kept[name] = inside
            elif name in _PERSON and isinstance(value, str):
                kept[name] = self.identity(value, counts)
            elif name not in _ENVELOPE:
                self._member(kept, name, value, counts, is_ai=is_ai)
            elif self._policy is PromptPolicy.METADATA and isinstance(value, dict | list):
                kept[name] = None
            else:
                kept[name] = self._value(value, counts, self.in_prompts)
        if self._ip_policy is not IpPolicy.KEEP and isinstance(kept.get("properties"), dict):
            self._hide_ip(kept["properties"])
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
        if verdict.action is None and self._policy is PromptPolicy.METADATA:
            value = self._without_content(kept, name, value, counts, is_ai=is_ai)
            if value is _GONE:
                return
        key = self._key(name, counts)
        raw = value if isinstance(value, Raw) else None
        if raw is not None:
            text = bytes(raw)
            if len(text) < _SHORTEST and verdict.action is None:
                kept[key] = raw
                return
            value = _decode(text)
        is_prompt = is_ai or name in content.CONTENT or name.startswith(content.AI)
        detectors = self.in_prompts if is_prompt else self._detectors
        judged = self._judged(verdict, value, name, counts, detectors)
        # What no rule changed stays the bytes it was: numbers are as they were written.
        kept[key] = judged if raw is None or judged != value else raw

    def _key(self, name: str, counts: Counts) -> str:
        """Give the name a property is kept under; names repeat, so clean ones are remembered."""
        if name in self._clean_names:
            return name
        cleaned = self._text(name, self._detectors, counts)
        if cleaned == name and len(name) <= NAME_LENGTH and len(self._clean_names) < _REMEMBERED:
            self._clean_names.add(name)
        return cleaned

    def _without_content(self, kept: dict[str, Json], name: str, value: Json, counts: Counts, *, is_ai: bool) -> Json:
        """Put figures about content in its place, and give back what is no content, or that nothing is left."""
        raw = bytes(value) if isinstance(value, Raw) else _encode(value)
        if raw[:1] not in _TEXT_OR_MORE:
            return value
        if name in content.FIGURES:
            return content.figures(_decode(raw))
        if name == "$elements_chain" and raw[:1] == b'"':
            return content.without_page_text(_decode(raw))
        is_content = name in content.CONTENT
        if not is_content and is_ai and not content.is_harmless(name) and not content.is_digest(name, raw):
            is_content = name.startswith(content.AI) or content.sounds_like_content(name) or len(raw) > content.ENOUGH
        if not is_content:
            return value
        decoded = _decode(raw)
        kept[f"{name}_chars"] = content.count(decoded)
        kept[f"{name}_hash"] = hashing.digest(self._hash_key, decoded)
        counts.note("content_removed")
        return _GONE

    def _judged(self, verdict: Verdict, value: Json, path: str, counts: Counts, detectors: Detectors) -> Json:
        match verdict.action:
            case Action.HASH if value is not None:
                counts.note("masked_values")
                cut = value[:NAME_LENGTH] if verdict.is_identity and isinstance(value, str) else value
                return hashing.digest(self._hash_key, cut)
            case Action.TRUNCATE if value is not None:
                counts.note("masked_values")
                return self._cut(value, verdict.length, detectors)
            case _:
                return self._value(value, counts, detectors, path=path, is_identity=verdict.is_identity)

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
                # Before it is cut: half an address is one no detector knows.
                return detectors.clean(text)[:length]

    def _value(
        self, value: Json, counts: Counts, detectors: Detectors, *, path: str = "", is_identity: bool = False
    ) -> Json:
        match value:
            case str():
                return self.identity(value, counts) if is_identity else self._text(value, detectors, counts)
            case dict():
                return self._object(value, path, counts, detectors, is_identity=is_identity)
            case list():
                return [self._value(item, counts, detectors, path=path, is_identity=is_identity) for item in value]
            case bool() | None:
                return value
            case _ if detectors.is_card_number(value):
                counts.note("masked_values")
                return "[card]"
            case _:
                return value

    def _object(
        self, value: dict[str, Json], path: str, counts: Counts, detectors: Detectors, *, is_identity: bool
    ) -> Json:
        kept: dict[str, Json] = {}
        for name, member in value.items():
            here = f"{path}.{name}" if self._verdicts.has_paths and path else name
            verdict = self._verdicts.of(name, here)
            if verdict.action is Action.DROP:
                counts.note("removed_properties")
            elif self._is_inner_content(name, member):
                counts.note("content_removed")
            else:
                inner = self.in_prompts if name in content.CONTENT else detectors
                judged = verdict._replace(is_identity=verdict.is_identity or is_identity)
                kept[self._key(name, counts)] = self._judged(judged, member, here, counts, inner)
        return kept

    def _is_inner_content(self, name: str, member: Json) -> bool:
        return (
            self._policy is PromptPolicy.METADATA and name in content.CONTENT and isinstance(member, str | dict | list)
        )

    def _text(self, text: str, detectors: Detectors, counts: Counts) -> str:
        cleaned = detectors.clean(text)
        if cleaned != text:
            counts.note("masked_values")
        return cleaned
