"""Where the rows of a series come from: selects of `bucket`, `measured` and, when split, `split`."""

from datetime import timedelta
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.operators import Source
from apps.catalog.filters.places import SESSION
from apps.catalog.filters.schema import NO_FILTER
from apps.query.dates import Interval, microseconds
from apps.query.kinds import buckets, trend_splits
from apps.query.kinds.maths import ACTIVE_DAYS, NUMERIC, OF_ACTORS
from apps.query.kinds.source import both, in_project, in_range, is_event
from apps.query.kinds.splits import Beside, Split, beside
from apps.query.kinds.trend_question import Shape, TrendSeries, TrendsInput

_HOURS_A_DAY: Final = 24
_SECONDS_AN_HOUR: Final = 3600


def measured_by(question: TrendsInput, series: TrendSeries, bindings: Bindings) -> str:
    """Give the expression of the numbers a series is about; none where it counts."""
    if series.math not in NUMERIC or series.measured is None:
        return ""
    return _lookup(question, series, bindings).values[-1].number


def matching(question: TrendsInput, series: TrendSeries, measured: str, bindings: Bindings) -> str:
    """Select every event of the range that the series counts, or every session that has one."""
    by_session = series.math in NUMERIC and series.measured is not None and series.measured.source is Source.SESSION
    found = _lookup(question, series, bindings)
    where = both(
        in_project(),
        is_event(series.event, series.filters, bindings),
        in_range(question.period.start_us, question.period.end_us, bindings),
        question.actors.is_known if series.math in OF_ACTORS else "true",
        f"{SESSION} != ''" if by_session else "true",
    )
    columns = [f"{_bucket(question, bindings)} AS bucket", *_measured(measured), *_split(question, found)]
    rows = found.rows(question.actors if measured == question.actors.actor else None)
    if not by_session:
        return f"SELECT {', '.join(columns)}\n{rows}\nWHERE {where}"
    names = ", ".join(["bucket", "measured", *(["split"] if question.breakdown else [])])
    return f"SELECT {names}\nFROM (SELECT DISTINCT {SESSION} AS session, {', '.join(columns)}\n{rows}\nWHERE {where})"


def first_ever(question: TrendsInput, series: TrendSeries, bindings: Bindings, *, of_matching: bool) -> str:
    """Select each actor's first event of all time, if it lies in the range.

    The first of that name must then pass the filters; `of_matching` takes the first that passes them instead.
    """
    wanted = is_event(series.event, series.filters if of_matching else NO_FILTER, bindings)
    passes = "true" if of_matching else is_event(None, series.filters, bindings)
    found = _lookup(question, series, bindings)
    split = [column.removesuffix(" AS split") for column in _split(question, found)]
    first = f"argMin(tuple({', '.join([passes, *split])}), (timestamp, uuid)) AS first"
    start, end = bindings.bind(question.period.start_us), bindings.bind(question.period.end_us)
    where = both(
        in_project(),
        wanted,
        f"timestamp <= fromUnixTimestamp64Micro(toInt64({end}), 'UTC')",
        question.actors.is_known,
    )
    firsts = (
        f"SELECT min(timestamp) AS began, {first}\n{found.rows(question.actors)}\nWHERE {where}"
        f"\nGROUP BY {question.actors.actor}"
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
    if question.shape is Shape.TOTAL:
        start = microseconds(period.end - timedelta(days=days)) + 1
        return _active(question, series, start, "0", bindings)
    if period.interval is Interval.HOUR:
        reach, step, count = timedelta(days=days) - timedelta(hours=1), _SECONDS_AN_HOUR, days * _HOURS_A_DAY
    else:
        reach, step, count = timedelta(days=days - 1), 1, days
    start = microseconds((period.buckets[0].replace(tzinfo=None) - reach).replace(tzinfo=period.buckets[0].tzinfo))
    rows = _active(question, series, start, _bucket(question, bindings), bindings)
    names = ["measured", *(["split"] if question.breakdown else [])]
    seen = f"SELECT DISTINCT bucket AS day, {', '.join(names)}\nFROM ({rows})"
    spread = f"arrayJoin(arrayMap(later -> day + later * {step}, range({count})))"
    return f"SELECT {spread} AS bucket, {', '.join(names)}\nFROM ({seen})"


def _active(question: TrendsInput, series: TrendSeries, start: int, bucket: str, bindings: Bindings) -> str:
    where = both(
        in_project(),
        is_event(series.event, series.filters, bindings),
        in_range(start, question.period.end_us, bindings),
        question.actors.is_known,
    )
    found = _lookup(question, series, bindings)
    columns = [f"{bucket} AS bucket", f"{question.actors.actor} AS measured", *_split(question, found)]
    return f"SELECT {', '.join(columns)}\n{found.rows(question.actors)}\nWHERE {where}"


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


def _lookup(question: TrendsInput, series: TrendSeries, bindings: Bindings) -> Beside:
    """Look up what the series is split by and, last, what it measures."""
    splits: tuple[Split, ...] = question.breakdown.splits if question.breakdown else ()
    measured = [series.measured] if series.measured is not None and series.math in NUMERIC else []
    return beside([*splits, *measured], question.people, bindings)


def _split(question: TrendsInput, found: Beside) -> list[str]:
    return [] if question.breakdown is None else [f"{trend_splits.raw(question.breakdown, found)} AS split"]
