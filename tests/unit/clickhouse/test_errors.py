"""Server codes become classes, server messages become a sentence."""

import pytest

from apps.clickhouse import errors


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (159, errors.QueryTimeoutError),
        (241, errors.QueryMemoryError),
        (158, errors.TooManyRowsError),
        (396, errors.TooManyRowsError),
        (394, errors.QueryCancelledError),
        (62, errors.QuerySyntaxError),
        (47, errors.UnknownNameError),
        (60, errors.UnknownNameError),
        (53, errors.QueryTypeError),
        (376, errors.QueryTypeError),
        (516, errors.AccessDeniedError),
        (243, errors.StorageFullError),
        (210, errors.ClickHouseUnavailableError),
        (395, errors.ClickHouseError),
    ],
)
def test_from_code__of_a_server__gives_its_class(code: int, kind: type[errors.ClickHouseError]) -> None:
    # When
    error = errors.from_code(code, "DB::Exception: no. Stack trace:\n\n0. DB::parse(...)\n1. main")

    # Then
    assert type(error) is kind
    assert (error.code, error.message) == (code, "no.")
    assert str(error) == f"no. (ClickHouse code {code})"


def test_codes__belong_to__one_class_each() -> None:
    # When
    codes = [code for members in errors._CODES.values() for code in members]

    # Then
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    "message",
    [
        "Code: 60. DB::Exception: Table a.b does not exist. (UNKNOWN_TABLE) (version 26.9.2.1 (official build))",
        "DB::Exception: Table a.b does not exist. (UNKNOWN_TABLE)",
        "Code: 60. DB::Exception: DB::Exception: Table a.b does not exist. (UNKNOWN_TABLE). Stack trace:\n0. x",
    ],
)
def test_from_code__message__has_neither_prefix_nor_version_nor_stack(message: str) -> None:
    # When / Then
    assert errors.from_code(60, message).message.rstrip(".") == "Table a.b does not exist. (UNKNOWN_TABLE)"
