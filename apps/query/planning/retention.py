"""The plan of a RetentionQuery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.catalog.filters.schema import FilterGroup, parse
from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Interval, Period, resolve, whole
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds import retention
from apps.query.kinds.retention_question import Entity, RetentionBreakdown, RetentionInput
from apps.query.planning.breakdowns import splits_of
from apps.query.planning.shared import (
    actors_of,
    all_of,
    breakdown_limit,
    check_event,
    common_filters,
)
from apps.query.schema.retention import (
    RetentionEntity,
    RetentionFilter,
    RetentionPeriod,
    RetentionQuery,
    RetentionType,
)
from apps.query.schema.shared import DateRange

DEFAULT_INTERVALS: Final = 8
MAX_INTERVALS: Final = 1000
MAX_ROWS: Final = 1000
MAX_OCCURRENCES: Final = 1_000_000
_ATTR: Final = "query.retentionFilter"
_INTERVALS: Final = {
    RetentionPeriod.HOUR: Interval.HOUR,
    RetentionPeriod.DAY: Interval.DAY,
    RetentionPeriod.WEEK: Interval.WEEK,
    RetentionPeriod.MONTH: Interval.MONTH,
}


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """One question; `name` is how answers call a period."""

    question: RetentionInput
    name: str

    @property
    def period(self) -> Period:
        """The rows, each a whole period."""
        return self.question.period

    @property
    def compared(self) -> None:
        """Retention is not compared with an earlier range."""
        return

    def statements(self) -> tuple[Statement, ...]:
        """Ask once."""
        return (retention.build(self.question),)

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Write the rows of every value, the largest value first."""
        lines = retention.decode(asked[0], self.question)
        return {"results": [row for line in lines for row in self._rows(line)]}

    def _rows(self, line: retention.RetentionLine) -> list[dict[str, object]]:
        split = {} if line.breakdown is None else {"breakdown_value": line.breakdown}
        return [
            {
                "label": f"{self.name} {index}",
                "date": start.isoformat(),
                "values": [{"count": count, "label": f"{self.name} {away}"} for away, count in enumerate(counts)],
                **split,
            }
            for index, (start, counts) in enumerate(zip(self.period.buckets, line.rows, strict=True))
        ]


def plan_retention(query: RetentionQuery, scope: Scope) -> RetentionPlan:
    """Fill the defaults of a retention query and refuse what it asks for in vain."""
    wanted, shared = query.retentionFilter or RetentionFilter(), common_filters(query)
    _refuse(wanted)
    name = wanted.period or RetentionPeriod.DAY
    columns = _within(wanted.totalIntervals, DEFAULT_INTERVALS, MAX_INTERVALS, f"{_ATTR}.totalIntervals")
    question = RetentionInput(
        project_id=scope.project_id,
        people=scope.people,
        timezone=scope.timezone,
        period=_period(query.dateRange or DateRange(), _INTERVALS[name], columns, scope),
        columns=columns,
        target=_entity(wanted.targetEntity, shared, f"{_ATTR}.targetEntity"),
        returning=_entity(wanted.returningEntity, shared, f"{_ATTR}.returningEntity"),
        kind=wanted.retentionType or RetentionType.RECURRING,
        is_cumulative=bool(wanted.cumulative),
        minimum=_within(wanted.minimumOccurrences, 1, MAX_OCCURRENCES, f"{_ATTR}.minimumOccurrences"),
        breakdown=_breakdown(query),
        actors=actors_of(query.aggregation_group_type_index, scope.people, "query.aggregation_group_type_index"),
    )
    return RetentionPlan(question, name.value)


def _period(wanted: DateRange, interval: Interval, columns: int, scope: Scope) -> Period:
    """Resolve the rows: those of the range, or as many as columns, the last of which holds its end."""
    is_open = not wanted.date_from
    # Without a beginning the range is the moment of its end; `h` is the present hour.
    found = resolve(
        (wanted.date_to or "h") if is_open else wanted.date_from,
        wanted.date_to,
        interval,
        scope.calendar,
        explicit=bool(wanted.explicitDate) and not is_open,
        earliest=scope.earliest,
    )
    rows = whole(found, scope.calendar, count=columns if is_open else None)
    if len(rows.buckets) > MAX_ROWS:
        raise InvalidQueryError(f"The range holds more than {MAX_ROWS} periods.", attr="query.dateRange.date_from")
    return rows


def _entity(raw: RetentionEntity | None, shared: FilterGroup, attr: str) -> Entity:
    if raw is None:
        return Entity("$pageview", shared)
    if raw.type == "actions" or raw.kind == "ActionsNode":
        raise UnsupportedQueryError("Actions are not supported yet, only events.", attr=f"{attr}.type")
    if raw.type not in {None, "events"} or raw.kind not in {None, "EventsNode"}:
        raise InvalidQueryError("Expected the type events.", attr=f"{attr}.type")
    if isinstance(raw.id, int):
        raise InvalidQueryError("Expected the name of an event, or null for any.", attr=f"{attr}.id")
    check_event(raw.id, f"{attr}.id")
    return Entity(raw.id, all_of(parse(raw.properties, f"{attr}.properties"), shared))


def _breakdown(query: RetentionQuery) -> RetentionBreakdown | None:
    raw = query.breakdownFilter
    splits = splits_of(raw)
    if raw is None or not splits:
        return None
    attr = f"query.breakdownFilter.{'breakdowns' if raw.breakdowns else 'breakdown'}"
    if len(splits) > 1:
        raise UnsupportedQueryError("Retention is split by one property.", attr=attr)
    if splits[0].bins is not None:
        field = ".0.histogram_bin_count" if raw.breakdowns else "_histogram_bin_count"
        raise UnsupportedQueryError("Retention is not split by a histogram.", attr=attr + field)
    return RetentionBreakdown(splits[0], breakdown_limit(raw), bool(raw.breakdown_hide_other_aggregation))


def _refuse(wanted: RetentionFilter) -> None:
    """Refuse what would change the numbers and is not counted here."""
    if wanted.timeWindowMode not in {None, "strict_calendar_dates"}:
        attr = f"{_ATTR}.timeWindowMode"
        if wanted.timeWindowMode != "24_hour_windows":
            raise InvalidQueryError("Expected strict_calendar_dates or 24_hour_windows.", attr=attr)
        raise UnsupportedQueryError("Windows of 24 hours are not supported yet.", attr=attr)
    if wanted.retentionCustomBrackets:
        raise UnsupportedQueryError("Brackets are not supported yet.", attr=f"{_ATTR}.retentionCustomBrackets")
    if wanted.aggregationType not in {None, "count"}:
        attr = f"{_ATTR}.aggregationType"
        if wanted.aggregationType not in {"sum", "avg"}:
            raise InvalidQueryError("Expected count, sum or avg.", attr=attr)
        raise UnsupportedQueryError("Only people are counted yet, no values of theirs.", attr=attr)


def _within(value: int | None, default: int, most: int, attr: str) -> int:
    value = default if value is None else value
    if not 1 <= value <= most:
        raise InvalidQueryError(f"Expected 1 to {most:,}.", attr=attr)
    return value
