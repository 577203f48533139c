"""One comparison in SQL, over whatever a property is read from.

Comparison is by text: the number 1 equals "1", true equals "true". What has no value compares as false, so negated
operators let it through.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.moments import ISO, MILLISECONDS, SECONDS
from apps.catalog.filters.operators import NEGATED, Operator
from apps.catalog.filters.schema import PropertyFilter
from apps.clickhouse.properties import property_is_set, property_number, property_text


@dataclass(frozen=True, slots=True)
class Value:
    """A property as SQL expressions: as text and as a number (NULL where it is none), and whether there is any.

    `moment` is microseconds since 1970 where the property is a moment by itself.
    """

    text: str
    number: str
    is_set: str
    moment: str = ""

    @classmethod
    def of_text(cls, text: str) -> "Value":
        """Make one of a text (NULL for none)."""
        return cls(text, f"toFloat64OrNull({text})", f"isNotNull({text})")


def json_value(key: str, column: str = "properties") -> Value:
    """Read a member of a JSON column."""
    return Value(
        property_text(key, column=column), property_number(key, column=column), property_is_set(key, column=column)
    )


def compare(node: PropertyFilter, value: Value, bindings: Bindings) -> str:
    """Write a comparison as a condition that is true or false, never NULL."""
    positive = NEGATED.get(node.operator)
    if positive is not None:
        return f"NOT {_READERS[positive](node, value, bindings)}"
    return _READERS[node.operator](node, value, bindings)


def _exact(node: PropertyFilter, value: Value, bindings: Bindings) -> str:
    if len(node.values) == 1:
        return f"ifNull({value.text} = {bindings.bind(node.values[0])}, false)"
    return f"ifNull({value.text} IN {bindings.bind(node.values)}, false)"


def _contains(node: PropertyFilter, value: Value, bindings: Bindings) -> str:
    parts = [f"positionCaseInsensitiveUTF8({value.text}, {bindings.bind(one)}) > 0" for one in node.values]
    return f"ifNull({' OR '.join(parts)}, false)"


def _matches(node: PropertyFilter, value: Value, bindings: Bindings) -> str:
    parts = [f"match({value.text}, {bindings.bind(one)})" for one in node.values]
    return f"ifNull({' OR '.join(parts)}, false)"


def _compares(sign: str) -> "_Reader":
    def read(node: PropertyFilter, value: Value, bindings: Bindings) -> str:
        return f"ifNull({value.number} {sign} {bindings.bind(node.number)}, false)"

    return read


def _between(node: PropertyFilter, value: Value, bindings: Bindings) -> str:
    low, high = map(bindings.bind, node.bounds)
    return f"ifNull({value.number} BETWEEN {low} AND {high}, false)"


def _dated(template: str) -> "_Reader":
    def read(node: PropertyFilter, value: Value, bindings: Bindings) -> str:
        low, high = map(bindings.bind, node.bounds)
        text = template.format(moment=value.moment or _moment(value.text, bindings), low=low, high=high)
        return f"ifNull({text}, false)"

    return read


def _moment(text: str, bindings: Bindings) -> str:
    """Read text as `moments.moment` does."""
    return (
        f"multiIf(match({text}, {bindings.bind(SECONDS)}), toInt64OrNull({text}) * 1000000,"
        f" match({text}, {bindings.bind(MILLISECONDS)}), toInt64OrNull({text}) * 1000,"
        f" match({text}, {bindings.bind(ISO)}),"
        f" toUnixTimestamp64Micro(parseDateTime64BestEffortOrNull({text}, 6, 'UTC')), NULL)"
    )


_Reader = Callable[[PropertyFilter, Value, Bindings], str]

_READERS: Final[dict[Operator, _Reader]] = {
    Operator.EXACT: _exact,
    Operator.ICONTAINS: _contains,
    Operator.REGEX: _matches,
    Operator.GT: _compares(">"),
    Operator.GTE: _compares(">="),
    Operator.LT: _compares("<"),
    Operator.LTE: _compares("<="),
    Operator.IS_SET: lambda _, value, __: value.is_set,
    Operator.BETWEEN: _between,
    Operator.IS_DATE_EXACT: _dated("{moment} BETWEEN {low} AND {high}"),
    Operator.IS_DATE_BEFORE: _dated("{moment} < {low}"),
    Operator.IS_DATE_AFTER: _dated("{moment} > {high}"),
}
