"""A property's key never becomes SQL."""

import pytest

from apps.clickhouse.properties import property_is_set, property_number, property_text
from apps.clickhouse.statement import Statement


def test_property_text__of_a_plain_key__reads_one_subcolumn() -> None:
    # When / Then
    assert property_text("$browser") == "CAST(properties.`$browser`, 'Nullable(String)')"


def test_property_text__of_another_column__names_it() -> None:
    # When / Then
    assert property_text("plan", column="e.properties") == "CAST(e.properties.`plan`, 'Nullable(String)')"


def test_property_text__of_a_key_with_dots__is_one_key() -> None:
    # When
    sql = Statement.unscoped(property_text("a.b")).render()

    # Then
    assert sql == "CAST(properties.`a%2Eb`, 'Nullable(String)')"


@pytest.mark.parametrize("read", [property_text, property_number, property_is_set])
@pytest.mark.parametrize("key", ["", "^`a`", ":`Int64`", "` OR 1 --", "\\`", "%(x)s", "a\0b"])
def test_property__of_a_hostile_key__renders(read: object, key: str) -> None:
    # When
    assert callable(read)
    sql = Statement.unscoped(f"SELECT {read(key)}").render()

    # Then: every quote that opens also closes, so nothing of the key stands outside one
    assert sql.replace(r"\\", "").replace(r"\`", "").count("`") % 2 == 0
