"""Conversion by the period in which an attempt began: within each period an actor counts once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.catalog.filters.binding import Bindings
from apps.clickhouse.statement import Statement
from apps.query.kinds import buckets, funnel_actors
from apps.query.kinds.funnel_question import OTHER, FunnelInput
from apps.query.kinds.layers import Layers


@dataclass(frozen=True, slots=True)
class ConversionLine:
    """Conversion in percent for each bucket, and how many entered; None as value without a breakdown."""

    breakdown: tuple[str, ...] | None
    percents: tuple[float, ...]
    entered: int


def build(question: FunnelInput) -> Statement:
    """Ask how many of those who began in each period came to the last step asked about."""
    bindings = funnel_actors.bindings_of(question)
    layers = funnel_actors.gather(question, bindings)
    _by_period(question, bindings, layers)
    funnel_actors.walk(question, bindings, layers)
    value = ", value" if question.breakdown else ""
    sql = (
        f"SELECT bucket{value}, countIf(level > {question.first}) AS entered,"
        f" countIf(level > {question.last}) AS converted\nFROM ({layers.sql})\nGROUP BY bucket{value}"
    )
    if question.breakdown:
        sized = f"SELECT *, sum(entered) OVER (PARTITION BY value) AS size\nFROM ({sql})"
        ranked = f"SELECT *, dense_rank() OVER (ORDER BY size DESC, value) AS place\nFROM ({sized})"
        label = f"if(place <= {bindings.bind(question.breakdown.limit)}, value, [{bindings.bind(OTHER)}])"
        sql = (
            f"SELECT {label} AS breakdown, bucket, sum(entered) AS entered, sum(converted) AS converted\n"
            f"FROM ({ranked})\nGROUP BY breakdown, bucket"
        )
    return Statement(sql, bindings.values, funnel_actors.SETTINGS)


def decode(rows: Sequence[Mapping[str, object]], question: FunnelInput) -> list[ConversionLine]:
    """Put the percentages in their places, periods nobody entered as zero; largest value first, the rest last."""
    find = buckets.locator(question.period)
    width = len(question.period.buckets)
    found: dict[tuple[str, ...] | None, list[tuple[int, int]]] = {}
    if question.breakdown is None:
        found[None] = [(0, 0)] * width
    for row in rows:
        place = find(row["bucket"])
        if place is None:
            continue
        raw = row["breakdown"] if question.breakdown else None
        value = tuple(map(str, raw)) if isinstance(raw, list | tuple) else None
        if value not in found:
            found[value] = [(0, 0)] * width
            buckets.demand_room(len(found), question.period)
        found[value][place] = (int(str(row["entered"])), int(str(row["converted"])))
    lines = [
        ConversionLine(value, tuple(_percent(*cell) for cell in cells), sum(entered for entered, _ in cells))
        for value, cells in found.items()
    ]
    return sorted(lines, key=lambda line: (line.breakdown == (OTHER,), -line.entered, line.breakdown or ()))


def _percent(entered: int, converted: int) -> float:
    return round(100 * converted / entered, 2) if entered else 0.0


def _by_period(question: FunnelInput, bindings: Bindings, layers: Layers) -> None:
    """Repeat each actor for each period they began in, with only that period's first steps as such."""
    word = question.word
    start = bindings.bind(question.period.start_us)
    moment = f"fromUnixTimestamp64Micro(toInt64({start}) + toInt64({word.offset()}), 'UTC')"
    bucket = buckets.bucket(
        question.period.interval,
        question.timezone,
        starts_monday=question.starts_monday,
        bindings=bindings,
        moment=moment,
    )
    value = ["value"] if question.breakdown else []
    layers.add(periods=f"arrayMap(word -> {bucket}, words)")
    layers.add(begun=f"arrayDistinct(arrayFilter((period, word) -> {word.fits(1)}, periods, words))")
    kept = f"if(period = bucket, word, {word.without(1)})"
    layers.sql = (
        f"SELECT {', '.join([*value, 'bucket'])},"
        f" arrayMap((word, period) -> {kept}, gathered, periods) AS words\n"
        f"FROM (SELECT {', '.join([*value, 'periods', 'begun'])}, words AS gathered\nFROM ({layers.sql}))\n"
        "ARRAY JOIN begun AS bucket"
    )
    layers.keep("words", "bucket", *value)
