"""Reading the primitives of the protocol from pieces of any size."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.clickhouse.embedded.wire import Reader, WireError, bytes_refill, string, varint


def pieces(data: bytes, size: int) -> Reader:
    """Make a reader that receives the data in pieces of so many bytes."""
    rest = (data[start : start + size] for start in range(0, len(data), size))

    def refill(_count: int) -> bytes:
        try:
            return next(rest)
        except StopIteration as exc:
            raise WireError("no more") from exc

    return Reader(refill)


@given(st.integers(min_value=0, max_value=2**64 - 1), st.integers(min_value=1, max_value=4))
def test_varint__of_any_number__is_read_back(number: int, size: int) -> None:
    assert pieces(varint(number), size).varint() == number


@given(st.text() | st.binary())
def test_string__of_any_text__is_read_back(value: str | bytes) -> None:
    raw = value.encode() if isinstance(value, str) else value

    assert pieces(string(raw), 3).raw_string(1 << 20) == raw


def test_string__that_is_no_utf8__survives_a_round_trip() -> None:
    text = pieces(string(b"\xff\x00a"), 1).string(100)

    assert string(text) == string(b"\xff\x00a")


@pytest.mark.parametrize("data", [b"\xff" * 10, b"\xff" * 11])
def test_varint__longer_than_64_bits__is_no_protocol(data: bytes) -> None:
    with pytest.raises(WireError, match="over ten bytes"):
        Reader(bytes_refill, data).varint()


def test_string__over_its_limit__is_no_protocol() -> None:
    with pytest.raises(WireError, match="over the limit"):
        Reader(bytes_refill, varint(11) + b"x" * 11).string(10)


@pytest.mark.parametrize("seed", range(30))
def test_skip_strings__of_any_lengths_in_any_pieces__stops_right_behind_them(seed: int) -> None:
    # Given strings of equal, growing and wild lengths
    generator = random.Random(seed)  # noqa: S311 - repeatable cases, no secret
    lengths = {
        0: [36] * 200,
        1: [generator.randrange(300) for _ in range(200)],
        2: [0] * 50 + [36] * 50 + [generator.choice((127, 128, 16383, 16384)) for _ in range(6)],
    }[seed % 3]
    data = b"".join(string(generator.randbytes(length)) for length in lengths)

    # When they are skipped while captured
    captured: list[bytes] = []
    reader = pieces(data + b"END", generator.choice((1, 7, 64, 1000, 1 << 20)))
    with reader.capture(lambda piece: captured.append(bytes(piece))):
        reader.skip_strings(len(lengths))

    # Then the capture is exactly theirs
    assert b"".join(captured) == data
    assert reader.take(3) == b"END"


def test_skip_strings__where_a_value_looks_like_a_length__is_not_fooled() -> None:
    # Lengths 8 everywhere along the stride but for one, whose content holds the same byte there
    values = [b"\x08" * 8] * 20 + [b"\x08" * 17] + [b"\x08" * 8] * 20

    reader = pieces(b"".join(string(value) for value in values) + b"END", 1 << 20)
    reader.skip_strings(len(values))

    assert reader.take(3) == b"END"


def test_peek__leaves_the_bytes_in_place() -> None:
    reader = pieces(b"abc", 1)

    assert reader.peek(2) == b"ab"
    assert reader.remaining == 2
    assert reader.take(3) == b"abc"
