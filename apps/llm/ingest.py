"""The steps llm adds to the ingest pipeline: what a call cost, and long texts to a table of their own.

Both look at the event's name first, so an event of another kind costs a look-up in a set.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from django.conf import settings

from apps.clickhouse.tables import AI_TEXTS
from apps.clickhouse.texts import APART, trace_id_of
from apps.ingest.batch import EventBatch
from apps.llm import texts
from apps.llm.pricing import quoting
from apps.llm.pricing.estimating import estimate
from apps.llm.pricing.finding import find_in_passing
from apps.llm.pricing.quoting import Quote
from apps.llm.pricing.usage import Call
from apps.llm.selectors import own_prices

GENERATION: Final = "$ai_generation"
EMBEDDING: Final = "$ai_embedding"
PRICED: Final = frozenset({GENERATION, EMBEDDING})

REPORTED_COST: Final = "$ai_reported_cost"
"""Where costs are kept that the sender gave and that ours took the place of."""

WORDS: Final = (
    "$ai_cost_status",
    "$ai_cost_model_source",
    "$ai_cost_version",
    "$ai_cost_model_provider",
    "$ai_model_cost_used",
    "$ai_cost_reason",
)
"""What is said about a cost beside the numbers."""

_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)
_CALLS: Final = msgspec.json.Decoder(Call)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX: Final = "$ai_"


def price(batch: EventBatch) -> None:
    """Price every call of a model at the time it was made."""
    for row, name in enumerate(batch.events):
        if name in PRICED:
            call = read_call(batch.properties[row])
            estimated = estimate(call, batch.properties[row]) if name == GENERATION and call.output is None else {}
            if estimated:
                call.input, call.output, call.usage_source = estimated.values()
            prices = own_prices(batch.project_ids[row])
            answer = quoting.quote(
                call, batch.timestamps_us[row], prices, is_embedding=name == EMBEDDING, find=find_in_passing
            )
            batch.put_all(row, {**estimated, **properties_of(answer, call)})
            if answer.reading.problem == "usage_impossible":
                batch.warn(row, "ai_usage_impossible")


def read_call(properties: bytes) -> Call:
    """Read what an event says about its call; properties that cannot be read say nothing."""
    try:
        return _CALLS.decode(properties)
    except _UNREADABLE:
        return Call()


def properties_of(answer: Quote, call: Call) -> dict[str, Any]:
    """Give the properties an answer sets on its event; null takes one away that would be wrong now."""
    put: dict[str, Any] = {
        **_words((answer.status, answer.source, answer.version, answer.provider, answer.model, answer.reason)),
        **answer.reading.changed,
    }
    for name, value, before in (
        ("$ai_input_cost_usd", answer.input, call.input_cost),
        ("$ai_output_cost_usd", answer.output, call.output_cost),
        ("$ai_total_cost_usd", answer.total, call.total_cost),
        ("$ai_request_cost_usd", answer.request, call.request_cost),
        ("$ai_web_search_cost_usd", answer.web_search, call.web_search_cost),
    ):
        if value is not None:
            put[name] = value
        elif before is not None:
            put[name] = None
        if before is not None and answer.status != quoting.PROVIDER_REPORTED and call.cost_status is None:
            put.setdefault(REPORTED_COST, {})[name] = before
    if answer.list_total is not None:
        put["$ai_list_total_cost_usd"] = answer.list_total
    return put


@lru_cache(maxsize=10_000)
def _words(words: tuple[str, ...]) -> dict[str, str]:
    """Name what is said in words about a cost: the same few answers again and again."""
    return {name: word for name, word in zip(WORDS, words, strict=True) if word}


def set_texts_apart(batch: EventBatch) -> None:
    """Move long texts of AI events to their own table; what is left names them."""
    smallest = settings.BALEEN_AI_TEXT_INLINE_BYTES
    kinds = {name for name in set(batch.events) if name.startswith(_PREFIX)}
    for row, name in enumerate(batch.events) if kinds else ():
        if name in kinds:
            try:
                trace_id, found = texts.long_texts(batch.properties[row], smallest)
            except _UNREADABLE:
                continue
            if found:
                _set_apart(batch, row, trace_id_of(trace_id, batch.uuids[row]), found)


def _set_apart(batch: EventBatch, row: int, trace_id: str, found: dict[str, bytes]) -> None:
    batch.put(row, APART, {name: len(text) for name, text in found.items()})
    shared: dict[str, object] = {
        "project_id": batch.project_ids[row],
        "trace_id": trace_id,
        "event_uuid": batch.uuids[row],
        "timestamp": _EPOCH + timedelta(microseconds=batch.timestamps_us[row]),
        "distinct_id": batch.distinct_ids[row],
        "expires_on": texts.expires_on(batch.received_us[row]),
    }
    for name, text in found.items():
        batch.remove(row, name)
        batch.put_beside(AI_TEXTS, {**shared, "name": name, "text": text})
