"""What a user agent says: browser, system, kind of device, and whether a program rather than a person stands behind it.

Names and versions are written as the web SDK writes them, so that events of both kinds fall into one group. The
patterns come from two lists others keep up to date: uap-core (`ua-parser`) for browsers and systems, and
crawler-user-agents for bots. Reading an unknown user agent takes some 0.4 ms, a known one a look into a dictionary.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

import crawleruseragents
from ua_parser import OS, Domain, PartialResult, UserAgent, loaders
from ua_parser.regex import Resolver

LONGEST: Final = 1_000
"""Of a longer user agent only the beginning is looked at; the web SDK cuts at the same length."""

REMEMBERED: Final = 20_000

_BROWSERS: Final = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Chrome Mobile iOS": "Chrome iOS",
    "Edge": "Microsoft Edge",
    "Edge Mobile": "Microsoft Edge",
    "Facebook": "Facebook Mobile",
    "Firefox Mobile": "Firefox",
    "IE": "Internet Explorer",
    "IE Large Screen": "Internet Explorer",
    "IE Mobile": "Internet Explorer Mobile",
    "Mobile Safari UI/WKWebView": "Mobile Safari",
    "Opera Mobile": "Opera",
}
"""What uap-core calls a browser -> what the web SDK calls it, where they differ."""

_SYSTEMS: Final = {
    "ATV OS X": "tvOS",
    "Debian": "Linux",
    "Fedora": "Linux",
    "Gentoo": "Linux",
    "Red Hat": "Linux",
    "Ubuntu": "Linux",
    "WatchOS": "watchOS",
}

_DEVICES: Final = (
    ("Console", re.compile(r"playstation|xbox|nintendo", re.IGNORECASE)),
    (
        "TV",
        re.compile(
            r"smart-?tv|hbbtv|apple ?tv|googletv|android tv|crkey|\baft[a-z]\w*|bravia|netcast|web0s|roku",
            re.IGNORECASE,
        ),
    ),
    ("Wearable", re.compile(r"watch", re.IGNORECASE)),
    ("Tablet", re.compile(r"ipad|tablet(?! pc)|kindle|silk/(?!.*mobile)|playbook|nexus (?:7|9|10)\b", re.IGNORECASE)),
    ("Mobile", re.compile(r"iphone|ipod|windows phone|iemobile|blackberry|bb10|opera mini|\bmobile\b", re.IGNORECASE)),
    # An Android browser that does not say "Mobile" runs on a tablet: that is how Chrome tells them apart.
    ("Tablet", re.compile(r"android", re.IGNORECASE)),
)
"""Looked through in this order; whatever is none of them is a desktop."""

_HTTP_LIBRARY: Final = "http-library"
_CHUNK: Final = 25
"""How many patterns of bots are tried as one."""


@dataclass(frozen=True, slots=True)
class Agent:
    """What a user agent says, as properties; those of a bot name no browser, since nobody looks at one."""

    browser: Mapping[str, object] = field(default_factory=dict)
    os: Mapping[str, object] = field(default_factory=dict)
    device_type: str = ""
    bot: Mapping[str, object] = field(default_factory=dict)


SAYS_NOTHING: Final = Agent()


def read(user_agent: str) -> Agent:
    """Read the user agent of whoever looked at a page or a screen, as the sender reported it."""
    return _read(user_agent[:LONGEST]) if user_agent else SAYS_NOTHING


@lru_cache(maxsize=REMEMBERED)
def read_header(user_agent: str) -> Agent:
    """Read the User-Agent header of the request that brought an event.

    It is about a person only when a browser sent it. An HTTP library says who relays the event, not who caused it; a
    crawler says so by its name.
    """
    user_agent = user_agent[:LONGEST]
    if user_agent.startswith(("Mozilla/", "Opera/")):
        return _read(user_agent)
    bot = _bot(user_agent)
    return SAYS_NOTHING if bot is None or bot[1] == _HTTP_LIBRARY else _as_bot(*bot)


@lru_cache(maxsize=REMEMBERED)
def _read(user_agent: str) -> Agent:
    bot = _bot(user_agent)
    if bot is not None:
        return _as_bot(*bot)
    found = _patterns()(user_agent, Domain.USER_AGENT | Domain.OS)
    return Agent(_browser(found), _os(found), _device_type(user_agent) if found.os or found.user_agent else "")


def _as_bot(name: str, category: str) -> Agent:
    return Agent(bot={"$is_bot": True, "$bot_name": name, "$bot_category": category})


def _browser(found: PartialResult) -> dict[str, object]:
    browser: UserAgent | None = found.user_agent
    if browser is None:
        return {}
    named: dict[str, object] = {"$browser": _BROWSERS.get(browser.family, browser.family)}
    try:
        version = float(f"{browser.major}.{browser.minor or 0}")
    except ValueError:
        return named
    return {**named, "$browser_version": int(version) if version.is_integer() else version}


def _os(found: PartialResult) -> dict[str, object]:
    system: OS | None = found.os
    if system is None or system.family == "Other":
        return {}
    named: dict[str, object] = {"$os": _SYSTEMS.get(system.family, system.family)}
    version = ".".join(part for part in (system.major, system.minor, system.patch) if part)
    return {**named, "$os_version": version} if version else named


def _device_type(user_agent: str) -> str:
    return next((kind for kind, pattern in _DEVICES if pattern.search(user_agent)), "Desktop")


# --- The lists: read when the first user agent needs them, since they take 15 MB of which no door has any use --------
@cache
def _patterns() -> Resolver:
    browsers, systems, _ = loaders.load_builtins()
    return Resolver((browsers, systems, []))


@dataclass(frozen=True, slots=True)
class _Bots:
    """Some patterns of bots: all as one to pass over them quickly, and each with its category."""

    any_of_them: re.Pattern[str]
    each: tuple[tuple[re.Pattern[str], str], ...]


@cache
def _bots() -> tuple[_Bots, ...]:
    known = [(bot["pattern"], (bot.get("tags") or ["other"])[0]) for bot in crawleruseragents.CRAWLER_USER_AGENTS_DATA]
    chunks = [known[start : start + _CHUNK] for start in range(0, len(known), _CHUNK)]
    return tuple(
        _Bots(
            re.compile("|".join(pattern for pattern, _ in chunk)),
            tuple((re.compile(pattern), category) for pattern, category in chunk),
        )
        for chunk in chunks
    )


def _bot(user_agent: str) -> tuple[str, str] | None:
    """Name the bot behind a user agent, in the bot's own spelling, and its category; of several the longest name."""
    fitting = [
        (found[0].strip(" /;,()-"), category)
        for chunk in _bots()
        if chunk.any_of_them.search(user_agent)
        for pattern, category in chunk.each
        if (found := pattern.search(user_agent))
    ]
    return max(fitting, key=lambda bot: len(bot[0]), default=None)
