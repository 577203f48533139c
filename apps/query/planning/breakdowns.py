"""What a question is split by, read from either notation of the public JSON."""

from collections.abc import Collection
from typing import Final

from apps.catalog.filters.operators import Source
from apps.catalog.filters.schema import MAX_KEY_LENGTH, check_key, group_index
from apps.query.errors import InvalidQueryError, UnsupportedQueryError
from apps.query.kinds.splits import Split
from apps.query.schema.shared import Breakdown, BreakdownFilter

MAX_SPLITS: Final = 3
MAX_BINS: Final = 100

_ATTR: Final = "query.breakdownFilter"
_LATER: Final = frozenset({"cohort", "hogql", "data_warehouse", "data_warehouse_person_property"})
_SOURCES: Final = frozenset({Source.EVENT, Source.PERSON, Source.GROUP, Source.SESSION, Source.METADATA})


def splits_of(wanted: BreakdownFilter | None, *, sources: Collection[Source] = _SOURCES) -> tuple[Split, ...]:
    """List the properties to split by; none without a breakdown. Refuses the kinds a question cannot read."""
    if wanted is None or (wanted.breakdown is None and not wanted.breakdowns):
        return ()
    newer = bool(wanted.breakdowns)
    entries = wanted.breakdowns or _older(wanted)
    if len(entries) > MAX_SPLITS:
        raise InvalidQueryError(
            f"Expected {MAX_SPLITS} properties at most.", attr=f"{_ATTR}.{'breakdowns' if newer else 'breakdown'}"
        )
    return tuple(_split(entry, index, sources, newer=newer) for index, entry in enumerate(entries))


def _older(wanted: BreakdownFilter) -> tuple[Breakdown, ...]:
    keys = wanted.breakdown if isinstance(wanted.breakdown, tuple) else (wanted.breakdown,)
    return tuple(
        Breakdown(
            "" if key is None else key,
            wanted.breakdown_type,
            wanted.breakdown_group_type_index,
            wanted.breakdown_normalize_url,
            wanted.breakdown_histogram_bin_count,
        )
        for key in keys
    )


def _split(entry: Breakdown, index: int, sources: Collection[Source], *, newer: bool) -> Split:
    def attr(field: str) -> str:
        if newer:
            return f"{_ATTR}.breakdowns.{index}.{field}"
        return f"{_ATTR}.breakdown" if field == "property" else f"{_ATTR}.breakdown_{field}"

    source = _source(entry.type, sources, attr("type"))
    key = entry.property
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_LENGTH:
        raise InvalidQueryError(f"Expected a property name of 1 to {MAX_KEY_LENGTH} characters.", attr=attr("property"))
    check_key(source, key, attr("property"))
    group = group_index(entry.group_type_index, attr("group_type_index")) if source is Source.GROUP else None
    bins = entry.histogram_bin_count
    if bins is not None and not 1 <= bins <= MAX_BINS:
        raise InvalidQueryError(f"Expected 1 to {MAX_BINS} bins.", attr=attr("histogram_bin_count"))
    return Split(key, source, group, bins, bool(entry.normalize_url))


def _source(kind: str | None, sources: Collection[Source], attr: str) -> Source:
    kind = kind or Source.EVENT
    if kind in _LATER or (kind in _SOURCES and kind not in sources):
        raise UnsupportedQueryError(f"A breakdown by {kind} is not supported yet.", attr=attr)
    if kind not in _SOURCES:
        raise InvalidQueryError("Unknown type of breakdown.", attr=attr)
    return Source(kind)
