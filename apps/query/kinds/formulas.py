"""Formulas over series: letters A, B, ... are the series in order; numbers, + - * / and parentheses.

Parsed into a small tree once, then evaluated point by point; division by zero is 0. Nothing of Python's own evaluation
is involved, and depth and length are bounded.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import add, mul, sub
from typing import Final

from apps.query.errors import InvalidQueryError

MAX_LENGTH: Final = 300
MAX_DEPTH: Final = 30

Evaluate = Callable[[Mapping[str, float]], float]

_TOKENS: Final = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<letter>[A-Za-z])|(?P<sign>[-+*/()]))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as it was written, with the letters it uses."""

    text: str
    letters: frozenset[str]
    _evaluate: Evaluate

    def points(self, series: Mapping[str, Sequence[float]], width: int) -> tuple[float, ...]:
        """Evaluate at each point; a letter without a series counts as zero."""
        return tuple(
            self._evaluate({letter: series[letter][place] if letter in series else 0.0 for letter in self.letters})
            for place in range(width)
        )


def parse(text: str, series: int, attr: str) -> Formula:
    """Read a formula about so many series; raises InvalidQueryError with what is wrong with it."""
    if len(text) > MAX_LENGTH:
        raise InvalidQueryError(f"A formula may have {MAX_LENGTH} characters at most.", attr=attr)
    reader = _Reader(_tokens(text, attr), attr)
    evaluate = reader.sum(0)
    if reader.rest:
        raise InvalidQueryError(f"The formula goes on with an unexpected {reader.rest[0]!r}.", attr=attr)
    for letter in sorted(reader.letters):
        if ord(letter) - ord("A") >= series:
            raise InvalidQueryError(f"The formula names {letter}, but there is no such series.", attr=attr)
    return Formula(text, frozenset(reader.letters), evaluate)


def _tokens(text: str, attr: str) -> list[str]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKENS.match(text, place)
        if match is None:
            raise InvalidQueryError(f"The formula has an unexpected {text[place:].strip()[:1]!r}.", attr=attr)
        found.append(match.group().strip().upper())
        place = match.end()
    return found


class _Reader:
    """Reads sums of products of values, from left to right."""

    def __init__(self, tokens: list[str], attr: str) -> None:
        self.rest = tokens
        self.attr = attr
        self.letters: set[str] = set()

    def sum(self, depth: int) -> Evaluate:
        """Read values joined by + and -."""
        return self._chain({"+": add, "-": sub}, lambda: self._product(depth))

    def _product(self, depth: int) -> Evaluate:
        return self._chain({"*": mul, "/": _divide}, lambda: self._value(depth))

    def _chain(self, signs: Mapping[str, Callable[[float, float], float]], operand: Callable[[], Evaluate]) -> Evaluate:
        left = operand()
        while self.rest and self.rest[0] in signs:
            left = _joined(signs[self.rest.pop(0)], left, operand())
        return left

    def _value(self, depth: int) -> Evaluate:
        if depth > MAX_DEPTH:
            raise InvalidQueryError(f"A formula may be nested {MAX_DEPTH} deep at most.", attr=self.attr)
        token = self.rest.pop(0) if self.rest else ""
        if token == "-":  # noqa: S105 - a sign, no password
            operand = self._value(depth + 1)
            return lambda series: -operand(series)
        if token == "(":  # noqa: S105 - a parenthesis, no password
            inside = self.sum(depth + 1)
            if not self.rest or self.rest.pop(0) != ")":
                raise InvalidQueryError("The formula lacks a closing parenthesis.", attr=self.attr)
            return inside
        if token.isalpha():
            self.letters.add(token)
            return lambda series: series[token]
        try:
            number = float(token)
        except ValueError as exc:
            what = f"an unexpected {token!r}" if token else "nothing where a value should be"
            raise InvalidQueryError(f"The formula has {what}.", attr=self.attr) from exc
        return lambda _: number


def _joined(operation: Callable[[float, float], float], left: Evaluate, right: Evaluate) -> Evaluate:
    return lambda series: operation(left(series), right(series))


def _divide(left: float, right: float) -> float:
    return left / right if right else 0.0
