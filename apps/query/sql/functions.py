"""Which functions SQL may call: those that compute from their arguments alone, held against the engine by a test."""

from functools import cache
from pathlib import Path
from typing import Final

COMBINATORS: Final = (
    "State",
    "Merge",
    "If",
    "Array",
    "Map",
    "Distinct",
    "OrDefault",
    "OrNull",
    "ForEach",
    "ArgMin",
    "ArgMax",
)
"""Endings an aggregate function may carry, several at once (https://clickhouse.com/docs/sql-reference/aggregate-functions/combinators)."""

OURS: Final = {"tofloat": "Float64", "toint": "Int64"}
"""Names of the public contract's dialect: casts that give NULL where nothing can be read."""

_MOST_COMBINATORS: Final = 4
_NAMED: Final = "__named"


def is_allowed(name: str) -> bool:
    """Tell whether a query may call a function of this name."""
    allowed = _names("functions-allowed.txt")
    refused = _names("functions-refused.txt")
    for _ in range(_MOST_COMBINATORS):
        lowered = name.lower()
        if lowered in refused:
            return False
        if lowered in allowed:
            return True
        ending = next((one for one in COMBINATORS if name.endswith(one) and len(name) > len(one)), None)
        if ending is None:
            return False
        name = name.removesuffix(ending)
    return False


def safe(name: str) -> str:
    """Give the name to write for somebody's own: the engine takes `CURRENT_USER` for a call, even quoted."""
    return name + _NAMED if name.lower() in _names("functions-refused.txt") else name


def unsafe(name: str) -> str:
    """Give back the name somebody wrote."""
    return name.removesuffix(_NAMED)


@cache
def _names(file: str) -> frozenset[str]:
    lines = Path(__file__).with_name(file).read_text(encoding="utf-8").splitlines()
    return frozenset(line.lower() for line in lines if line and not line.startswith("#"))
