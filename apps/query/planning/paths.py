"""The plan of a PathsQuery."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import re2

from apps.catalog.filters.schema import MAX_PATTERN_LENGTH
from apps.clickhouse.statement import Statement
from apps.query.contracts import Rows, Scope
from apps.query.dates import Interval, Period, resolve
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds import paths
from apps.query.kinds.paths_question import DEFAULT_EDGES, DEFAULT_STEPS, EVERYTHING, PathsInput
from apps.query.planning.shared import actors_of, common_filters, no_breakdown
from apps.query.schema.paths import PathCleaning, PathsFilter, PathsQuery, PathType
from apps.query.schema.shared import DateRange

MAX_STEPS: Final = 20
MAX_EDGES: Final = 1_000
MAX_TEXTS: Final = 100
MAX_TEXT_LENGTH: Final = 2_000
MAX_RULES: Final = 50
MAX_WEIGHT: Final = 2**53
_ATTR: Final = "query.pathsFilter"
_QUIET: Final = re2.Options()
_QUIET.log_errors = False


@dataclass(frozen=True, slots=True)
class PathsPlan:
    """One question about where people went."""

    question: PathsInput
    compared: Period | None = None

    @property
    def period(self) -> Period:
        """The range the question is about."""
        return self.question.period

    def statements(self) -> tuple[Statement, ...]:
        """List what to ask the engine: one statement."""
        return (paths.build(self.question),)

    def answer(self, asked: Sequence[Rows]) -> dict[str, Any]:
        """Write the edges, those most often taken first."""
        return {
            "results": [
                {
                    "source": edge.source,
                    "target": edge.target,
                    "value": edge.value,
                    "average_conversion_time": edge.average,
                }
                for edge in paths.decode(asked[0])
            ]
        }


def plan_paths(query: PathsQuery, scope: Scope) -> PathsPlan:
    """Fill the defaults of a paths query and refuse what it asks for in vain."""
    wanted, filters = query.pathsFilter or PathsFilter(), common_filters(query)
    no_breakdown(query, "A question about paths")
    _refuse(query, wanted)
    least, most = _weights(wanted)
    return PathsPlan(
        PathsInput(
            project_id=scope.project_id,
            period=_period(query.dateRange or DateRange(), scope),
            types=tuple(dict.fromkeys(wanted.includeEventTypes or EVERYTHING)),
            filters=filters,
            excluded=_texts(wanted.excludeEvents, f"{_ATTR}.excludeEvents"),
            cleaning=_rules(wanted.localPathCleaningFilters or ()),
            groupings=_texts(wanted.pathGroupings, f"{_ATTR}.pathGroupings"),
            start=_text(wanted.startPoint or "", f"{_ATTR}.startPoint"),
            end=_text(wanted.endPoint or "", f"{_ATTR}.endPoint"),
            steps=_within(wanted.stepLimit, DEFAULT_STEPS, MAX_STEPS, f"{_ATTR}.stepLimit"),
            edges=_within(wanted.edgeLimit, DEFAULT_EDGES, MAX_EDGES, f"{_ATTR}.edgeLimit"),
            least=least,
            most=most,
            actors=actors_of(query.aggregation_group_type_index, scope.people, "query.aggregation_group_type_index"),
        )
    )


def _period(wanted: DateRange, scope: Scope) -> Period:
    return resolve(
        wanted.date_from,
        wanted.date_to,
        Interval.DAY,
        scope.calendar,
        explicit=bool(wanted.explicitDate),
        earliest=scope.earliest,
    )


def _refuse(query: PathsQuery, wanted: PathsFilter) -> None:
    """Refuse what would change the paths and is not followed here."""
    if query.funnelPathsFilter is not None:
        raise UnsupportedQueryError("Paths around a funnel are not supported yet.", attr="query.funnelPathsFilter")
    if wanted.pathsHogQLExpression:
        raise UnsupportedQueryError(
            "Items named by an SQL expression are not supported yet.", attr=f"{_ATTR}.pathsHogQLExpression"
        )
    for index, one in enumerate(wanted.includeEventTypes or ()):
        if one is PathType.SQL:
            raise UnsupportedQueryError(
                "Items named by an SQL expression are not supported yet.", attr=f"{_ATTR}.includeEventTypes.{index}"
            )


def _weights(wanted: PathsFilter) -> tuple[int | None, int | None]:
    for name, value in (("minEdgeWeight", wanted.minEdgeWeight), ("maxEdgeWeight", wanted.maxEdgeWeight)):
        if value is not None and not 0 <= value <= MAX_WEIGHT:
            raise InvalidQueryError("Expected a number of times, 0 or more.", attr=f"{_ATTR}.{name}")
    if wanted.maxEdgeWeight is not None and wanted.maxEdgeWeight < (wanted.minEdgeWeight or 0):
        raise InvalidQueryError("The largest weight is below the smallest.", attr=f"{_ATTR}.maxEdgeWeight")
    return wanted.minEdgeWeight, wanted.maxEdgeWeight


def _rules(raw: tuple[PathCleaning, ...]) -> tuple[tuple[str, str], ...]:
    attr = f"{_ATTR}.localPathCleaningFilters"
    if len(raw) > MAX_RULES:
        raise InvalidQueryError(f"Expected {MAX_RULES} rules at most.", attr=attr)
    for index, rule in enumerate(raw):
        if not 0 < len(rule.regex) <= MAX_PATTERN_LENGTH:
            raise InvalidQueryError(
                f"Expected a pattern of 1 to {MAX_PATTERN_LENGTH} characters.", attr=f"{attr}.{index}.regex"
            )
        try:
            re2.compile(rule.regex, _QUIET)
        except re2.error as exc:
            raise InvalidQueryError("The pattern is not valid in RE2 syntax.", attr=f"{attr}.{index}.regex") from exc
        _text(rule.alias, f"{attr}.{index}.alias")
    return tuple((rule.regex, rule.alias) for rule in raw)


def _texts(raw: tuple[str, ...] | None, attr: str) -> tuple[str, ...]:
    """Read a list of texts; empty ones say nothing."""
    if len(raw or ()) > MAX_TEXTS:
        raise InvalidQueryError(f"Expected {MAX_TEXTS} texts at most.", attr=attr)
    return tuple(_text(one, f"{attr}.{index}") for index, one in enumerate(raw or ()) if one)


def _text(raw: str, attr: str) -> str:
    if len(raw) > MAX_TEXT_LENGTH:
        raise InvalidQueryError(f"A text may have {MAX_TEXT_LENGTH} characters at most.", attr=attr)
    return raw


def _within(value: int | None, default: int, most: int, attr: str) -> int:
    value = default if value is None else value
    if not 1 <= value <= most:
        raise InvalidQueryError(f"Expected 1 to {most:,}.", attr=attr)
    return value
