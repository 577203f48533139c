"""How money and large numbers are written."""

from decimal import Decimal

import pytest

from apps.web.templatetags.baleen import NOTHING, compact, usd


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NOTHING),
        (0, "$0"),
        (0.4, "$0.40"),
        (0.003625, "$0.003625"),
        (0.000000123456, "$0.0000001235"),
        (0.99999, "$1.00"),
        (1, "$1"),
        (1.5, "$1.50"),
        (Decimal("-2.345"), "-$2.35"),
        (1234.5, "$1,234.50"),
        (123456.7, "$123,457"),
    ],
)
def test_usd__of_any_size__keeps_the_digits_that_mean_something(value: float | Decimal | None, text: str) -> None:
    assert usd(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, NOTHING), (7, "7"), (999, "999"), (1_234, "1.2 k"), (45_678, "46 k"), (1_234_567, "1.2 M"), (3e9, "3.0 G")],
)
def test_compact__of_a_large_number__names_its_unit(value: float | None, text: str) -> None:
    assert compact(value) == text
