"""What an address on the web says: host, path and the campaign somebody came through; of a referrer, its domain."""

from collections.abc import Iterable, Mapping
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

CAMPAIGN: Final = (
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
)
"""The parameters the web SDK takes out of an address: UTM tags and the click ids of advertising networks."""

_CAMPAIGN: Final = frozenset(CAMPAIGN)
_FAMILY: Final = "utm_"
_HINTS: Final = (
    _FAMILY,
    "clid=",
    "clkid=",
    "gad_source=",
    "gclsrc=",
    "braid=",
    "li_fat_id=",
    "_cid=",
    "igshid=",
    "epik=",
    "sccid=",
    "_kx=",
)
"""Ends or beginnings of the parameters' names: one of them is in every address that has one."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where something happened, and the campaign parameters its address carries."""

    host: str
    pathname: str
    campaign: Mapping[str, str]
    marks: tuple[bytes, ...]
    """What the JSON text of properties holds when it has one of the parameters."""


def may_have_campaign(url: str) -> bool:
    """Tell quickly whether it is worth taking an address apart for a campaign."""
    if "?" in url:
        for hint in _HINTS:  # any() would cost twice as much
            if hint in url:
                return True
    return False


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
        if name in _CAMPAIGN:
            campaign.setdefault(name, value[:_LONGEST_VALUE])
    return Page(host, split.path or "/", campaign, _marks(campaign))


def _marks(names: Iterable[str]) -> tuple[bytes, ...]:
    """Give one mark for all of a family, since looking for one costs more than all else here."""
    return tuple({(f'"{_FAMILY}' if name.startswith(_FAMILY) else f'"{name}"').encode() for name in names})


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
