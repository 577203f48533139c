"""The way to ClickHouse: limits on what a question may cost, and its failures in words a person can act on."""

from typing import Any, Final

from apps.clickhouse import client
from apps.clickhouse import errors as clickhouse
from apps.clickhouse.client import Result
from apps.clickhouse.statement import Statement
from apps.query.errors import (
    InvalidQueryError,
    QueryCancelledError,
    QueryTimeoutError,
    QueryTooLargeError,
    QueryUnavailableError,
)

TIMEOUT_SECONDS: Final = 60
MAX_MEMORY_BYTES: Final = 4 << 30
MAX_RESULT_ROWS: Final = 500_000
LIMITS: Final = {
    "max_memory_usage": MAX_MEMORY_BYTES,
    "max_result_rows": MAX_RESULT_ROWS,
    # Twice the same event has the same day, so the same month: months that are merged cost FINAL nothing.
    "do_not_merge_across_partitions_select_final": 1,
}

_BAD_PATTERN: Final = frozenset({427, 36})
_BAD_ZONE: Final = "time zone"
_TOO_BIG: Final = frozenset({167, 168, 306})
"""TOO_DEEP_AST, TOO_BIG_AST, TOO_DEEP_RECURSION."""
_TEXT_TOO_LONG: Final = "Max query size exceeded"
"""How the engine words `max_query_size`, under the code of any syntax error."""


def ask(statement: Statement, *, tag: str, query_id: str | None = None, raw: object = None) -> Result:
    """Run a statement within the limits; `raw` is the query it came from, to name the field an error is about."""
    limited = Statement(statement.sql, statement.params, LIMITS | dict(statement.settings))
    try:
        return client.run(limited, query_id=query_id, timeout=TIMEOUT_SECONDS, tag=tag)
    except clickhouse.QueryTimeoutError as exc:
        raise QueryTimeoutError(
            f"The question took longer than {TIMEOUT_SECONDS} seconds. A shorter range or fewer series may do."
        ) from exc
    except (clickhouse.QueryMemoryError, clickhouse.TooManyRowsError) as exc:
        raise QueryTooLargeError(
            "The question needs more memory or rows than it may. A shorter range or fewer values may do."
        ) from exc
    except clickhouse.QueryCancelledError as exc:
        raise QueryCancelledError("The query was cancelled.") from exc
    except clickhouse.ClickHouseUnavailableError as exc:
        raise QueryUnavailableError("The analytics engine cannot be reached for now.") from exc
    except clickhouse.ClickHouseError as exc:
        raise _explained(exc, raw) from exc


def _explained(exc: clickhouse.ClickHouseError, raw: object) -> Exception:
    """Turn what only the engine can check (regular expressions, its zone list) into an error that names the field."""
    if exc.code in _TOO_BIG or _TEXT_TOO_LONG in exc.message:
        return QueryTooLargeError("The question has more filters and values than it may.")
    if exc.code not in _BAD_PATTERN:
        return exc
    if _BAD_ZONE in exc.message:
        return InvalidQueryError("The engine does not know the project's time zone.", attr="timezone")
    if exc.code == 36:  # noqa: PLR2004 - BAD_ARGUMENTS about anything else is a fault of ours
        return exc
    return InvalidQueryError("A pattern is not valid in RE2 syntax.", attr=pattern_path(raw, exc.message, "query"))


def pattern_path(node: Any, message: str, attr: str) -> str | None:  # noqa: ANN401 - raw JSON
    """Find the filter whose pattern the engine complains about."""
    if isinstance(node, list | tuple):
        items = [(f"{attr}.{index}", item) for index, item in enumerate(node)]
    elif isinstance(node, dict):
        value = node.get("value")
        texts = value if isinstance(value, list | tuple) else [value]
        if node.get("operator") in {"regex", "not_regex"} and any(str(text) in message for text in texts):
            return f"{attr}.value"
        items = [(f"{attr}.{name}", item) for name, item in node.items()]
    else:
        return None
    return next((found for path, item in items if (found := pattern_path(item, message, path))), None)
