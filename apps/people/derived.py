"""Person properties that come from ordinary event properties: the last known browser, the first campaign.

`X` of an event becomes `X` of its person (the latest counts) and `$initial_X` (the first counts). The lists are the
public contract's, plus the location that geo enrichment adds.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Raw

from apps.ingest.enrichment.urls import CAMPAIGN

_CLIENT: Final = (
    "$app_build",
    "$app_name",
    "$app_namespace",
    "$app_version",
    "$browser",
    "$browser_version",
    "$current_url",
    "$device_type",
    "$os",
    "$os_name",
    "$os_version",
    "$pathname",
    "$raw_user_agent",
    "$referrer",
    "$referring_domain",
    "$screen_height",
    "$screen_width",
    "$viewport_height",
    "$viewport_width",
)
_PLACE: Final = (
    "$geoip_city_name",
    "$geoip_continent_code",
    "$geoip_country_code",
    "$geoip_country_name",
    "$geoip_subdivision_1_name",
    "$geoip_time_zone",
)
INITIAL: Final = {name: f"$initial_{name.removeprefix('$')}" for name in (*_CLIENT, *CAMPAIGN, *_PLACE)}
"""The properties that become a person's, and under which name the first of them is kept."""

_AUTOMATIC: Final = frozenset(INITIAL) | frozenset(INITIAL.values())
_INITIAL_PREFIX: Final = "$initial_"
_NULL: Final = b"null"
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])


def derived(event: Mapping[str, Raw]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Give what an event's properties say of its person: what to set, and what to set once."""
    latest = {name: bytes(event[name]) for name in INITIAL.keys() & event.keys()}
    latest = {name: value for name, value in latest.items() if value != _NULL}
    return latest, {INITIAL[name]: value for name, value in latest.items()}


@lru_cache(maxsize=8_192)
def is_automatic(text: bytes) -> bool:
    """Say whether `$set` or `$set_once` holds nothing but what SDKs add by themselves to every event."""
    return all(name in _AUTOMATIC or name.startswith(_INITIAL_PREFIX) for name in opened(text))


def opened(text: bytes | Raw) -> dict[str, Raw]:
    """Read a JSON object one level deep; anything else has no members."""
    try:
        return _OBJECT.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}


def members(text: bytes | Raw) -> dict[str, bytes]:
    """Read a JSON object one level deep, values as text of their own."""
    return {name: bytes(value) for name, value in opened(text).items()} if text else {}
