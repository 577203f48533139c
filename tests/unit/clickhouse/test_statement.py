"""Values and text of a statement stay apart, whatever a value holds."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from uuid import UUID

import pytest

from apps.clickhouse.statement import Statement, identifier, literal, names, text_literal


class Color(Enum):
    RED = "red"


def test_statement__without_a_project__is_refused() -> None:
    # When / Then
    with pytest.raises(ValueError, match="project_id"):
        Statement("SELECT 1", {"event": "seen"})


def test_statement__made_unscoped__needs_no_project() -> None:
    # When
    statement = Statement.unscoped("SELECT %(number)s", {"number": 1})

    # Then
    assert statement.render() == "SELECT 1"


def test_statement__values_changed_after__keeps_its_own() -> None:
    # Given
    params = {"project_id": 1}
    statement = Statement("SELECT %(project_id)s", params)

    # When
    params["project_id"] = 2

    # Then
    assert statement.render() == "SELECT 1"
    with pytest.raises(TypeError):
        statement.params["project_id"] = 2  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "NULL"),
        (True, "true"),
        (7, "7"),
        (-7, "(-7)"),
        (1.0, "1.0"),
        (-0.5, "(-0.5)"),
        (float("inf"), "inf"),
        (float("-inf"), "(-inf)"),
        (float("nan"), "nan"),
        (Decimal("1.50"), "1.50"),
        (Color.RED, "'red'"),
        ("it's", r"'it\'s'"),
        ("back\\slash", r"'back\\slash'"),
        ("nul\0 line\n tab\t", r"'nul\0 line\n tab\t'"),
        ("100 %(project_id)s", "'100 %(project_id)s'"),
        ("čaj ☕", "'čaj ☕'"),
        (UUID(int=1), "toUUID('00000000-0000-0000-0000-000000000001')"),
        (date(2026, 1, 2), "toDate32('2026-01-02')"),
        (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "fromUnixTimestamp64Micro(toInt64(1767323045000006), 'UTC')"),
        (
            datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            "fromUnixTimestamp64Micro(toInt64(-1), 'UTC')",
        ),
        (
            datetime(2026, 1, 2, 4, 4, 5, 6, tzinfo=timezone(timedelta(hours=1))),
            "fromUnixTimestamp64Micro(toInt64(1767323045000006), 'UTC')",
        ),
        (["a", 1, None], "['a', 1, NULL]"),
        (("a", "b"), "('a', 'b')"),
        ((), "tuple()"),
        (frozenset({5}), "(5)"),
    ],
)
def test_literal__of_a_value__says_the_same(value: object, expected: str) -> None:
    # When / Then
    assert literal(value) == expected


@pytest.mark.parametrize("value", [object(), {"a": 1}, b"bytes", datetime(2026, 1, 2)])  # noqa: DTZ001 - the point
def test_literal__of_what_has_none__is_refused(value: object) -> None:
    # When / Then
    with pytest.raises(ValueError, match="ClickHouse"):
        literal(value)


def test_render__value_that_looks_like_a_parameter__is_not_filled_again() -> None:
    # Given
    statement = Statement("SELECT %(a)s, %(project_id)s", {"project_id": 5, "a": "%(project_id)s %s %%"})

    # When / Then
    assert statement.render() == "SELECT '%(project_id)s %s %%', 5"


def test_render__percent_sign_doubled__is_one() -> None:
    # When / Then
    assert Statement.unscoped("SELECT 7 %% 4, 'a' LIKE '%%a'").render() == "SELECT 7 % 4, 'a' LIKE '%a'"


@pytest.mark.parametrize("sql", ["SELECT 7 % 4", "SELECT '%s'", "SELECT %(missing)s"])
def test_render__bad_percent_sign_or_missing_value__is_refused(sql: str) -> None:
    # When / Then
    with pytest.raises(ValueError, match="statement"):
        Statement.unscoped(sql).render()


def test_render__half_a_surrogate_pair__is_refused() -> None:
    # When / Then
    with pytest.raises(ValueError, match="surrogate"):
        Statement.unscoped("SELECT %(a)s", {"a": "\ud800"}).render()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", "`plain`"),
        ("with`tick", r"`with\`tick`"),
        ("back\\slash", r"`back\\slash`"),
        ("50% of it's", "`50%% of it's`"),
        ("nul\0", r"`nul\0`"),
    ],
)
def test_identifier__hostile_name__stays_a_name(name: str, expected: str) -> None:
    # When / Then
    assert identifier(name) == expected


@pytest.mark.parametrize("name", ["", "\udfff"])
def test_identifier__that_is_none__is_refused(name: str) -> None:
    # When / Then
    with pytest.raises(ValueError, match="identifier"):
        identifier(name)


def test_text_literal__percent_sign__survives_rendering() -> None:
    # When
    statement = Statement.unscoped(f"SELECT {text_literal('50% of `it')}")

    # Then
    assert statement.render() == "SELECT '50% of `it'"
    with pytest.raises(ValueError, match="surrogate"):
        text_literal("\ud800")


def test_names__of_columns__are_quoted_and_joined() -> None:
    # When / Then
    assert names(("a", "index")) == "`a`, `index`"
