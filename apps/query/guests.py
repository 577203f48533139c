"""The way to ClickHouse for SQL that people write: as the user who may only read, failures told in words of theirs."""

import re
from collections.abc import Mapping
from typing import Final

from apps.clickhouse import client
from apps.clickhouse import errors as clickhouse
from apps.clickhouse.client import Result
from apps.clickhouse.statement import Setting, Statement
from apps.clickhouse.tables import COLUMNS
from apps.query.errors import (
    InvalidQueryError,
    QueryCancelledError,
    QueryTimeoutError,
    QueryTooLargeError,
    QueryUnavailableError,
)
from apps.query.sql.errors import ATTR, at
from apps.query.sql.question import TIMEOUT_SECONDS

MAX_DETAIL: Final = 300
_SECOND_LOCK: Final = "additional_table_filters"
_SCOPE: Final = re.compile(
    r"\s*(?:[.:,]? In (?:scope|query)\b|[:.,]? ?[Ww]hile (?:executing|processing|resolving)\b"
    r"|: ?while converting source|Stack trace|\. Maybe you meant|, maybe you meant|\. Note:|In query).*",
    re.DOTALL,
)
_NAME: Final = re.compile(r"(?:identifier|column|function|name|table expression) [`']([^`']{1,256})[`']", re.IGNORECASE)
_OURS: Final = re.compile(r"`?__(?:table\d+|property_\d+|person_\d+|of_\d+|\d+)`?\.?")
_TOO_BIG: Final = frozenset({161, 167, 168, 306})
"""TOO_MANY_COLUMNS, TOO_DEEP_AST, TOO_BIG_AST, TOO_DEEP_RECURSION."""


def ask(statement: Statement, *, text: str, tag: str, query_id: str | None = None) -> Result:
    """Run somebody's SQL within its limits; what the engine has against it becomes a 400 that says so."""
    limited = Statement(statement.sql, statement.params, dict(statement.settings) | dict(_second_lock(statement)))
    try:
        return client.run(limited, query_id=query_id, timeout=TIMEOUT_SECONDS, tag=tag, as_guest=True)
    except clickhouse.QueryTimeoutError as exc:
        raise QueryTimeoutError(
            f"The query took longer than {TIMEOUT_SECONDS} seconds; read fewer days or rows."
        ) from exc
    except (clickhouse.QueryMemoryError, clickhouse.TooManyRowsError) as exc:
        raise QueryTooLargeError("The query needs more memory or rows than it may; filter or aggregate more.") from exc
    except clickhouse.QueryCancelledError as exc:
        raise QueryCancelledError("The query was cancelled.") from exc
    except clickhouse.ClickHouseUnavailableError as exc:
        raise QueryUnavailableError("The analytics engine cannot be reached for now.") from exc
    except clickhouse.ClickHouseError as exc:
        if exc.code in _TOO_BIG:
            raise QueryTooLargeError("The query is larger than it may be.") from exc
        raise InvalidQueryError(explain(exc.message, text), attr=ATTR) from exc


def explain(message: str, text: str) -> str:
    """Cut an engine's message down to what it says about the text, with the place of the name it complains about."""
    short = _OURS.sub("", _SCOPE.sub("", message)).strip().rstrip(".:")[:MAX_DETAIL]
    found = _NAME.search(short)
    place = ""
    if found and (start := text.find(found[1].rpartition(".")[2])) >= 0:
        before = text[:start]
        place = at(before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1)
    return f"{short or 'The engine refuses the query'}{place}."


def _second_lock(statement: Statement) -> Mapping[str, Setting]:
    """Have the engine itself hide other projects' rows in every table, whatever the text may say."""
    project = int(str(statement.params["project_id"]))
    pairs = ", ".join(f"'{table}': 'project_id = {project}'" for table in COLUMNS)
    return {_SECOND_LOCK: f"{{{pairs}}}"}
