"""Every type the schema and its results use goes in and comes out through clickhouse-driver unchanged."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

ID = UUID("018f3a5c-7e2b-7c11-9d0e-5a4b3c2d1e0f")
MOMENT = datetime(2026, 11, 22, 9, 30, 15, tzinfo=UTC)
LONG = "x" * 200_000

TYPES: list[tuple[str, list[Any]]] = [
    ("UInt8", [0, 255]),
    ("UInt16", [0, 65535]),
    ("UInt32", [0, 2**32 - 1]),
    ("UInt64", [0, 2**64 - 1]),
    ("UInt128", [0, 2**128 - 1]),
    ("UInt256", [0, 2**256 - 1]),
    ("Int8", [-128, 127]),
    ("Int16", [-(2**15), 2**15 - 1]),
    ("Int32", [-(2**31), 2**31 - 1]),
    ("Int64", [-(2**63), 2**63 - 1]),
    ("Int128", [-(2**127), 2**127 - 1]),
    ("Int256", [-(2**255), 2**255 - 1]),
    ("Float32", [0.5, -1.25]),
    ("Float64", [0.1, float("inf"), -1e300]),
    ("Bool", [True, False]),
    ("Decimal32(4)", [Decimal("-12345.6789"), Decimal("0.0001")]),
    ("Decimal64(6)", [Decimal("123456789012.345678")]),
    ("Decimal128(10)", [Decimal("-1234567890123456789.0123456789")]),
    ("Decimal256(20)", [Decimal("12345678901234567890123456789.01234567890123456789")]),
    ("Decimal(9, 2)", [Decimal("1234567.89")]),
    ("String", ["", "ü𝄞", "a" * 127, "b" * 128, "c" * 16384, LONG]),
    ("FixedString(4)", ["abcd", "zzzz"]),
    ("Date", [date(1970, 1, 1), date(2149, 6, 6)]),
    ("Date32", [date(1900, 1, 1), date(2299, 12, 31)]),
    ("DateTime", [datetime(2026, 11, 22, 9, 30, 15)]),  # noqa: DTZ001 - the driver's form of the server's zone
    ("DateTime('UTC')", [MOMENT]),
    ("DateTime('Asia/Tokyo')", [MOMENT.astimezone(ZoneInfo("Asia/Tokyo"))]),
    ("DateTime64(6, 'UTC')", [MOMENT.replace(microsecond=123456)]),
    ("DateTime64(3, 'America/New_York')", [MOMENT.replace(microsecond=123000)]),
    ("UUID", [ID, UUID(int=0)]),
    ("Enum8('a' = 1, 'b, (c)' = -2)", ["a", "b, (c)"]),
    ("Enum16('x' = 1000, 'it''s' = -1000)", ["x", "it's"]),
    ("IPv4", [IPv4Address("10.1.2.3")]),
    ("IPv6", [IPv6Address("2001:db8::1")]),
    ("Nullable(UInt64)", [None, 7]),
    ("Nullable(String)", [None, "", "x"]),
    ("Nullable(DateTime64(6, 'UTC'))", [None, MOMENT]),
    ("Nullable(Decimal(18, 4))", [None, Decimal("1.2345")]),
    ("Array(UInt8)", [[], [1, 2, 3]]),
    ("Array(Nullable(String))", [[], [None, "a"], ["", "b" * 300]]),
    ("Array(Array(String))", [[], [[]], [["a"], ["b", "c"]]]),
    ("LowCardinality(String)", ["a", "b", "a", ""]),
    ("LowCardinality(Nullable(String))", [None, "a", "", "a"]),
    ("LowCardinality(FixedString(2))", ["ab", "cd", "ab"]),
    ("Array(LowCardinality(String))", [[], ["a", "b"], ["a"]]),
    ("Array(LowCardinality(Nullable(String)))", [[None], [], ["a", None]]),
    ("Tuple(UInt8, String)", [(1, "a"), (2, "")]),
    ("Tuple(Array(String), Nullable(UInt8))", [([], None), (["a"], 1)]),
    ("Map(String, String)", [{}, {"a": "b", "c": ""}]),
    ("Map(String, UInt64)", [{"a": 1}, {}]),
    ("Map(LowCardinality(String), Array(UInt64))", [{}, {"a": [1, 2], "b": []}]),
    ("Array(Tuple(String, DateTime64(6, 'UTC'), Nullable(Float64)))", [[], [("a", MOMENT, None), ("b", MOMENT, 0.5)]]),
    ("Array(Map(String, Array(Nullable(UUID))))", [[], [{"a": [None, ID]}, {}]]),
    ("SimpleAggregateFunction(max, UInt64)", [1, 2]),
]


@pytest.mark.parametrize(("type_name", "values"), TYPES, ids=[type_name for type_name, _ in TYPES])
def test_column__inserted_and_selected__keeps_its_values(
    client: Client, table: Callable[..., str], type_name: str, values: list[Any]
) -> None:
    # Given
    name = table(f"id UInt32, value {type_name}, tail String")
    rows = [(number, value, f"row {number}") for number, value in enumerate(values)]

    # When the rows go in, and come out beside a column whose zone has to be written into every block
    client.execute(f"INSERT INTO {name} VALUES", rows)
    found, columns = client.execute(
        f"SELECT id, value, tail, toDateTime(0, 'Asia/Tokyo') AS zoned FROM {name} ORDER BY id", with_column_types=True
    )

    # Then
    assert [row[:3] for row in found] == rows
    assert columns[3] == ("zoned", "DateTime('Asia/Tokyo')")
    assert {row[3].utcoffset().total_seconds() for row in found} == {9 * 3600}


@pytest.mark.parametrize("type_name", [type_name for type_name, _ in TYPES])
def test_column__in_an_empty_result__is_described(client: Client, table: Callable[..., str], type_name: str) -> None:
    name = table(f"value {type_name}")

    rows, columns = client.execute(f"SELECT value FROM {name}", with_column_types=True)

    (declared,) = client.execute(f"SELECT type FROM system.columns WHERE table = '{name}'")
    assert rows == []
    assert columns == [("value", declared[0])]


def test_low_cardinality__with_many_values_over_many_blocks__keeps_them(
    client: Client, table: Callable[..., str]
) -> None:
    name = table("id UInt32, value LowCardinality(String)")
    values = [f"value {number % 40_000}" for number in range(60_000)]

    client.execute(f"INSERT INTO {name} VALUES", [list(range(60_000)), values], columnar=True)
    rows = client.execute(f"SELECT value, toDateTime(id, 'Asia/Tokyo') AS at FROM {name} ORDER BY id")

    assert [value for value, _ in rows] == values


def test_nested__inserted_and_selected__keeps_its_values(client: Client, table: Callable[..., str]) -> None:
    name = table("id UInt8, n Nested(a UInt8, b String)")

    client.execute(f"INSERT INTO {name} (id, n.a, n.b) VALUES", [(1, [1, 2], ["x", "y"]), (2, [], [])])

    assert client.execute(f"SELECT id, n.a, n.b FROM {name} ORDER BY id") == [(1, [1, 2], ["x", "y"]), (2, [], [])]


def test_nothing_and_intervals__selected__are_read(client: Client) -> None:
    rows = client.execute("SELECT NULL, [], toIntervalDay(3), toDateTime(0, 'UTC')")

    assert rows == [(None, [], 3, datetime(1970, 1, 1, tzinfo=UTC))]


def test_json__filled_through_a_materialized_view__is_read_by_subcolumn(
    client: Client, table: Callable[..., str]
) -> None:
    # Given a landing table of text whose view converts to the JSON type, which the driver cannot write
    target = table("id UInt32, properties JSON")
    landing = table("id UInt32, properties String", "ENGINE = Null")
    query = f"SELECT id, properties::JSON AS properties FROM {landing}"
    client.execute(f"CREATE MATERIALIZED VIEW {landing}_view TO {target} AS {query}")

    # When
    client.execute(f"INSERT INTO {landing} VALUES", [(1, '{"$ai_model": "qwen", "n": 3}'), (2, "{}")])

    # Then
    rows = client.execute(f"SELECT id, properties.`$ai_model`.:String, properties.n.:Int64 FROM {target} ORDER BY id")
    assert rows == [(1, "qwen", 3), (2, None, None)]
    client.execute(f"DROP VIEW {landing}_view")


def test_json__selected_whole_as_text__is_read(client: Client, table: Callable[..., str]) -> None:
    name = table("properties JSON")
    client.execute(f"""INSERT INTO {name} VALUES ('{{"a": {{"b": 1}}}}')""")

    assert client.execute(f"SELECT toString(properties) FROM {name}") == [('{"a":{"b":1}}',)]


def test_json__in_the_form_the_driver_writes__is_refused_and_the_client_goes_on(
    client: Client, table: Callable[..., str]
) -> None:
    name = table("properties JSON")

    with pytest.raises(ServerException, match="cannot be passed through") as caught:
        client.execute(f"INSERT INTO {name} VALUES", [({"a": 1},)])

    assert caught.value.code == 48
    assert client.execute("SELECT 1") == [(1,)]
