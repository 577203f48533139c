"""What is checked of an event's properties, and the few rewrites they need; they stay JSON text throughout."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from apps.clickhouse import texts
from apps.ingest.bounds import Bounds

EMPTY: Final = b"{}"
_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
_LOOKED_FOR: Final = 4


class Ids(Struct, gc=False):
    """Where web SDKs put who did it."""

    distinct_id: Any = None
    other_distinct_id: Any = msgspec.field(default=None, name="$distinct_id")
    ignore_sent_at: Any = msgspec.field(default=None, name="$ignore_sent_at")


_IDS: Final = msgspec.json.Decoder(Ids)


def ids(properties: bytes) -> Ids:
    """Read the ids that may stand inside the properties."""
    return _IDS.decode(properties)


def overlay(properties: bytes, members: dict[str, Raw | bytes]) -> bytes:
    """Put members over those of the properties of the same name."""
    merged: dict[str, Raw] = _MEMBERS.decode(properties)
    merged.update((name, member if isinstance(member, Raw) else Raw(member)) for name, member in members.items())
    return msgspec.json.encode(merged)


def change(properties: bytes, put: Mapping[str, object], gone: Sequence[str] = ()) -> bytes:
    """Set some properties and take others away.

    Nearly always all that is set is new; then it is appended to the text without reading it. Of many members, reading
    the text once costs less than looking for each.
    """
    if not gone and not put:
        return properties
    if not gone and len(put) <= _LOOKED_FOR and not any(b'"%b"' % name.encode() in properties for name in put):
        added = msgspec.json.encode(put)
        return properties[:-1] + b"," + added[1:] if properties[1:-1].strip() else added
    members: dict[str, object] = dict(_MEMBERS.decode(properties))
    members.update(put)
    for name in gone:
        members.pop(name, None)
    return msgspec.json.encode(members)


def fault(properties: bytes, bounds: Bounds, *, is_ai: bool = False) -> tuple[str, str] | None:
    """Name what is wrong with a JSON object's size or shape, as (code, reason); None when nothing is.

    Counting brackets and colons never gives less than the depth and the number of properties, so nearly every
    event passes without being parsed.
    """
    if len(properties) > bounds.event_bytes:
        return "event_too_large", f"The properties are larger than {bounds.event_bytes} bytes."
    if properties.count(b"{") + properties.count(b"[") <= bounds.depth and properties.count(b":") <= bounds.properties:
        return None
    content = msgspec.json.decode(properties)
    depth, count = _measure(content)
    if count > bounds.properties and is_ai:
        # A conversation is stored as one text, however many messages it has.
        count -= sum(_measure(content[name])[1] for name in texts.NAMES if isinstance(content.get(name), dict | list))
    if depth > bounds.depth:
        return "properties_too_deep", f"The properties are nested {depth} deep; {bounds.depth} is the most."
    if count > bounds.properties:
        return "too_many_properties", f"The event has {count} properties; {bounds.properties} is the most."
    return None


def _measure(content: object) -> tuple[int, int]:
    """Give nesting depth and number of properties, without recursion. Objects within lists count too."""
    deepest = count = 0
    stack = [(content, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        children: list[object] = []
        if isinstance(node, dict):
            count += len(node)
            children = list(node.values())
        elif isinstance(node, list):
            children = node
        stack.extend((child, depth + 1) for child in children if isinstance(child, dict | list))
    return deepest, count
