"""What a property reads as, whatever its key and its value are."""

import json
from uuid import uuid4

import pytest

from apps.clickhouse import client, tables
from apps.clickhouse.properties import property_is_set, property_number, property_text
from apps.clickhouse.statement import Statement

pytestmark = pytest.mark.usefixtures("clickhouse")


def store(project_id: int, *texts: str) -> None:
    count = len(texts)
    client.insert(
        tables.EVENTS_LANDING,
        {
            "project_id": [project_id] * count,
            "uuid": [str(uuid4()) for _ in texts],
            "event": ["seen"] * count,
            "distinct_id": ["ada"] * count,
            "person_id": [str(uuid4())] * count,
            "timestamp_us": [1_767_225_600_000_000 + number for number in range(count)],
            "received_us": [1_767_225_600_000_000] * count,
            "properties": list(texts),
            "entry": ["1-0"] * count,
        },
    )


def read(project_id: int, *expressions: str) -> list[tuple[object, ...]]:
    sql = f"SELECT {', '.join(expressions)} FROM events WHERE project_id = %(project_id)s ORDER BY timestamp"
    return client.run(Statement(sql, {"project_id": project_id})).rows


@pytest.mark.parametrize(
    ("sent", "text", "number", "is_set"),
    [
        ("1", "1", 1.0, 1),
        ("-7", "-7", -7.0, 1),
        ("1.50", "1.5", 1.5, 1),
        ("1e3", "1000", 1000.0, 1),
        ("18446744073709551615", "18446744073709551615", 1.8446744073709552e19, 1),
        ("123456789012345678901234567890", "123456789012345678901234567890", 1.2345678901234568e29, 1),
        ('"1"', "1", 1.0, 1),
        ('"1.5e2"', "1.5e2", 150.0, 1),
        ('"many"', "many", None, 1),
        ('""', "", None, 1),
        ("true", "true", None, 1),
        ("false", "false", None, 1),
        ('"true"', "true", None, 1),
        ('"2024-01-01"', "2024-01-01", None, 1),
        ('"2024-01-01T00:00:00Z"', "2024-01-01T00:00:00Z", None, 1),
        ('"a\\u0000b \\ud83d\\ude00 \\" \\\\"', 'a\0b 😀 " \\', None, 1),
        ("null", None, None, 0),
        ("{}", None, None, 0),
        ('{"b": 1}', None, None, 1),
        ('{"b": {"c": null, "d": 1}}', None, None, 1),
        ("[1, 2]", "[1,2]", None, 1),
        ("[]", "[]", None, 1),
    ],
)
def test_property__of_a_value__reads_as_text_and_number(
    project_id: int, sent: str, text: str | None, number: float | None, is_set: int
) -> None:
    # Given: the value, and an event without the key
    store(project_id, f'{{"key": {sent}, "other": 5}}', '{"other": 5}')

    # When
    rows = read(project_id, property_text("key"), property_number("key"), property_is_set("key"))

    # Then
    assert rows == [(text, number, is_set), (None, None, 0)]


HOSTILE = [
    "$browser", "a.b", "a..b", ".", ".a", "a.", "^a", "^", "@a", ":Int64", "a:Int64", "a.:Int64", "a[]", "", "`", "a`b",
    "\\", "\\n", "null", "size0", "it's", '"', "%", "%s", "%(project_id)s", "100%%", "\0", "x\0y", "a b", "é", "😀",
    "\n", "^`a`", ":`Int64`", "@`a`", "2E", "` OR 1 --", "k" * 400, "DROP TABLE events", "properties",
]  # fmt: skip


@pytest.mark.parametrize("key", HOSTILE)
def test_property__of_a_hostile_key__reads_its_own_value(project_id: int, key: str) -> None:
    # Given: the key beside keys that resemble it
    others = {"a": {"q": "wrong", "b": "wrong"}, "zz": "wrong"}
    store(project_id, json.dumps({**others, key: "right"}), json.dumps(others), json.dumps({**others, key: 7}))

    # When
    rows = read(project_id, property_text(key), property_number(key), property_is_set(key))

    # Then
    assert rows == [("right", None, 1), (None, None, 0), ("7", 7.0, 1)]


def test_properties__read_back_as_json__are_what_was_sent(project_id: int) -> None:
    # Given
    sent = {"a.b": "2024-01-01", "a": {"b": [1, "x", None, {"c": True}]}, "n": 1.5, "t": True, "s": 'é "\\', "": 0}
    store(project_id, json.dumps(sent))

    # When
    ((text,),) = read(project_id, "toJSONString(properties)")

    # Then
    assert json.loads(str(text)) == sent


def test_properties__same_key_twice__keeps_the_first(project_id: int) -> None:
    # Given
    store(project_id, '{"a": 1, "a": 2, "b": {"c": 1}, "b": {"c": 2}}')

    # When / Then
    assert read(project_id, "toJSONString(properties)") == [('{"a":1,"b":{"c":1}}',)]


def test_properties__more_keys_than_columns__are_all_there(project_id: int) -> None:
    # Given
    sent = {f"key {number}": number for number in range(5000)}
    store(project_id, json.dumps(sent), "{}")

    # When
    rows = read(project_id, property_text("key 0"), property_number("key 4999"), "toJSONString(properties)")

    # Then
    assert rows[0][:2] == ("0", 4999.0)
    assert json.loads(str(rows[0][2])) == sent
    assert rows[1] == (None, None, "{}")
