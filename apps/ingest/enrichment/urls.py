"""What an address on the web says: host, path and the campaign somebody came through; of a referrer, its domain."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, urlsplit

REMEMBERED: Final = 10_000
LONGEST: Final = 8_192
"""A longer address is left alone: it is data in disguise, and none of our business."""

_MOST_FIELDS: Final = 200
_LONGEST_VALUE: Final = 1_000

DIRECT: Final = "$direct"
"""What the web SDK says when a page was entered without coming from another."""

CAMPAIGN: Final = frozenset(
    {
        "utm_source",
        "utm_medium",
        "utm_campaign",
        "utm_content",
        "utm_term",
        "gclid",
        "gad_source",
        "gclsrc",
        "dclid",
        "gbraid",
        "wbraid",
        "fbclid",
        "msclkid",
        "twclid",
        "li_fat_id",
        "mc_cid",
        "igshid",
        "ttclid",
        "rdt_cid",
        "epik",
        "qclid",
        "sccid",
        "irclid",
        "_kx",
    }
)
"""The parameters the web SDK takes out of an address: UTM tags and the click ids of advertising networks."""

_HAS_CAMPAIGN: Final = re.compile(rf"[?&](?:{'|'.join(sorted(CAMPAIGN))})=")


@dataclass(frozen=True, slots=True)
class Page:
    """Where something happened, and the campaign parameters its address carries."""

    host: str
    pathname: str
    campaign: Mapping[str, str]


def has_campaign(url: str) -> bool:
    """Tell quickly whether an address may carry a campaign parameter."""
    return "?" in url and _HAS_CAMPAIGN.search(url) is not None


@lru_cache(maxsize=REMEMBERED)
def page(url: str) -> Page | None:
    """Take an address apart; None when it names no host."""
    if len(url) > LONGEST:
        return None
    try:
        split = urlsplit(url)
        host = _host(split.netloc)
        pairs = parse_qsl(split.query, max_num_fields=_MOST_FIELDS, errors="replace") if split.query else []
    except ValueError:
        return None
    if not host:
        return None
    campaign: dict[str, str] = {}
    for name, value in pairs:
        if name in CAMPAIGN:
            campaign.setdefault(name, value[:_LONGEST_VALUE])
    return Page(host, split.path or "/", campaign)


@lru_cache(maxsize=REMEMBERED)
def domain(referrer: str) -> str:
    """Give the host of a referrer; `$direct` stays what it is, and what is no address has none."""
    if referrer == DIRECT:
        return DIRECT
    if len(referrer) > LONGEST:
        return ""
    try:
        return _host(urlsplit(referrer).netloc)
    except ValueError:
        return ""


def _host(netloc: str) -> str:
    """Leave out a name and password that stand before the host; the port belongs to it, as in a browser."""
    return netloc.rpartition("@")[2].lower()
