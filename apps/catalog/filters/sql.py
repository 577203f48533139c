"""The SQL reading of the filter language, over the JSON column of the events table.

Comparison is by text: the number 1 equals "1", true equals "true". Negated operators let through what has no value.
"""

from collections.abc import Callable

from apps.catalog.filters.binding import Bindings
from apps.catalog.filters.schema import Filter, FilterGroup, Operator, PropertyFilter
from apps.clickhouse.properties import property_is_set, property_number, property_text

ALWAYS = "true"

Reader = Callable[[PropertyFilter, Bindings], str]


def condition(node: Filter, bindings: Bindings) -> str:
    """Write a filter as an SQL condition that is true or false for every event, never NULL."""
    if isinstance(node, PropertyFilter):
        return _READERS[node.operator](node, bindings)
    return _group(node, bindings)


def _group(group: FilterGroup, bindings: Bindings) -> str:
    parts = [condition(child, bindings) for child in group.filters]
    if not parts:
        return ALWAYS
    return f"({(' AND ' if group.is_all else ' OR ').join(parts)})"


def _exact(node: PropertyFilter, bindings: Bindings) -> str:
    if len(node.values) == 1:
        return f"ifNull({property_text(node.key)} = {bindings.bind(node.values[0])}, false)"
    return f"ifNull({property_text(node.key)} IN {bindings.bind(node.values)}, false)"


def _contains(node: PropertyFilter, bindings: Bindings) -> str:
    parts = [
        f"positionCaseInsensitiveUTF8({property_text(node.key)}, {bindings.bind(value)}) > 0" for value in node.values
    ]
    return f"ifNull({' OR '.join(parts)}, false)"


def _matches(node: PropertyFilter, bindings: Bindings) -> str:
    parts = [f"match({property_text(node.key)}, {bindings.bind(value)})" for value in node.values]
    return f"ifNull({' OR '.join(parts)}, false)"


def _compares(sign: str) -> Reader:
    def compare(node: PropertyFilter, bindings: Bindings) -> str:
        return f"ifNull({property_number(node.key)} {sign} {bindings.bind(node.number)}, false)"

    return compare


def _negated(reader: Reader) -> Reader:
    return lambda node, bindings: f"NOT {reader(node, bindings)}"


_READERS: dict[Operator, Reader] = {
    Operator.EXACT: _exact,
    Operator.IS_NOT: _negated(_exact),
    Operator.ICONTAINS: _contains,
    Operator.NOT_ICONTAINS: _negated(_contains),
    Operator.REGEX: _matches,
    Operator.NOT_REGEX: _negated(_matches),
    Operator.GT: _compares(">"),
    Operator.GTE: _compares(">="),
    Operator.LT: _compares("<"),
    Operator.LTE: _compares("<="),
    Operator.IS_SET: lambda node, _: property_is_set(node.key),
    Operator.IS_NOT_SET: lambda node, _: f"NOT {property_is_set(node.key)}",
}
