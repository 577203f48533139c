"""Prices times usage, and when which prices hold."""

from datetime import UTC, date, datetime

import pytest

from apps.llm.pricing.rates import Rates, Tier, cost
from apps.llm.pricing.tariffs import Rule, Window, by_rules
from apps.llm.pricing.usage import Usage

PLAIN = Rates(input=1.0, output=10.0)
MTOK = 1_000_000


@pytest.mark.parametrize(
    ("rates", "usage", "total", "note"),
    [
        (PLAIN, Usage(MTOK, MTOK), 11.0, ""),
        (Rates(input=1.0), Usage(MTOK, 0), 1.0, ""),
        (Rates(request=0.5), Usage(MTOK, MTOK), 0.5, ""),
        (Rates(input=1.0, output=10.0, request=0.5), Usage(MTOK, 0), 1.5, ""),
        # Known cache prices, and multiples of the input where they are not known.
        (Rates(input=1.0, output=1.0, cache_read=0.2), Usage(MTOK, 0, MTOK // 2), 0.6, ""),
        (PLAIN, Usage(MTOK, 0, MTOK // 2), 0.75, "cache_price_assumed"),
        (PLAIN, Usage(MTOK, 0, 0, MTOK // 2), 1.0, "cache_price_assumed"),
        (
            Rates(input=1.0, output=1.0, cache_write=2.0, cache_write_1h=4.0),
            Usage(MTOK, 0, 0, MTOK, MTOK // 2),
            3.0,
            "",
        ),
        # Reasoning at its own price, at that of output, and a model whose whole answer costs more once it thinks.
        (Rates(input=1.0, output=10.0, reasoning=20.0), Usage(MTOK, MTOK, reasoning=MTOK // 2), 16.0, ""),
        (PLAIN, Usage(MTOK, MTOK, reasoning=MTOK // 2), 11.0, ""),
        (Rates(input=1.0, output=10.0, thinking_output=30.0), Usage(MTOK, MTOK, reasoning=1), 31.0, ""),
        (Rates(input=1.0, output=10.0, thinking_output=30.0), Usage(MTOK, MTOK), 11.0, ""),
        # Sound and pictures.
        (Rates(input=1.0, output=1.0, audio=10.0), Usage(MTOK, 0, audio=MTOK // 2), 5.5, ""),
        (PLAIN, Usage(MTOK, 0, audio=MTOK // 2, image=MTOK // 2), 1.0, ""),
        (
            Rates(input=1.0, output=1.0, audio=10.0, cache_read=0.5, cached_audio=2.0),
            Usage(MTOK, 0, MTOK // 2, audio=MTOK // 2, cached_audio=MTOK // 2),
            1.5,
            "",
        ),
        (Rates(input=1.0, output=1.0, web_search=0.01), Usage(MTOK, 0, web_searches=3), 1.03, ""),
        (PLAIN, Usage(MTOK, 0, web_searches=3), 1.0, "web_search_unpriced"),
        # The price of a long prompt holds for all of it, from one token above the threshold.
        (Rates(input=1.0, output=1.0, tiers=(Tier(MTOK, Rates(input=2.0, output=3.0)),)), Usage(MTOK, MTOK), 2.0, ""),
        (
            Rates(input=1.0, output=1.0, tiers=(Tier(MTOK, Rates(input=2.0, output=3.0)),)),
            Usage(2 * MTOK, MTOK),
            7.0,
            "",
        ),
    ],
)
def test_cost__of_a_usage__adds_up(rates: Rates, usage: Usage, total: float, note: str) -> None:
    # When
    found = cost(rates, usage)

    # Then
    assert found is not None
    assert (found.total, found.note) == (total, note)
    assert found.total == pytest.approx(found.input + found.output + found.request + found.web_search)


def test_cost__of_anthropic_s_cache_without_prices__takes_their_multiples() -> None:
    # When
    found = cost(Rates(input=1.0, output=1.0), Usage(3 * MTOK, 0, MTOK, 2 * MTOK, MTOK), is_anthropic=True)

    # Then
    assert found is not None
    assert (found.total, found.note) == (0.1 + 1.25 + 2.0, "cache_price_assumed")


@pytest.mark.parametrize(
    ("rates", "usage"), [(Rates(output=1.0), Usage(1, 1)), (Rates(input=1.0), Usage(1, 1)), (Rates(), Usage(1, 0))]
)
def test_cost__of_what_has_no_price__is_none(rates: Rates, usage: Usage) -> None:
    assert cost(rates, usage) is None


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * MTOK


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-11-20T01:00", True),  # nine on a Friday morning in Beijing
        ("2026-11-20T00:59", False),
        ("2026-11-20T03:59", True),
        ("2026-11-20T04:00", False),
        ("2026-11-21T01:00", False),  # a Saturday
        ("2026-11-19T20:00", False),
        ("1969-12-31T01:00", True),  # a Wednesday before the epoch
        ("2026-10-01T01:00", False),  # left out
    ],
)
def test_window__by_a_clock_ahead_of_utc__holds_on_its_days(moment: str, holds: bool) -> None:  # noqa: FBT001 - a case
    # Given
    window = Window(((540, 720),), frozenset(range(5)), 480, frozenset({date(2026, 10, 1)}))

    # When / Then
    assert window.holds(us(moment)) is holds


def test_rules__that_hold_at_the_same_time__give_way_to_the_last() -> None:
    # Given
    first, second = Rates(input=1.0), Rates(input=2.0)
    at = by_rules((Rule(first, end_us=20), Rule(second, start_us=10, end_us=30)))

    # When / Then
    assert [at(moment) for moment in (0, 9, 10, 29, 30)] == [first, first, second, second, None]
