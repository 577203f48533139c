"""The value a row of a trend is counted under: one property's text, the bin of a histogram, or several of these.

Several values become one text, a JSON list, so that counting and ranking them is the same as for one.
"""

import json
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.query.kinds.splits import Beside, Split, text_of
from apps.query.kinds.trend_question import TrendBreakdown

OTHER: Final = "$$_posthog_breakdown_other_$$"
"""How answers name the values beyond the limit."""

NULL: Final = "$$_posthog_breakdown_null_$$"
"""How answers name events without the property."""

NO_BIN: Final = '["",""]'
"""How answers name events without a number in a histogram."""

_LAST_EDGE: Final = 0.01
"""What the last edge of a histogram is moved by, so that the largest value lies inside."""


def raw(breakdown: TrendBreakdown, found: Beside) -> str:
    """Give the value of an event before it is shown: a text, or a tuple of texts and numbers."""
    values = zip(breakdown.splits, found.values, strict=False)
    parts = [text_of(split, value) if split.bins is None else _finite(value.number) for split, value in values]
    return parts[0] if breakdown.is_plain else f"tuple({', '.join(parts)})"


def shown(source: str, names: list[str], breakdown: TrendBreakdown, bindings: Bindings) -> str:
    """Turn the tuples of a source into the text they are counted under; `names` are its other columns."""
    parts, edges = [], []
    for place, split in enumerate(breakdown.splits, 1):
        value = f"split.{place}"
        if split.bins is None:
            parts.append(f"ifNull({value}, {bindings.bind(NULL)})")
            continue
        ends = f"SELECT tuple(min({value}), max({value}))\nFROM ({source})"
        edges.append(f"assumeNotNull(({ends})) AS edges_{place}")
        parts.append(_bin(value, f"edges_{place}", split, bindings))
    text = parts[0] if len(parts) == 1 else f"toJSONString([{', '.join(parts)}])"
    rows = f"SELECT {', '.join([*names, 'split', *edges])}\nFROM ({source})" if edges else source
    return f"SELECT {', '.join(names)}, CAST({text}, 'Nullable(String)') AS split\nFROM ({rows})"


def values_of(text: str, breakdown: TrendBreakdown | None) -> list[str]:
    """Read the values behind the text that a line is counted under."""
    if breakdown is None or len(breakdown.splits) == 1:
        return [text]
    return [OTHER] * len(breakdown.splits) if text == OTHER else json.loads(text)


def _finite(number: str) -> str:
    return f"if(isFinite({number}), {number}, NULL)"


def _bin(value: str, edges: str, split: Split, bindings: Bindings) -> str:
    """Name the bin of a number: its edges, of bins of equal width from the smallest number to the largest."""
    low, width, bins = f"{edges}.1", f"({edges}.2 - {edges}.1)", int(split.bins or 1)
    place = f"if({width} = 0, {bins - 1}, least({bins - 1}, floor(({value} - {low}) * {bins} / {width})))"
    first = f"{low} + {width} * {place} / {bins}"
    last = f"if({place} = {bins - 1}, {edges}.2 + {_LAST_EDGE}, {low} + {width} * ({place} + 1) / {bins})"
    name = f"concat('[', toString(round({first}, 10)), ',', toString(round({last}, 10)), ']')"
    return f"if(isNull({value}), {bindings.bind(NO_BIN)}, assumeNotNull({name}))"
