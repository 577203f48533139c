"""Prices times usage.

With P the price of a kind in US dollars per million tokens, all of one call's input above a tier's threshold costs the
tier's price, not just the part above it (the way Google, Alibaba and Anthropic bill long prompts). For

    plain = input - cache_read - cache_write - (audio - cached_audio) - image

    input cost  = (plain P_input + (cache_read - cached_audio) P_read + cached_audio P_cached_audio
                   + (cache_write - cache_write_1h) P_write + cache_write_1h P_write_1h
                   + (audio - cached_audio) P_audio + image P_image) / 1e6
    output cost = ((output - reasoning) P_output + reasoning P_reasoning) / 1e6
    total       = input cost + output cost + price of a request + web searches x price of one

A kind without a price of its own costs what the kind around it costs; the cache of a model whose cache prices are not
known costs a fraction of its input price (`fallbacks`), and the result is then an estimate.
"""

from typing import Final

from msgspec import Struct

from apps.llm.pricing.usage import Usage

MILLION: Final = 1_000_000
ANTHROPIC_FALLBACKS: Final = (0.1, 1.25, 2.0)
"""Read, write for five minutes, write for an hour, times the input price.
Source: https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching#pricing"""
FALLBACKS: Final = (0.5, 1.0, 1.0)
"""The same for everybody else: what most list prices of cached input are, or less than that saves."""
_DIGITS: Final = 12
"""A millionth of a millionth of a dollar: far below any price, far above what adding floats gets wrong."""


class Rates(Struct, frozen=True, gc=False):
    """US dollars per million tokens; None is no price of its own. Per request and per web search: US dollars each."""

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None
    reasoning: float | None = None
    thinking_output: float | None = None
    """What all output costs once the model has thought."""
    audio: float | None = None
    cached_audio: float | None = None
    image: float | None = None
    request: float | None = None
    web_search: float | None = None
    tiers: tuple["Tier", ...] = ()
    """By falling threshold."""

    @property
    def is_nothing(self) -> bool:
        """Whether nobody is charged: a free tier, which is no price."""
        return not any((self.input, self.output, self.request))

    def for_input(self, tokens: int) -> "Rates":
        """Give the prices that hold for a prompt of this length."""
        for tier in self.tiers:
            if tokens > tier.above:
                return tier.rates
        return self


class Tier(Struct, frozen=True, gc=False):
    """The prices of prompts longer than a threshold."""

    above: int
    rates: Rates


class Cost(Struct, frozen=True, gc=False):
    """US dollars, and what had to be assumed."""

    input: float
    output: float
    request: float
    web_search: float
    total: float
    note: str = ""


def cost(rates: Rates, usage: Usage, *, is_anthropic: bool = False) -> Cost | None:
    """Compute what a call cost; None when there is no price for what it used."""
    if rates.tiers:
        rates = rates.for_input(usage.input)
    price_in, price_out = rates.input, rates.output
    if price_in is not None and price_out is not None and rates.request is None and _is_plain(usage):
        cost_in, cost_out = usage.input * price_in / MILLION, usage.output * price_out / MILLION
        return Cost(round(cost_in, _DIGITS), round(cost_out, _DIGITS), 0.0, 0.0, round(cost_in + cost_out, _DIGITS))
    if rates.thinking_output is not None and usage.reasoning:
        price_out = rates.thinking_output
    if (price_in is None and rates.request is None) or (price_out is None and usage.output and rates.request is None):
        return None
    price_in, price_out, note = price_in or 0.0, price_out or 0.0, ""
    plain, special = usage.input, 0.0
    if usage.cache_read or usage.cache_write:
        special, note = _cache_cost(rates, usage, price_in, ANTHROPIC_FALLBACKS if is_anthropic else FALLBACKS)
        plain -= usage.cache_read + usage.cache_write
    if usage.audio or usage.image:
        fresh = usage.audio - usage.cached_audio
        special += fresh * _first(rates.audio, price_in) + usage.image * _first(rates.image, price_in)
        plain -= fresh + usage.image
    cost_in = (plain * price_in + special) / MILLION
    cost_out = usage.output * price_out
    if usage.reasoning and rates.reasoning is not None:
        cost_out += usage.reasoning * (rates.reasoning - price_out)
    cost_out /= MILLION
    request, searches = rates.request or 0.0, 0.0
    if usage.web_searches:
        if rates.web_search is None:
            note = note or "web_search_unpriced"
        else:
            searches = usage.web_searches * rates.web_search
    total = cost_in + cost_out + request + searches
    return Cost(
        round(cost_in, _DIGITS),
        round(cost_out, _DIGITS),
        request,
        round(searches, _DIGITS),
        round(total, _DIGITS),
        note,
    )


def _is_plain(usage: Usage) -> bool:
    """Say whether all of a usage is plain input and output, as of nearly every call."""
    return not (
        usage.cache_read or usage.cache_write or usage.reasoning or usage.audio or usage.image or usage.web_searches
    )


def _cache_cost(
    rates: Rates, usage: Usage, price_in: float, fallbacks: tuple[float, float, float]
) -> tuple[float, str]:
    """Price the tokens read from and written to a cache, times a million."""
    short = usage.cache_write - usage.cache_write_1h
    read_price = _first(rates.cache_read, fallbacks[0] * price_in)
    write_price = _first(rates.cache_write, fallbacks[1] * price_in)
    long_price = _first(rates.cache_write_1h, fallbacks[2] * price_in)
    total = (
        (usage.cache_read - usage.cached_audio) * read_price
        + usage.cached_audio * _first(rates.cached_audio, read_price)
        + short * write_price
        + usage.cache_write_1h * long_price
    )
    is_guess = (
        (usage.cache_read and rates.cache_read is None)
        or (short and rates.cache_write is None)
        or (usage.cache_write_1h and rates.cache_write_1h is None)
    )
    return total, "cache_price_assumed" if is_guess else ""


def _first(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price
