"""The numbers a sender gives about one call, brought to one convention.

Input contains what was read from and written to a cache, output contains reasoning. Providers disagree: Anthropic
counts cached tokens beside the input, Gemini counts thoughts beside the output. How that is told apart is written in
docs/explanation/cost.md; every number that is changed is kept as it was sent.
"""

from typing import Any, Final

from msgspec import Struct, field

INPUT: Final = "$ai_input_tokens"
OUTPUT: Final = "$ai_output_tokens"
TOTAL: Final = "$ai_total_tokens"
EXCLUSIVE: Final = "$ai_cache_reporting_exclusive"
REPORTED: Final = "$ai_reported_usage"
"""Where the numbers are kept as they were sent, of those that were changed."""

_ESTIMATED: Final = "estimated"
IMPOSSIBLE: Final = "usage_impossible"
MOST: Final = 1_000_000_000
"""The most tokens a number is believed of: a hundred times what the longest context takes."""


class Call(Struct, gc=False):
    """What an event says about one call of a model; any value may be anything a sender can think of."""

    provider: Any = field(name="$ai_provider", default=None)
    model: Any = field(name="$ai_model", default=None)
    base_url: Any = field(name="$ai_base_url", default=None)
    parameters: Any = field(name="$ai_model_parameters", default=None)
    service_tier: Any = field(name="$ai_service_tier", default=None)
    input: Any = field(name=INPUT, default=None)
    output: Any = field(name=OUTPUT, default=None)
    total: Any = field(name=TOTAL, default=None)
    cache_read: Any = field(name="$ai_cache_read_input_tokens", default=None)
    cache_write: Any = field(name="$ai_cache_creation_input_tokens", default=None)
    cache_write_5m: Any = field(name="$ai_cache_creation_5m_input_tokens", default=None)
    cache_write_1h: Any = field(name="$ai_cache_creation_1h_input_tokens", default=None)
    exclusive: Any = field(name=EXCLUSIVE, default=None)
    reasoning: Any = field(name="$ai_reasoning_tokens", default=None)
    audio: Any = field(name="$ai_audio_input_tokens", default=None)
    image: Any = field(name="$ai_image_input_tokens", default=None)
    cached_audio: Any = field(name="$ai_cache_read_audio_tokens", default=None)
    web_searches: Any = field(name="$ai_web_search_count", default=None)
    tokens_source: Any = field(name="$ai_tokens_source", default=None)
    usage_source: Any = field(name="$ai_usage_source", default=None)
    reported: Any = field(name=REPORTED, default=None)
    latency: Any = field(name="$ai_latency", default=None)
    first_token: Any = field(name="$ai_time_to_first_token", default=None)
    is_error: Any = field(name="$ai_is_error", default=None)
    ingestion_source: Any = field(name="$ai_ingestion_source", default=None)
    input_cost: Any = field(name="$ai_input_cost_usd", default=None)
    output_cost: Any = field(name="$ai_output_cost_usd", default=None)
    request_cost: Any = field(name="$ai_request_cost_usd", default=None)
    web_search_cost: Any = field(name="$ai_web_search_cost_usd", default=None)
    total_cost: Any = field(name="$ai_total_cost_usd", default=None)
    cost_status: Any = field(name="$ai_cost_status", default=None)
    input_price: Any = field(name="$ai_input_token_price", default=None)
    output_price: Any = field(name="$ai_output_token_price", default=None)
    cache_read_price: Any = field(name="$ai_cache_read_token_price", default=None)
    cache_write_price: Any = field(name="$ai_cache_write_token_price", default=None)
    cache_write_1h_price: Any = field(name="$ai_cache_write_1h_token_price", default=None)
    request_price: Any = field(name="$ai_request_price", default=None)
    web_search_price: Any = field(name="$ai_web_search_price", default=None)


class Usage(Struct, frozen=True, gc=False):
    """Tokens of one call, inclusive; all numbers whole and not negative."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    """Of these, `cache_write_1h` are kept for an hour, the rest for five minutes."""
    cache_write_1h: int = 0
    reasoning: int = 0
    audio: int = 0
    cached_audio: int = 0
    image: int = 0
    web_searches: int = 0


class Reading(Struct, frozen=True, gc=False):
    """What was made of the numbers: a usage, or why there is none."""

    usage: Usage | None
    problem: str = ""
    """`usage_missing` or `usage_impossible` when there is no usage."""
    note: str = ""
    """What was assumed, when something had to be: the cost is then an estimate."""
    changed: dict[str, Any] = {}
    """The properties whose value is another now, with that value."""


class _ImpossibleError(Exception):
    """A number no call can have."""


_MISSING: Final = Reading(None, "usage_missing")
_IMPOSSIBLE: Final = Reading(None, IMPOSSIBLE)


def read(call: Call, *, is_embedding: bool = False) -> Reading:
    """Read the numbers of a call; what must not be believed gives a reading without usage."""
    tokens_in, tokens_out = call.input, call.output
    # Nearly every call: two whole numbers, and nothing that a provider could have counted its own way.
    if type(tokens_in) is type(tokens_out) is int and 0 < tokens_in <= MOST and 0 <= tokens_out <= MOST:
        is_plain = not (
            call.cache_read
            or call.cache_write
            or call.reasoning
            or call.cache_write_5m
            or call.cache_write_1h
            or call.audio
            or call.image
            or call.cached_audio
            or call.web_searches
            or _ESTIMATED in (call.tokens_source, call.usage_source)
        )
        if is_plain:
            return Reading(Usage(tokens_in, tokens_out))
    try:
        return _read(call, is_embedding=is_embedding)
    except _ImpossibleError:
        return _IMPOSSIBLE


def _read(call: Call, *, is_embedding: bool) -> Reading:
    sent_input, sent_output = _number(call.input), _number(call.output)
    read_tokens, written, written_1h = _count(call.cache_read), _written(call), _count(call.cache_write_1h)
    reasoning = _count(call.reasoning)
    if sent_input is None or (sent_output is None and not is_embedding):
        return _MISSING
    tokens_in, tokens_out, note = sent_input, sent_output or 0, ""
    if isinstance(call.reported, dict):
        # Our own numbers, read again to price the call anew.
        is_exclusive, is_beside = False, False
    else:
        is_exclusive, note = _is_exclusive(call, tokens_in, read_tokens + written)
        is_beside, said = _is_beside(call, tokens_in, tokens_out, reasoning)
        note = note or said
    if is_exclusive:
        tokens_in += read_tokens + written
    if is_beside:
        tokens_out += reasoning
    if not tokens_in:
        # A call has some input; wrappers write 0 when the stream told them nothing.
        return _MISSING
    usage = Usage(
        tokens_in,
        tokens_out,
        read_tokens,
        written,
        written_1h,
        reasoning,
        _count(call.audio),
        _count(call.cached_audio),
        _count(call.image),
        _count(call.web_searches),
    )
    _check(usage)
    if _ESTIMATED in (call.usage_source, call.tokens_source):
        note = "usage_estimated"
    return Reading(usage, "", note, _changes(call, usage, sent_input, sent_output))


def _is_exclusive(call: Call, tokens_in: int, cached: int) -> tuple[bool, str]:
    """Say whether the cache is counted beside the input, and what was assumed to say so."""
    if not cached:
        return False, ""
    if isinstance(call.exclusive, bool):
        return call.exclusive, ""
    if is_anthropic(call.provider, call.model):
        return True, ""
    return (True, "cache_convention_inferred") if tokens_in < cached else (False, "")


def _is_beside(call: Call, tokens_in: int, tokens_out: int, reasoning: int) -> tuple[bool, str]:
    """Say whether reasoning is counted beside the output, and what was assumed to say so."""
    if not reasoning:
        return False, ""
    total = call.total
    if isinstance(total, int) and not isinstance(total, bool):
        if total == tokens_in + tokens_out + reasoning:
            return True, ""
        if total == tokens_in + tokens_out and reasoning <= tokens_out:
            return False, ""
    is_gemini = _has(call.model, "gemini") or _has(call.provider, "gemini")
    if is_gemini and (call.ingestion_source != "otel" or reasoning > tokens_out):
        return True, "reasoning_convention_assumed"
    return False, ""


def is_anthropic(provider: object, model: object) -> bool:
    """Say whether a call went to a model of Anthropic, whoever served it."""
    return _has(provider, "anthropic") or _has(model, "claude") or _has(model, "anthropic")


def _has(value: object, word: str) -> bool:
    return isinstance(value, str) and word in value.lower()


def _written(call: Call) -> int:
    """Give all tokens written to a cache: the sum when it was sent, else its parts."""
    total, short, long = _count(call.cache_write), _count(call.cache_write_5m), _count(call.cache_write_1h)
    if total and short + long > total:
        raise _ImpossibleError
    return total or short + long


def _number(value: Any) -> int | None:  # noqa: ANN401 - a sender's value
    """Read a number of tokens; None when there is none."""
    if type(value) is int:
        if 0 <= value <= MOST:
            return value
        raise _ImpossibleError
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return _number(int(value))
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(MOST)):
        return _number(int(value))
    raise _ImpossibleError


def _count(value: Any) -> int:  # noqa: ANN401 - a sender's value
    """Read a number of tokens where none means none."""
    return _number(value) or 0


def _check(usage: Usage) -> None:
    """Refuse parts that are more than their whole."""
    cached = usage.cache_read + usage.cache_write
    if (
        cached > usage.input
        or usage.cache_write_1h > usage.cache_write
        or usage.reasoning > usage.output
        or usage.cached_audio > min(usage.cache_read, usage.audio)
        or usage.audio - usage.cached_audio + usage.image > usage.input - cached
    ):
        raise _ImpossibleError


def _changes(call: Call, usage: Usage, sent_input: int, sent_output: int | None) -> dict[str, Any]:
    """List the properties whose numbers follow our convention now, and keep what they were."""
    changed: dict[str, Any] = {}
    was: dict[str, Any] = {}
    if usage.input != sent_input:
        changed[INPUT], was[INPUT] = usage.input, call.input
        changed[EXCLUSIVE], was[EXCLUSIVE] = False, call.exclusive
    if usage.output != (sent_output or 0):
        changed[OUTPUT], was[OUTPUT] = usage.output, call.output
    if changed and call.total is not None:
        changed[TOTAL], was[TOTAL] = usage.input + usage.output, call.total
    if changed:
        changed[REPORTED] = was
    return changed
