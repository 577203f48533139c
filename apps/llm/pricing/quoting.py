"""What a call cost and why: the order of prices, from what the sender says to no price at all.

1. the cost the sender gives, when it gives that of input and of output
2. the prices the sender gives with the event
3. the prices of the project
4. our overlay
5. the package
6. the total the sender gives, when nothing else is known
7. unpriced
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, structs

from apps.llm.pricing import finding, projects, usage
from apps.llm.pricing.finding import Key, Match, key_of
from apps.llm.pricing.projects import OwnPrice, OwnPrices
from apps.llm.pricing.rates import MILLION, Cost, Rates, cost
from apps.llm.pricing.usage import Call, Reading, Usage, is_anthropic

EXACT: Final = "exact"
ESTIMATED: Final = "estimated"
PROVIDER_REPORTED: Final = "provider_reported"
UNPRICED: Final = "unpriced"

SENDER: Final = "sender"
CUSTOM: Final = "custom"

Find = Callable[[Key], Match]

_NOT_OURS: Final = (None, PROVIDER_REPORTED)


class Quote(Struct, frozen=True, gc=False):
    """The answer; costs are US dollars, None where not known."""

    status: str
    source: str = ""
    """`sender`, `custom`, `project`, `overlay`, `package`; empty when unpriced."""
    version: str = ""
    provider: str = ""
    model: str = ""
    reason: str = ""
    """Why it is unpriced or an estimate."""
    input: float | None = None
    output: float | None = None
    request: float | None = None
    web_search: float | None = None
    total: float | None = None
    reading: Reading = Reading(None, "usage_missing")
    rates: Rates | None = None
    """The prices that were applied, when there were prices."""
    list_total: float | None = None
    """What it would cost by the prices known here, when its sender says what it did cost."""


def quote(
    call: Call,
    moment_us: int,
    own: OwnPrices = projects.NONE,
    *,
    is_embedding: bool = False,
    find: Find = finding.find,
) -> Quote:
    """Price one call at the time it was made; `find` gives the list prices."""
    reading = usage.read(call, is_embedding=is_embedding)
    given = _given(call, reading)
    computed = _computed(call, moment_us, own, reading, find)
    if given is None and computed.status == UNPRICED and call.cost_status in _NOT_OURS:
        total = _amount(call.total_cost)
        given = Quote(PROVIDER_REPORTED, SENDER, total=total, reading=reading) if total else None
    return computed if given is None else structs.replace(given, list_total=computed.total)


def _computed(call: Call, moment_us: int, own: OwnPrices, reading: Reading, find: Find) -> Quote:
    """Price a call by everything but the cost its sender gives."""
    if reading.usage is not None:
        custom = _by_custom_prices(call, reading, reading.usage)
        if custom is not None:
            return custom
    key = key_of(call.provider, call.model, call.base_url, call.service_tier, call.parameters)
    mine = own.find(key, moment_us)
    return _by_project(mine, call, reading, key) if mine is not None else _by_list(call, reading, find(key), moment_us)


def _given(call: Call, reading: Reading) -> Quote | None:
    """Take the sender's own cost; one that we computed ourselves before is not the sender's."""
    if call.input_cost is None or call.output_cost is None or call.cost_status not in _NOT_OURS:
        return None
    cost_in, cost_out = _amount(call.input_cost), _amount(call.output_cost)
    if cost_in is None or cost_out is None:
        return None
    request, searches = _amount(call.request_cost), _amount(call.web_search_cost)
    total = _amount(call.total_cost)
    if total is None:
        total = round(cost_in + cost_out + (request or 0.0) + (searches or 0.0), 12)
    return Quote(PROVIDER_REPORTED, SENDER, "", "", "", "", cost_in, cost_out, request, searches, total, reading)


def _by_custom_prices(call: Call, reading: Reading, used: Usage) -> Quote | None:
    """Apply the prices that came with the event, in US dollars per token."""
    if call.input_price is None and call.output_price is None and call.request_price is None:
        return None
    rates = Rates(
        input=_per_million(call.input_price),
        output=_per_million(call.output_price),
        cache_read=_per_million(call.cache_read_price),
        cache_write=_per_million(call.cache_write_price),
        cache_write_1h=_per_million(call.cache_write_1h_price),
        request=_amount(call.request_price),
        web_search=_amount(call.web_search_price),
    )
    result = cost(rates, used, is_anthropic=_has_their_cache(call, used))
    return None if result is None else _priced(result, reading, rates, CUSTOM, "", "", _text(call.model))


def _by_project(price: OwnPrice, call: Call, reading: Reading, key: Key) -> Quote:
    """Apply a price the project has set."""
    if price.rates is None:
        return _by_hour(price, call, reading, key)
    if reading.usage is None:
        return _unpriced(reading, _missing(call, reading))
    result = cost(price.rates, reading.usage, is_anthropic=_has_their_cache(call, reading.usage))
    if result is None:
        return _unpriced(reading, "price_incomplete")
    return _priced(result, reading, price.rates, projects.SOURCE, price.version, key.provider, key.model)


def _by_hour(price: OwnPrice, call: Call, reading: Reading, key: Key) -> Quote:
    """Price the time a machine was busy: until the first token with the input, from then on with the output."""
    taken = projects.seconds(call.latency)
    if taken is None:
        return _unpriced(reading, "latency_missing")
    first = projects.seconds(call.first_token)
    total = price.seconds_cost(taken)
    cost_in = price.seconds_cost(min(first, taken)) if first is not None else None
    return Quote(
        ESTIMATED,
        projects.SOURCE,
        price.version,
        key.provider,
        key.model,
        "machine_time",
        None if cost_in is None else round(cost_in, 12),
        None if cost_in is None else round(total - cost_in, 12),
        total=round(total, 12),
        reading=reading,
    )


def _by_list(call: Call, reading: Reading, match: Match, moment_us: int) -> Quote:
    """Apply list prices: of our overlay, else of the package."""
    tariff = match.tariff
    if tariff is None:
        is_known = reading.usage is not None or match.reason == "own_server"
        return _unpriced(reading, match.reason if is_known else _missing(call, reading))
    if reading.usage is None:
        return _unpriced(reading, _missing(call, reading), tariff.provider, tariff.model)
    rates = tariff.at(moment_us)
    if rates is None or rates.is_nothing:
        return _unpriced(reading, "price_missing", tariff.provider, tariff.model)
    result = cost(rates, reading.usage, is_anthropic=_has_their_cache(call, reading.usage))
    if result is None:
        return _unpriced(reading, "price_incomplete", tariff.provider, tariff.model)
    note = "provider_assumed" if match.is_guess else ""
    return _priced(result, reading, rates, tariff.source, tariff.version, tariff.provider, tariff.model, note)


def _priced(  # noqa: PLR0913, PLR0917 - the parts of an answer
    result: Cost, reading: Reading, rates: Rates, source: str, version: str, provider: str, model: str, note: str = ""
) -> Quote:
    reason = reading.note or note or result.note
    return Quote(
        ESTIMATED if reason else EXACT,
        source,
        version,
        provider,
        model,
        reason,
        result.input,
        result.output,
        result.request or None,
        result.web_search or None,
        result.total,
        reading,
        rates,
    )


def _unpriced(reading: Reading, reason: str, provider: str = "", model: str = "") -> Quote:
    return Quote(UNPRICED, provider=provider, model=model, reason=reason, reading=reading)


def _missing(call: Call, reading: Reading) -> str:
    """Say why there is no usage; a call that failed has none by nature."""
    if reading.problem == "usage_missing" and call.is_error is True:
        return "call_failed"
    return reading.problem


def _has_their_cache(call: Call, used: Usage) -> bool:
    """Say whether Anthropic's multiples hold for what was cached, if anything was."""
    return bool(used.cache_read or used.cache_write) and is_anthropic(call.provider, call.model)


def _per_million(price: Any) -> float | None:  # noqa: ANN401 - a sender's value
    amount = _amount(price)
    return None if amount is None else amount * MILLION


def _amount(value: Any) -> float | None:  # noqa: ANN401 - a sender's value
    """Read US dollars; None for what is no amount."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12:  # noqa: PLR2004 - of dollars
        return float(value)
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
