"""Our own price data in `data/`: what the package lacks or has wrong, and what providers and models are also called.

Every entry names its source and the day it was read; a test reads all of it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from apps.llm.pricing.rates import Rates, Tier
from apps.llm.pricing.tariffs import FOREVER, Rule, Tariff, Window, by_rules

SOURCE: Final = "overlay"
DATA: Final = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the overlay."""

    provider: str
    id: str
    names: tuple[str, ...]
    """As the model is called; one that ends in `*` covers all that begin so."""
    source: str
    read: date
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What providers, their addresses and their models are also called; all in lower case."""

    regional: list[str]
    providers: Mapping[str, str]
    hosts: Mapping[str, str]
    unlisted_hosts: Mapping[str, str]
    also_listed: Mapping[str, str]
    models: Mapping[str, Mapping[str, str]]


@cache
def names() -> Names:
    """Read the other names."""
    return Names(**tomllib.loads((DATA / "names.toml").read_text(encoding="utf-8")))


@cache
def version() -> str:
    """Name the overlay and its day, as it is stored with a cost."""
    return f"overlay {_document()['version']}"


@cache
def entries() -> tuple[Entry, ...]:
    """Read every model of the overlay."""
    windows = {one["name"]: _window(one) for one in _document()["windows"]}
    return tuple(
        Entry(
            one["provider"],
            one["id"],
            tuple(one["names"]),
            one["source"],
            one["read"],
            tuple(_rule(rule, windows) for rule in one["rules"]),
        )
        for one in _document()["models"]
    )


@cache
def providers() -> frozenset[str]:
    """Name the providers of whom the overlay has all there is."""
    return frozenset(one.provider for one in entries()) - {"deepseek"}


def find(provider: str, model: str) -> Tariff | None:
    """Find the overlay's prices of a model, given in any case."""
    wanted = model.lower()
    for entry in entries():
        if entry.provider == provider and any(is_called(wanted, name) for name in entry.names):
            return Tariff(provider, entry.id, SOURCE, version(), by_rules(entry.rules))
    return None


def is_called(model: str, name: str) -> bool:
    """Say whether a model, in lower case, is meant by a name that may end in a star."""
    return model.startswith(name[:-1]) if name.endswith("*") else model == name


@cache
def _document() -> Mapping[str, Any]:
    return tomllib.loads((DATA / "overlay.toml").read_text(encoding="utf-8"))


def _window(raw: Mapping[str, Any]) -> Window:
    hours = [tuple(_minutes(end) for end in span.split("-")) for span in raw["hours"]]
    return Window(
        hours=tuple((start, end) for start, end in hours),
        weekdays=frozenset(raw.get("weekdays", range(7))),
        ahead_minutes=raw.get("ahead_minutes", 0),
        left_out=frozenset(raw.get("left_out", ())),
    )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _rule(raw: Mapping[str, Any], windows: Mapping[str, Window]) -> Rule:
    prices = dict(raw)
    start, end = (_microseconds(prices.pop(word, None)) for word in ("from", "until"))
    window = prices.pop("window", None)
    tiers = tuple(
        Tier(tier["above"], Rates(**{kind: price for kind, price in tier.items() if kind != "above"}))
        for tier in sorted(prices.pop("tiers", ()), key=lambda tier: -tier["above"])
    )
    return Rule(
        Rates(**prices, tiers=tiers),
        -FOREVER if start is None else start,
        FOREVER if end is None else end,
        windows[window] if window else None,
    )


def _microseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return (moment - datetime(1970, 1, 1, tzinfo=moment.tzinfo)) // timedelta(microseconds=1)
