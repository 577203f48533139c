"""Packing plain columns: the same bytes as writing each value by itself."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.clickhouse.embedded.wire import Reader, bytes_refill, string
from apps.clickhouse.native.values import few_texts, numbers, texts, uuids

SIZES = st.sampled_from([0, 1, 15, 31, 32, 127, 128, 217, 218, 255, 256, 16_383, 16_384, 70_000])
TEXTS = st.text(max_size=50) | st.builds(lambda size, letter: letter * size, SIZES, st.sampled_from("aé٩\x00\x7f"))


@given(st.lists(TEXTS, max_size=40))
def test_texts__packed_together__are_as_packed_one_by_one(values: list[str]) -> None:
    assert texts(values) == b"".join(string(value) for value in values)


@given(st.lists(st.text(alphabet="ab", max_size=3), min_size=1, max_size=3000))
def test_texts__many_short_ones__are_as_packed_one_by_one(values: list[str]) -> None:
    assert texts(values) == b"".join(string(value) for value in values)


@given(st.lists(st.uuids(), max_size=20))
def test_uuids__packed__are_two_halves_each(values: list[UUID]) -> None:
    packed = b"".join(
        (value.int >> shift & (1 << 64) - 1).to_bytes(8, "little") for value in values for shift in (64, 0)
    )

    assert uuids([str(value) for value in values]) == packed


@pytest.mark.parametrize(
    "value", ["", "018f0000-0000-7000-8000-00000000000", "018f0000-0000-7000-8000-00000000000g", "-" * 36, "0" * 36]
)
def test_uuids__text_that_is_none__is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"hex|UUID"):
        uuids([value])


@pytest.mark.parametrize(("code", "value"), [("q", 1 << 63), ("Q", -1), ("q", -(1 << 63) - 1)])
def test_numbers__too_large__are_refused(code: str, value: int) -> None:
    with pytest.raises(OverflowError):
        numbers(code, [value])


@pytest.mark.parametrize("different", [1, 255, 256, 257, 70_000])
def test_few_texts__many_different__are_found_again_by_number(different: int) -> None:
    # Given
    values = [f"event {number % different}" for number in range(different + 3)]

    # When
    reader = Reader(bytes_refill, few_texts(values))

    # Then the dictionary and the places in it give the texts back
    assert reader.uint64() == 1
    width = 1 << (reader.uint64() & 0xFF)
    known = [reader.string(100) for _ in range(reader.uint64())]
    assert len(known) == different
    places = [int.from_bytes(reader.take(width), "little") for _ in range(reader.uint64())]
    assert [known[place] for place in places] == values
    assert reader.remaining == 0
