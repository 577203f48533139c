"""Our arithmetic against the package's own, over every model it lists."""

import random
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.llm.pricing import package
from apps.llm.pricing.rates import cost
from apps.llm.pricing.usage import Usage

MOMENTS = [
    datetime(2025, 6, 1, 12, tzinfo=UTC),
    datetime(2026, 10, 1, 2, tzinfo=UTC),
    datetime(2026, 11, 22, 20, tzinfo=UTC),
]
PLAIN = {"input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "requests_kcount"}


def _usage(choose: random.Random, price: Any) -> tuple[Usage, dict[str, int]]:  # noqa: ANN401 - a price of the package
    """Use some of each kind that has a price of its own, so that nothing has to be assumed."""
    cache_read = choose.randrange(300_000) if price.cache_read_mtok is not None else 0
    long = choose.randrange(9_000) if price.cache_write_1h_mtok is not None else 0
    written = long + (choose.randrange(9_000) if price.cache_write_mtok is not None else 0)
    plain, output = choose.randrange(1, 300_000), choose.randrange(9_000) if price.output_mtok is not None else 0
    ours = Usage(plain + cache_read + written, output, cache_read, written, long)
    theirs = {"input_tokens": ours.input, "output_tokens": output, "cache_read_tokens": cache_read}
    return ours, theirs | {"cache_write_tokens": written, "cache_write_1h_tokens": long}


def test_cost__of_every_model_of_the_package__is_the_package_s() -> None:
    # Given
    from genai_prices import Usage as TheirUsage

    choose = random.Random(7)  # noqa: S311 - made-up usage
    compared = 0
    for provider in package.snapshot().providers:
        for model in provider.models:
            at = package.tariff(provider, model, {}).at
            for moment in MOMENTS:
                price = model.get_prices(moment)
                used = {key for key, value in price.__dict__.items() if value is not None}
                if not used or "input_mtok" not in used or not used <= PLAIN:
                    continue
                ours, theirs = _usage(choose, price)

                # When
                rates = at(int(moment.timestamp() * 1e6))
                assert rates is not None
                found = cost(rates, ours)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    expected = price.calc_price(TheirUsage(**theirs))

                # Then
                assert found is not None, model.id
                assert found.total == pytest.approx(float(expected["total_price"]), rel=1e-9, abs=1e-11), model.id
                assert found.input == pytest.approx(float(expected["input_price"]), rel=1e-9, abs=1e-11), model.id
                assert found.note == "", model.id
                compared += 1
    assert compared > 5_000


def test_kinds__that_the_package_prices_by_token__are_read_or_knowingly_left_out() -> None:
    # Given
    left_out = {
        "output_audio_mtok",  # events do not count what was spoken
        "cache_image_read_mtok",
        "output_image_mtok",
        "input_video_mtok",
        "output_video_mtok",
        "output_citation_mtok",
        "storage_searches_kcount",
    }

    # When
    used: set[str] = set()
    for provider in package.snapshot().providers:
        for model in provider.models:
            prices = model.prices if isinstance(model.prices, list) else [model.prices]
            for price in prices:
                used |= {key for key, value in getattr(price, "prices", price).__dict__.items() if value is not None}

    # Then
    by_token = {key for key in used if key.endswith(("_mtok", "_kcount"))} - {"input_text_messages_kcount"}
    assert by_token - set(package.KINDS) == left_out


def test_overlay__of_deepseek__rests_on_the_prices_the_package_lists_too() -> None:
    # Given
    from apps.llm.pricing import overlay

    deepseek = next(one for one in package.snapshot().providers if one.id == "deepseek")
    for entry in overlay.entries():
        if entry.provider != "deepseek":
            continue
        model = next(one for one in deepseek.models if one.id == entry.id)
        listed = {(p.prices.input_mtok, p.prices.output_mtok) for p in model.prices if not isinstance(p, tuple)}  # type: ignore[union-attr]

        # When
        ours = {(rule.rates.input, rule.rates.output) for rule in entry.rules}

        # Then: every price of theirs is one of ours; what we add is the peak of a model that was retired since.
        assert {(float(str(one)), float(str(other))) for one, other in listed} <= ours, entry.id


def test_tariff__a_price_that_depends_on_the_time__changes_with_the_minute_only() -> None:
    # Given
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    models = [model for provider in package.snapshot().providers for model in provider.models]
    prices = [price for model in models if isinstance(model.prices, list) for price in model.prices]
    variants = [variant for model in models for variant in model.price_variants or ()]

    # When
    constraints = [price.constraint for price in prices if price.constraint is not None]
    constraints += [variant.constraint for variant in variants if variant.constraint is not None]

    # Then
    assert any(isinstance(constraint, TimeOfDateConstraint) for constraint in constraints)
    for constraint in constraints:
        if isinstance(constraint, TimeOfDateConstraint):
            ends = (constraint.start_time, constraint.end_time)
            assert all(end.second == end.microsecond == 0 for end in ends), constraint
        else:
            assert isinstance(constraint, StartDateConstraint)


def test_tariff__around_the_minute_a_price_changes__gives_the_price_of_each_side() -> None:
    # Given
    provider = next(one for one in package.snapshot().providers if one.id == "deepseek")
    model = next(one for one in provider.models if one.id == "deepseek-chat")
    at = package.tariff(provider, model, {}).at
    changes = 0

    for minute in range(24 * 60):
        start = datetime(2026, 11, 22, minute // 60, minute % 60, tzinfo=UTC)

        # When
        found = [at(int(start.timestamp()) * 1_000_000 + later) for later in (0, 59_999_999)]

        # Then
        expected = package.rates(model.get_prices(start))
        assert found == [expected, expected]
        changes += expected != package.rates(model.get_prices(start - timedelta(minutes=1)))
    assert changes
