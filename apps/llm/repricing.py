"""Pricing one stored call again: what its row becomes, and what that changed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from apps.llm.ingest import EMBEDDING, properties_of, read_call
from apps.llm.pricing.projects import OwnPrices
from apps.llm.pricing.quoting import quote
from apps.llm.queries.stored import Row

OURS: Final = (
    "$ai_cost_status",
    "$ai_cost_reason",
    "$ai_cost_version",
    "$ai_cost_model_source",
    "$ai_cost_model_provider",
    "$ai_model_cost_used",
    "$ai_input_cost_usd",
    "$ai_output_cost_usd",
    "$ai_request_cost_usd",
    "$ai_web_search_cost_usd",
    "$ai_total_cost_usd",
)
"""The properties that pricing writes."""
_COMPARED: Final = tuple(name for name in OURS if name != "$ai_cost_version")
"""A new version of the prices that gives the same cost changes nothing."""
RUN: Final = "$ai_repricing_id"
PREVIOUS: Final = {
    "$ai_total_cost_usd": "$ai_previous_total_cost_usd",
    "$ai_cost_status": "$ai_previous_cost_status",
    "$ai_cost_model_source": "$ai_previous_cost_model_source",
    "$ai_cost_version": "$ai_previous_cost_version",
}
"""Where the row keeps what held before the last run that changed it."""

_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
_TINY: Final = 1e-12


class Change(Struct, frozen=True):
    """What a run does to one call; `properties` is None when the row stays, or was written by this run before."""

    properties: bytes | None
    is_changed: bool
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)


def reprice(row: Row, own: OwnPrices, run: int) -> Change:
    """Price a stored call by what is known now, at the time it was made."""
    text = row.properties.encode()
    members = _MEMBERS.decode(text)
    call = read_call(text)
    if run == _value(members, RUN):
        # Written by this run, which was cut short before it could note that: it counts, once.
        before = _value(members, PREVIOUS["$ai_total_cost_usd"])
        return Change(None, is_changed=True, before=_usd(before), after=_usd(call.total_cost))
    answer = quote(call, row.timestamp_us, own, is_embedding=row.event == EMBEDDING)
    put = properties_of(answer, call)
    if all(_is_same(put.get(name), _value(members, name)) for name in _COMPARED):
        return Change(None, is_changed=False)
    kept: dict[str, Any] = {name: value for name, value in members.items() if name not in OURS}
    for name, previous in PREVIOUS.items():
        kept.pop(previous, None)
        if name in members:
            kept[previous] = members[name]
    kept |= {name: value for name, value in put.items() if value is not None}
    kept[RUN] = run
    return Change(
        msgspec.json.encode(kept),
        is_changed=True,
        before=_usd(call.total_cost),
        after=_usd(put.get("$ai_total_cost_usd")),
    )


def _value(members: Mapping[str, Raw], name: str) -> Any:  # noqa: ANN401 - any JSON
    raw = members.get(name)
    return None if raw is None else msgspec.json.decode(raw)


def _is_same(new: Any, old: Any) -> bool:  # noqa: ANN401 - any JSON
    """Compare a value with what ClickHouse gives back of it: 1.0 comes back as 1, an amount within its last digit."""
    if isinstance(new, float | int) and isinstance(old, float | int):
        return abs(new - old) < _TINY
    return bool(new == old)


def _usd(amount: Any) -> Decimal:  # noqa: ANN401 - a stored value
    if isinstance(amount, int | float) and not isinstance(amount, bool):
        return Decimal(repr(amount))
    return Decimal(0)
