"""How long conversion takes, as a histogram: made inside ClickHouse, so only the bins come out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from apps.clickhouse.statement import Statement
from apps.query.kinds import funnel_actors
from apps.query.kinds.funnel_question import FunnelInput
from apps.query.kinds.layers import Layers

MAX_BINS: Final = 60
_WIDTH_WITHOUT_SPREAD: Final = 60
"""Seconds a bin is wide when everybody took equally long."""


@dataclass(frozen=True, slots=True)
class TimesToConvert:
    """Bins as (their beginning in seconds, people), and the average; empty when nobody converted."""

    bins: tuple[tuple[float, int], ...]
    average: float | None


def build(question: FunnelInput, bins: int | None) -> Statement:
    """Ask how the seconds between two steps are spread; `bins` None means the cube root of the people."""
    bindings = funnel_actors.bindings_of(question)
    layers = funnel_actors.gather(question, bindings)
    way = funnel_actors.walk(question, bindings, layers)
    last, first = way.time_of(question.last + 1), way.time_of(question.first + 1)
    layers.add(seconds=f"(toInt64({last}) - toInt64({first})) / 1000000", where=f"level > {question.last}")
    count = f"least({MAX_BINS}, greatest(1, ceil(cbrt(length(times)))))" if bins is None else bindings.bind(bins)
    spread = Layers(f"SELECT groupArray(seconds) AS times\nFROM ({layers.sql})", ["times"])
    spread.add(low="floor(arrayMin(times))", high="ceil(arrayMax(times))", bins=f"toUInt32({count})")
    spread.add(raw_width="ceil((high - low) / bins)")
    spread.add(width=f"if(raw_width > 0, raw_width, {_WIDTH_WITHOUT_SPREAD})")
    spread.add(places="arrayMap(x -> toUInt32(intDiv(x - low, width)), times)")
    people = "arrayMap(bin -> countEqual(places, bin), range(bins + 1))"
    return Statement(
        f"SELECT low, width, {people} AS people, arrayAvg(times) AS average\n"
        f"FROM ({spread.sql})\nWHERE notEmpty(times)",
        bindings.values,
        funnel_actors.SETTINGS,
    )


def decode(rows: Sequence[Mapping[str, Any]]) -> TimesToConvert:
    """Read the bins by column name."""
    if not rows:
        return TimesToConvert((), None)
    row = rows[0]
    bins = tuple((row["low"] + place * row["width"], people) for place, people in enumerate(row["people"]))
    return TimesToConvert(bins, round(row["average"], 2))
