"""Measuring the columns of Native blocks without decoding them."""

import struct

import pytest

from apps.clickhouse.embedded.layout import (
    Column,
    UnknownLayoutError,
    header_of,
    layout_of,
    read_block,
    retype,
    split_arguments,
    split_blocks,
)
from apps.clickhouse.embedded.wire import Reader, WireError, string, varint


def block(rows: int, *columns: tuple[str, str, bytes]) -> bytes:
    """Encode a block whose columns' bytes are given."""
    body = b"".join(string(name) + string(type_name) + data for name, type_name, data in columns)
    return varint(len(columns)) + varint(rows) + body


def u64(*numbers: int) -> bytes:
    """Encode numbers as UInt64."""
    return struct.pack(f"<{len(numbers)}Q", *numbers)


CASES = [
    ("UInt8", 3, b"abc"),
    ("DateTime64(6, 'UTC')", 2, bytes(16)),
    ("Decimal(9, 2)", 1, bytes(4)),
    ("Decimal(10, 2)", 1, bytes(8)),
    ("Decimal(38, 2)", 1, bytes(16)),
    ("Decimal(76, 2)", 1, bytes(32)),
    ("FixedString(5)", 2, bytes(10)),
    ("IntervalDay", 1, bytes(8)),
    ("Enum8('a, (b' = 1, 'it\\'s)' = 2)", 2, bytes(2)),
    ("Nullable(UInt32)", 2, bytes(2) + bytes(8)),
    ("Nullable(Nothing)", 2, bytes(4)),
    ("Array(UInt16)", 2, u64(1, 3) + bytes(6)),
    ("Array(Array(String))", 2, u64(1, 2) + u64(1, 3) + string("a") + string("") + string("ccc")),
    ("Map(String, UInt8)", 1, u64(2) + string("a") + string("b") + b"\x01\x02"),
    ("Tuple(a UInt8, `b c` String)", 1, b"\x01" + string("x")),
    ("Tuple(UInt8, Tuple(n String))", 1, b"\x01" + string("x")),
    ("Tuple()", 2, bytes(2)),
    ("Nested(a UInt8, b String)", 1, u64(1) + b"\x01" + string("x")),
    ("LowCardinality(String)", 3, u64(1) + u64(0x600, 2) + string("") + string("a") + u64(3) + b"\x01\x00\x01"),
    ("LowCardinality(Nullable(String))", 1, u64(1) + u64(0x601, 1) + string("") + u64(1) + bytes(2)),
    ("Array(LowCardinality(String))", 1, u64(1) + u64(0)),
    ("SimpleAggregateFunction(sum, UInt64)", 1, bytes(8)),
    ("Polygon", 1, u64(1) + u64(1) + bytes(16)),
    # As the engine itself writes [{"a": 1, "b": ["x"]}, {"a": "zz"}, {}] with flattened serialization.
    (
        "JSON(max_dynamic_paths=256)",
        3,
        u64(3)
        + varint(2)
        + string("a")
        + string("b")
        + u64(3)
        + varint(2)
        + string("Int64")
        + string("String")
        + u64(3)
        + varint(1)
        + string("Array(Nullable(String))")
        + b"\x00\x01\x02"
        + u64(1)
        + string("zz")
        + b"\x00\x01\x01"
        + u64(1)
        + b"\x00"
        + string("x"),
    ),
    ("JSON", 2, u64(3) + varint(0)),
    ("Array(JSON)", 1, u64(3) + varint(1) + string("k") + u64(3) + varint(1) + string("Bool") + u64(2) + b"\0\0\1\1"),
]


@pytest.mark.parametrize(("type_name", "rows", "data"), CASES, ids=[case[0] for case in CASES])
def test_column__of_every_layout__ends_where_the_next_begins(type_name: str, rows: int, data: bytes) -> None:
    # Given a block with the column in the middle
    whole = block(rows, ("a", type_name, data), ("z", "UInt8", b"z" * rows))

    # When it is read from single bytes
    rest = [bytes([byte]) for byte in whole + b"END"]
    captured: list[bytes] = []
    reader = Reader(lambda _: rest.pop(0))
    with reader.capture(lambda piece: captured.append(bytes(piece))):
        header = read_block(reader)

    # Then
    assert b"".join(captured) == whole
    assert reader.take(3) == b"END"
    assert header.columns == (Column(b"a", type_name.encode()), Column(b"z", b"UInt8"))
    assert header.rows == rows


@pytest.mark.parametrize(
    "type_name",
    [
        "JSON(a UInt8)",
        "Dynamic",
        "Variant(UInt8, String)",
        "AggregateFunction(sum, UInt64)",
        "Array(JSON(a.b UInt8))",
        "Never",
    ],
)
def test_column__that_only_decoding_can_measure__is_refused(type_name: str) -> None:
    with pytest.raises(UnknownLayoutError, match="cannot be passed through"):
        layout_of(type_name)


def test_json_column__in_another_form__is_refused() -> None:
    with pytest.raises(UnknownLayoutError, match="another form"):
        header_of(block(1, ("a", "JSON", u64(2) + varint(0) + bytes(8))))


@pytest.mark.parametrize(
    "type_name", ["Array", "FixedString(x)", "FixedString", "Decimal(99, 1)", "Array(" * 5000, "Nullable()", "\udcff"]
)
def test_column__of_a_type_that_is_none__is_refused(type_name: str) -> None:
    raw = type_name.encode("utf-8", "surrogateescape")
    data = varint(1) + varint(1) + string("a") + string(raw) + bytes(100)

    with pytest.raises(UnknownLayoutError):
        header_of(data)


@pytest.mark.parametrize(
    "data", [varint(200_000) + varint(1), block(2, ("a", "UInt64", b"short")), varint(1) + varint(1)]
)
def test_block__that_makes_no_sense__is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        header_of(data)


def test_split_blocks__of_several__gives_each_its_bytes() -> None:
    first, second = block(1, ("a", "UInt8", b"x")), block(2, ("a", "String", string("y") + string("zz")))

    cut = split_blocks(first + second + first)

    assert [piece for _, piece in cut] == [first, second, first]
    assert [header.rows for header, _ in cut] == [1, 2, 1]


def test_retype__names_the_types_as_given_and_keeps_the_data() -> None:
    plain = block(1, ("a", "DateTime", b"abcd"), ("b", "String", string("DateTime")))
    zoned = block(1, ("a", "DateTime('Asia/Tokyo')", b"abcd"), ("b", "String", string("DateTime")))

    assert retype(plain, (Column(b"a", b"DateTime('Asia/Tokyo')"), Column(b"b", b"String"))) == zoned


def test_header__as_an_empty_block__announces_its_columns() -> None:
    header = header_of(block(1, ("a", "UInt8", b"x")))

    assert header.empty_block() == b"\x01\x00" + string("a") + string("UInt8")


def test_split_arguments__minds_brackets_and_quotes() -> None:
    assert split_arguments("a Tuple(x, y), 'it\\'s, (' = 1, `b,c` Int8") == [
        "a Tuple(x, y)",
        "'it\\'s, (' = 1",
        "`b,c` Int8",
    ]
