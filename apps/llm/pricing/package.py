"""The list prices of genai-prices, read from the snapshot in its wheel; nothing is fetched.

The package is loaded (some 40 MB) when the first call is priced, so processes that price nothing stay small. Which
model a name means and which prices held when are the package's own rules; the arithmetic is ours (rates.py), since the
package takes 80 microseconds and more a call. A test holds both against each other over every model.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from apps.llm.pricing.rates import Rates, Tier
from apps.llm.pricing.tariffs import RatesAt, Tariff, always

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider

SOURCE: Final = "package"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_THOUSAND: Final = 1_000
_MINUTE_US: Final = 60_000_000
_REMEMBERED: Final = 2_000
"""Minutes, for each model whose prices depend on the time."""

KINDS: Final = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "audio",
    "cache_audio_read_mtok": "cached_audio",
    "input_image_mtok": "image",
    "requests_kcount": "request",
    "web_searches_kcount": "web_search",
}
"""The package's kinds that events count, by our names; they do not count hours of audio, characters and pages."""
_PER_THOUSAND: Final = frozenset({"requests_kcount", "web_searches_kcount"})


@cache
def version() -> str:
    """Name the package and its version, as it is stored with a cost."""
    import genai_prices  # noqa: PLC0415 - loaded when first needed

    return f"genai-prices {genai_prices.__version__}"


@cache
def snapshot() -> "DataSnapshot":
    """Load the prices."""
    from genai_prices import data_snapshot  # noqa: PLC0415 - loaded when first needed

    return data_snapshot.get_snapshot()


def find_by_address(base_url: str) -> "Provider | None":
    """Find the provider whose API is at an address."""
    return next((one for one in snapshot().providers if re.match(one.api_pattern, base_url)), None)


def find_by_name(name: str) -> "Provider | None":
    """Find a provider by its id, or by what it is also called."""
    from genai_prices.data_snapshot import find_provider_by_id  # noqa: PLC0415 - loaded when first needed

    return find_provider_by_id(snapshot().providers, name) if name else None


def find_maker(model: str) -> "Provider | None":
    """Find the provider whose own models are called like this one."""
    matching = (one for one in snapshot().providers if one.model_match is not None)
    return next((one for one in matching if one.model_match is not None and one.model_match.is_match(model)), None)


def find_model(provider: "Provider", model: str) -> "ModelInfo | None":
    """Find a provider's model by a name: as the package matches it, or as the only one so called behind a slash."""
    found = provider.find_model(model, all_providers=snapshot().providers)
    if found is not None or "/" in model:
        return found
    same = [one for one in provider.models if one.id.lower().rpartition("/")[2] == model.lower()]
    return same[0] if len(same) == 1 else None


def tariff(provider: "Provider", model: "ModelInfo", context: Mapping[str, str]) -> Tariff:
    """Give a model's prices over time, for requests of one kind (batch, a service tier)."""
    return Tariff(provider.id, model.id, SOURCE, version(), _rates_at(provider, model, context))


def _rates_at(provider: "Provider", model: "ModelInfo", context: Mapping[str, str]) -> RatesAt:
    from genai_prices.types import ModelPrice  # noqa: PLC0415 - loaded when first needed

    # Variants are of the provider's own models, not of those it lists through another.
    applies = bool(model.price_variants) and any(model is one for one in provider.models)
    chosen = dict(context) if applies and context else None
    if isinstance(model.prices, ModelPrice) and not chosen:
        return always(rates(model.prices))
    known: dict[int, Rates] = {}

    def at(moment_us: int) -> Rates:
        # Which price holds takes the package 15 microseconds, and changes with the minute at most.
        minute = moment_us // _MINUTE_US
        found = known.get(minute)
        if found is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[minute] = rates(model.get_prices(_EPOCH + timedelta(minutes=minute), chosen))
        return found

    return at


def rates(price: "ModelPrice") -> Rates:
    """Read the package's prices as ours."""
    from genai_prices.types import TieredPrices  # noqa: PLC0415 - loaded when first needed

    own = {ours: getattr(price, theirs) for theirs, ours in KINDS.items()}
    starts = {tier.start for value in own.values() if isinstance(value, TieredPrices) for tier in value.tiers}
    flat = {kind: value.base if isinstance(value, TieredPrices) else value for kind, value in own.items()}
    tiers = tuple(
        Tier(start, Rates(**_floats({kind: _at_tier(value, start) for kind, value in own.items()})))
        for start in sorted(starts, reverse=True)
    )
    return Rates(**_floats(flat), tiers=tiers)


def _at_tier(value: Any, start: int) -> Any:  # noqa: ANN401 - a price of the package, of two kinds
    """Give the price of one kind for prompts just above a threshold."""
    if value is None or not hasattr(value, "tiers"):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= start]
    return reached[-1] if reached else value.base


def _floats(prices: Mapping[str, Any]) -> dict[str, Any]:
    per_one = {KINDS[name] for name in _PER_THOUSAND}
    return {
        kind: None if value is None else float(value / _THOUSAND if kind in per_one else value)
        for kind, value in prices.items()
    }
