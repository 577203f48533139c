"""The reading of the filter language over plain Python values: what the SQL says of a row, said of a record.

Tests hold both readers against each other on the real engine.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import re2

from apps.catalog.filters import texts
from apps.catalog.filters.elements import elements
from apps.catalog.filters.moments import moment
from apps.catalog.filters.operators import NEGATED, Operator, Source
from apps.catalog.filters.schema import Filter, PropertyFilter

Properties = Mapping[str, Any]

_REMEMBERED: Final = 1_024


@dataclass(frozen=True, slots=True)
class Record:
    """What filters look at: an event's properties, and those of its person, its groups (by index) and its session.

    `metadata` holds the event's own columns as text, by the names of the filter language.
    """

    event: Properties = field(default_factory=dict)
    person: Properties = field(default_factory=dict)
    groups: Mapping[int, Properties] = field(default_factory=dict)
    session: Properties = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


NOBODY: Final = Record()
"""An event of which nothing is known."""


def matches(node: Filter, record: Record) -> bool:
    """Say whether a record passes a filter."""
    if isinstance(node, PropertyFilter):
        positive = NEGATED.get(node.operator)
        if positive is None:
            return _any(node, node.operator, record)
        return not _any(node, positive, record)
    results = (matches(child, record) for child in node.filters)
    return all(results) if node.is_all or not node.filters else any(results)


def _any(node: PropertyFilter, operator: Operator, record: Record) -> bool:
    return any(_READERS[operator](node, value) for value in _values(node, record))


def _values(node: PropertyFilter, record: Record) -> Iterable[object]:
    """List what a comparison looks at: one value, or one an element."""
    match node.source:
        case Source.EVENT:
            return (record.event.get(node.key),)
        case Source.PERSON:
            return (record.person.get(node.key),)
        case Source.GROUP:
            return (record.groups.get(node.group_index or 0, {}).get(node.key),)
        case Source.SESSION:
            return (record.session.get(node.key),)
        case Source.METADATA:
            return (record.metadata.get(node.key),)
        case Source.ELEMENT:
            return elements(texts.text(record.event.get("$elements_chain")) or "", node.key)


def _exact(node: PropertyFilter, value: object) -> bool:
    return texts.text(value) in node.values


def _contains(node: PropertyFilter, value: object) -> bool:
    text = texts.text(value)
    return text is not None and any(_lower(wanted) in _lower(text) for wanted in node.values)


def _matches(node: PropertyFilter, value: object) -> bool:
    text = texts.text(value)
    return text is not None and any(_pattern(wanted).search(text) is not None for wanted in node.values)


def _compares(holds: Callable[[float, float], bool]) -> "_Reader":
    def read(node: PropertyFilter, value: object) -> bool:
        number = texts.number(value)
        return number is not None and holds(number, node.number)

    return read


def _between(node: PropertyFilter, value: object) -> bool:
    number = texts.number(value)
    return number is not None and node.bounds[0] <= number <= node.bounds[1]


def _dated(holds: Callable[[int, float, float], bool]) -> "_Reader":
    def read(node: PropertyFilter, value: object) -> bool:
        text = texts.text(value)
        found = None if text is None else moment(text)
        return found is not None and holds(found, *node.bounds)

    return read


def _lower(text: str) -> str:
    """Lower each letter that has one lower letter, as the engine does."""
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


@lru_cache(maxsize=_REMEMBERED)
def _pattern(text: str) -> "re2._Regexp[str]":
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    return re2.compile(text, options)


_Reader = Callable[[PropertyFilter, object], bool]

_READERS: Final[dict[Operator, _Reader]] = {
    Operator.EXACT: _exact,
    Operator.ICONTAINS: _contains,
    Operator.REGEX: _matches,
    Operator.GT: _compares(lambda number, bound: number > bound),
    Operator.GTE: _compares(lambda number, bound: number >= bound),
    Operator.LT: _compares(lambda number, bound: number < bound),
    Operator.LTE: _compares(lambda number, bound: number <= bound),
    Operator.IS_SET: lambda _, value: texts.is_set(value),
    Operator.BETWEEN: _between,
    Operator.IS_DATE_EXACT: _dated(lambda found, low, high: low <= found <= high),
    Operator.IS_DATE_BEFORE: _dated(lambda found, low, _: found < low),
    Operator.IS_DATE_AFTER: _dated(lambda found, _, high: found > high),
}
