"""The well-known properties of an event, decoded once for all steps of the writer.

Reading a few fields with a fixed struct costs about a microsecond an event; decoding all properties would cost many.
A step that needs another property adds it here. Values are whatever the sender made them: check before use.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, field

ABSENT: Final = Raw()
"""Stands for a property kept as text that is not there."""


class Peek(Struct, gc=False):
    """What steps look at. None stands for absent and for null alike."""

    lib: Any = field(name="$lib", default=None)
    ip: Any = field(name="$ip", default=None)
    warnings: Any = field(name="$ingestion_warnings", default=None)
    # People: kept as text, since most events that carry them change nothing.
    set: Raw = field(name="$set", default=ABSENT)
    set_once: Raw = field(name="$set_once", default=ABSENT)
    unset: Raw = field(name="$unset", default=ABSENT)
    groups: Raw = field(name="$groups", default=ABSENT)
    process_person_profile: Any = field(name="$process_person_profile", default=None)
    # Enrichment: sender, client and page.
    is_server: Any = field(name="$is_server", default=None)
    geoip_disable: Any = field(name="$geoip_disable", default=None)
    capture_internal: Any = None
    raw_user_agent: Any = field(name="$raw_user_agent", default=None)
    is_bot: Any = field(name="$is_bot", default=None)
    browser: Any = field(name="$browser", default=None)
    os: Any = field(name="$os", default=None)
    device_type: Any = field(name="$device_type", default=None)
    current_url: Any = field(name="$current_url", default=None)
    host: Any = field(name="$host", default=None)
    pathname: Any = field(name="$pathname", default=None)
    referrer: Any = field(name="$referrer", default=None)
    referring_domain: Any = field(name="$referring_domain", default=None)


NOTHING: Final = Peek()
"""Stands for properties that hold a well-known one which cannot be read."""

FIELDS: Final[dict[str, str]] = {item.encode_name: item.name for item in msgspec.structs.fields(Peek)}
"""The attribute of each property by its name as sent."""

_DECODER: Final = msgspec.json.Decoder(Peek)


def peek(properties: list[bytes]) -> list[Peek]:
    """Read the well-known properties of many events; one whose values cannot be read has none of them."""
    try:
        return list(map(_DECODER.decode, properties))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return [_peek_one(content) for content in properties]


def _peek_one(content: bytes) -> Peek:
    try:
        return _DECODER.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return NOTHING
