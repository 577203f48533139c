"""What the planners of several kinds do alike: dates, filters, breakdowns, and refusing what is not answered."""

from typing import Final

from apps.catalog.filters.schema import FilterGroup, parse
from apps.query.contracts import Scope
from apps.query.dates import Interval, Period, previous, resolve
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds.source import GROUP_TYPES, Actors, Groups, People
from apps.query.schema.shared import BreakdownFilter, CommonFields, CompareFilter, DateRange, EventsNode, QueryFields
from apps.query.schema.sql import HogQLQuery

MAX_SERIES: Final = 26
MAX_EVENT_LENGTH: Final = 400
MAX_BREAKDOWN_LIMIT: Final = 1000
DEFAULT_BREAKDOWN_LIMIT: Final = 25


def period_of(query: QueryFields, scope: Scope, default: Interval = Interval.DAY) -> Period:
    """Resolve the range of a query and its buckets."""
    wanted = query.dateRange or DateRange()
    return resolve(
        wanted.date_from,
        wanted.date_to,
        query.interval or default,
        scope.calendar,
        explicit=bool(wanted.explicitDate),
        earliest=scope.earliest,
    )


def needs_earliest(query: CommonFields | HogQLQuery) -> bool:
    """Say whether the range begins with the project's first event."""
    return query.dateRange is not None and query.dateRange.date_from == "all"


def common(query: QueryFields) -> FilterGroup:
    """Give the filters that hold for every series, once the fields all kinds share are checked."""
    check_series(query)
    if query.aggregation_group_type_index is not None:
        raise UnsupportedQueryError("Counting groups is not supported yet.", attr="query.aggregation_group_type_index")
    return common_filters(query)


def check_series(query: QueryFields) -> None:
    """Refuse no series, too many, and events with a name no event can have."""
    if not 1 <= len(query.series) <= MAX_SERIES:
        raise InvalidQueryError(f"Expected 1 to {MAX_SERIES} series.", attr="query.series")
    for index, node in enumerate(query.series):
        check_event(node.event, f"query.series.{index}.event")


def common_filters(query: CommonFields) -> FilterGroup:
    """Give the filters that hold for the whole question, once the fields that change what is read are checked."""
    if query.filterTestAccounts:
        raise UnsupportedQueryError("Leaving out test accounts is not supported yet.", attr="query.filterTestAccounts")
    if query.samplingFactor not in {None, 1}:
        raise UnsupportedQueryError("Sampling is not supported.", attr="query.samplingFactor")
    return parse(query.properties, "query.properties")


def actors_of(index: int | None, people: People, attr: str) -> Actors:
    """Say who is counted: people, or the groups of the type with this index."""
    if index is None:
        return people
    if not 0 <= index < GROUP_TYPES:
        raise InvalidQueryError(f"A project has {GROUP_TYPES} types of groups: 0 to {GROUP_TYPES - 1}.", attr=attr)
    return Groups(index)


def period_before(period: Period, dates: DateRange | None, wanted: CompareFilter | None, scope: Scope) -> Period | None:
    """Give the earlier period to compare with, if the question wants one."""
    if wanted is None or not wanted.compare:
        return None
    dates = dates or DateRange()
    return previous(period, dates.date_from, dates.date_to, wanted.compare_to, scope.calendar)


def no_breakdown(query: CommonFields, kind: str) -> None:
    """Refuse a breakdown where a kind has none."""
    wanted = query.breakdownFilter
    if wanted is not None and (wanted.breakdown is not None or wanted.breakdowns):
        raise UnsupportedQueryError(f"{kind} is not split by a property yet.", attr="query.breakdownFilter")


def filters_of(node: EventsNode, attr: str) -> FilterGroup:
    """Read the filters of one series."""
    own, fixed = parse(node.properties, f"{attr}.properties"), parse(node.fixedProperties, f"{attr}.fixedProperties")
    return all_of(own, fixed)


def all_of(*groups: FilterGroup) -> FilterGroup:
    """Join filter groups so that all of them must hold."""
    some = tuple(group for group in groups if group.filters)
    return some[0] if len(some) == 1 else FilterGroup(is_all=True, filters=some)


def breakdown_limit(wanted: BreakdownFilter | None) -> int:
    """Give how many values are kept apart."""
    limit = wanted.breakdown_limit if wanted and wanted.breakdown_limit is not None else DEFAULT_BREAKDOWN_LIMIT
    if not 1 <= limit <= MAX_BREAKDOWN_LIMIT:
        raise InvalidQueryError(
            f"Expected 1 to {MAX_BREAKDOWN_LIMIT} values.", attr="query.breakdownFilter.breakdown_limit"
        )
    return limit


def check_event(name: str | None, attr: str) -> None:
    """Refuse a name no event can have."""
    if name is not None and len(name) > MAX_EVENT_LENGTH:
        raise InvalidQueryError(f"An event's name has {MAX_EVENT_LENGTH} characters at most.", attr=attr)
