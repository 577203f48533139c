"""Where the rows of a series come from: selects of `bucket`, `measured` and, when split, `split`."""

from datetime import timedelta
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import NO_FILTER
from apps.clickhouse.properties import property_text
from apps.query.dates import Interval, microseconds
from apps.query.kinds import buckets
from apps.query.kinds.maths import ACTIVE_DAYS
from apps.query.kinds.source import from_events, in_project, in_range, is_event
from apps.query.kinds.trend_question import Shape, TrendSeries, TrendsInput

_HOURS_A_DAY: Final = 24
_SECONDS_AN_HOUR: Final = 3600


def matching(question: TrendsInput, series: TrendSeries, measured: str, bindings: Bindings) -> str:
    """Select every event of the range that the series counts."""
    where = (
        in_project(),
        is_event(series.event, series.filters, bindings),
        in_range(question.period.start_us, question.period.end_us, bindings),
    )
    columns = [f"{_bucket(question, bindings)} AS bucket", *_measured(measured), *_split(question)]
    rows = question.people.from_events() if measured == question.people.actor else from_events()
    return f"SELECT {', '.join(columns)}\n{rows}\nWHERE {' AND '.join(where)}"


def first_ever(question: TrendsInput, series: TrendSeries, bindings: Bindings, *, of_matching: bool) -> str:
    """Select each actor's first event of all time, if it lies in the range.

    The first of that name must then pass the filters; `of_matching` takes the first that passes them instead.
    """
    wanted = is_event(series.event, series.filters if of_matching else NO_FILTER, bindings)
    passes = "true" if of_matching else is_event(None, series.filters, bindings)
    split = [column.removesuffix(" AS split") for column in _split(question)]
    first = f"argMin(tuple({', '.join([passes, *split])}), (timestamp, uuid)) AS first"
    start, end = bindings.bind(question.period.start_us), bindings.bind(question.period.end_us)
    firsts = (
        f"SELECT min(timestamp) AS began, {first}\n{question.people.from_events()}\nWHERE {in_project()} AND {wanted}"
        f" AND timestamp <= fromUnixTimestamp64Micro(toInt64({end}), 'UTC')\nGROUP BY {question.people.actor}"
    )
    columns = [f"{_bucket(question, bindings, 'began')} AS bucket", *(["first.2 AS split"] if split else [])]
    return (
        f"SELECT {', '.join(columns)}\nFROM ({firsts})\n"
        f"WHERE first.1 AND began >= fromUnixTimestamp64Micro(toInt64({start}), 'UTC')"
    )


def trailing(question: TrendsInput, series: TrendSeries, bindings: Bindings) -> str:
    """Select each actor once for every bucket that follows one of their events within the trailing days.

    As one total, the actors of the days that end with the range.
    """
    days = ACTIVE_DAYS[series.math]
    period = question.period
    split = _split(question)
    if question.shape is Shape.TOTAL:
        start = microseconds(period.end - timedelta(days=days)) + 1
        return _active(question, series, start, "0", bindings)
    if period.interval is Interval.HOUR:
        reach, step, count = timedelta(days=days) - timedelta(hours=1), _SECONDS_AN_HOUR, days * _HOURS_A_DAY
    else:
        reach, step, count = timedelta(days=days - 1), 1, days
    start = microseconds((period.buckets[0].replace(tzinfo=None) - reach).replace(tzinfo=period.buckets[0].tzinfo))
    rows = _active(question, series, start, _bucket(question, bindings), bindings)
    names = ["measured", *(["split"] if split else [])]
    seen = f"SELECT DISTINCT bucket AS day, {', '.join(names)}\nFROM ({rows})"
    spread = f"arrayJoin(arrayMap(later -> day + later * {step}, range({count})))"
    return f"SELECT {spread} AS bucket, {', '.join(names)}\nFROM ({seen})"


def _active(question: TrendsInput, series: TrendSeries, start: int, bucket: str, bindings: Bindings) -> str:
    where = (
        in_project(),
        is_event(series.event, series.filters, bindings),
        in_range(start, question.period.end_us, bindings),
    )
    columns = [f"{bucket} AS bucket", f"{question.people.actor} AS measured", *_split(question)]
    return f"SELECT {', '.join(columns)}\n{question.people.from_events()}\nWHERE {' AND '.join(where)}"


def _bucket(question: TrendsInput, bindings: Bindings, moment: str = "timestamp") -> str:
    if question.shape is Shape.TOTAL:
        return "0"
    return buckets.bucket(
        question.period.interval,
        question.timezone,
        starts_monday=question.starts_monday,
        bindings=bindings,
        moment=moment,
    )


def _measured(measured: str) -> list[str]:
    return [f"{measured} AS measured"] if measured else []


def _split(question: TrendsInput) -> list[str]:
    if question.breakdown is None:
        return []
    return [f"nullIf({property_text(question.breakdown.key)}, '') AS split"]
