"""Values as the engine reads them from its JSON type: the one spelling that both readers compare.

Source: apps/clickhouse/properties.py, held against the engine by tests.
"""

import math
import re
from collections.abc import Mapping
from typing import Final

_PLAIN_DIGITS: Final = 21
_PLAIN_ZEROS: Final = -6
_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))\Z")


def number_text(value: float) -> str:
    """Write a number as the engine does: the fewest digits, with an exponent from 1e21 on and below 1e-6."""
    if value == 0:
        return "0" if math.copysign(1, value) > 0 else "-0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = int(exponent or 0) + len(whole) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0") or "0"
    if not _PLAIN_ZEROS < point <= _PLAIN_DIGITS:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{point - 1}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def text(value: object) -> str | None:
    """Write a property as text; None when it has none."""
    if value is None or isinstance(value, Mapping):
        return None
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_quoted, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, float) else str(value)


def number(value: object) -> float | None:
    """Read a property as a number: numbers, and text that is one; None for all else."""
    match value:
        case bool():
            return None
        case int() | float():
            return float(value)
        case str() if _NUMBER.match(value):
            return float(value)
        case _:
            return None


def is_set(value: object) -> bool:
    """Say whether a property has a value; an object has one when any of its members has."""
    if isinstance(value, Mapping):
        return any(map(is_set, value.values()))
    return value is not None


def _quoted(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    found = text(value)
    return "NULL" if found is None else found
