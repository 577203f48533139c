"""The plan of a HogQLQuery."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import parse as parse_filters
from apps.catalog.filters.sql import ALWAYS
from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Interval, Period, resolve
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds.source import both, in_range, is_event
from apps.query.schema.shared import DateRange
from apps.query.schema.sql import HogQLQuery
from apps.query.sql.errors import ATTR
from apps.query.sql.functions import unsafe
from apps.query.sql.question import SqlInput, SqlQuestion, build
from apps.query.sql.writing import FILTERS

MAX_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class SqlPlan:
    """One statement of somebody's own."""

    question: SqlQuestion
    text: str
    period: Period
    compared: Period | None = None

    def statements(self) -> tuple[Statement, ...]:
        """Give the one statement."""
        return (self.question.statement,)

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Refuse: rows by name would lose columns that share one; `table` is the way."""
        raise NotImplementedError

    def table(self, columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Write the answer's own fields from what the engine gave."""
        named = self.question.columns
        shown = list(named) if named is not None and len(named) == len(columns) else [unsafe(name) for name in columns]
        return {
            "results": [[plain(value) for value in row] for row in rows[: self.question.limit]],
            "columns": shown,
            "types": [list(pair) for pair in zip(shown, types, strict=True)],
            "query": self.text,
            "limit": self.question.limit,
            "offset": self.question.offset,
            "hasMore": len(rows) > self.question.limit,
        }


def plan_sql(query: HogQLQuery, scope: Scope) -> SqlPlan:
    """Bind the text to the project; raises InvalidQueryError with the place of what is wrong."""
    if not query.query.strip():
        raise InvalidQueryError("The query is empty.", attr=ATTR)
    if query.variables:
        raise UnsupportedQueryError("Variables are not supported yet; use values.", attr="query.variables")
    values = query.values or {}
    if len(values) > MAX_VALUES:
        raise InvalidQueryError(f"A query has {MAX_VALUES} values at most.", attr="query.values")
    filters = query.filters
    if filters and filters.filterTestAccounts:
        raise UnsupportedQueryError(
            "Leaving out test accounts is not supported yet.", attr="query.filters.filterTestAccounts"
        )
    if FILTERS in values:
        raise InvalidQueryError("{filters} is what `filters` says; call the value otherwise.", attr="query.values")
    wanted = query.dateRange or DateRange()
    period = resolve(
        wanted.date_from,
        wanted.date_to,
        Interval.DAY,
        scope.calendar,
        explicit=bool(wanted.explicitDate),
        earliest=scope.earliest,
        attr="query.filters.dateRange",
    )
    bindings = Bindings(scope.project_id)
    conditions = [
        is_event(None, parse_filters(filters.properties if filters else None, "query.filters.properties"), bindings)
    ]
    if query.dateRange is not None:
        conditions.insert(0, in_range(period.start_us, period.end_us, bindings))
    condition = both(*conditions)
    asked = SqlInput(
        query.query, values, bindings, "1" if condition == ALWAYS else condition, scope.people, scope.timezone
    )
    return SqlPlan(build(asked), query.query, period)


def plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - whatever the engine knows, a line a type
    """Give a value of the engine as JSON has it; numbers that JSON has not are null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(one) for one in value]
    return str(value)
