"""Tokens of a generation whose sender counted none (many streams do not), told from the length of its texts.

Four characters a token, of Chinese, Japanese and Korean one and a half: rules of thumb, so the cost is an estimate.
"""

from math import ceil
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct, field

from apps.llm.pricing.usage import INPUT, MOST, OUTPUT, Call

CHARACTERS_A_TOKEN: Final = 4.0
WIDE_A_TOKEN: Final = 1.5
MOST_READ: Final = 65_536
"""How many bytes of one property are read; of a longer one the bytes are counted as characters."""
_DEEPEST: Final = 20
_NO_TEXT: Final = frozenset({"role", "type", "id", "tool_call_id", "finish_reason", "data", "url", "image_url"})
_ABSENT: Final = Raw()


class _Texts(Struct, gc=False):
    input: Raw = field(name="$ai_input", default=_ABSENT)
    instructions: Raw = field(name="$ai_instructions", default=_ABSENT)
    choices: Raw = field(name="$ai_output_choices", default=_ABSENT)
    output: Raw = field(name="$ai_output", default=_ABSENT)
    input_chars: Any = field(name="$ai_input_chars", default=None)
    instructions_chars: Any = field(name="$ai_instructions_chars", default=None)
    choices_chars: Any = field(name="$ai_output_choices_chars", default=None)
    output_chars: Any = field(name="$ai_output_chars", default=None)


_DECODER: Final = msgspec.json.Decoder(_Texts)


def estimate(call: Call, properties: bytes) -> dict[str, Any]:
    """Give the properties that say what a call used, or nothing: it was counted, it failed, or a text is missing."""
    said = (call.input, call.output, call.total, call.cache_read, call.cache_write, call.reasoning)
    if any(said) or call.output is not None or call.is_error is True:
        return {}
    try:
        texts = _DECODER.decode(properties)
        read = _tokens(texts.input, texts.input_chars) + _tokens(texts.instructions, texts.instructions_chars)
        written = _tokens(texts.choices, texts.choices_chars) or _tokens(texts.output, texts.output_chars)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    if not 0 < read <= MOST or not 0 < written <= MOST:
        return {}
    return {INPUT: ceil(read), OUTPUT: ceil(written), "$ai_usage_source": "estimated"}


def _tokens(raw: Raw, characters: object) -> float:
    if len(raw) > MOST_READ:
        return len(raw) / CHARACTERS_A_TOKEN
    if len(raw):
        return _of(msgspec.json.decode(raw))
    return characters / CHARACTERS_A_TOKEN if type(characters) is int and characters > 0 else 0.0


def _of(value: Any, depth: int = 0) -> float:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        if value.startswith("data:"):
            return 0.0
        # A wide character takes three bytes in UTF-8, one of Greek or Russian two: those count as half wide.
        wide = 0 if value.isascii() else (len(value.encode("utf-8", "surrogatepass")) - len(value)) / 2
        return (len(value) - wide) / CHARACTERS_A_TOKEN + wide / WIDE_A_TOKEN
    if depth > _DEEPEST:
        return 0.0
    if isinstance(value, list):
        return sum(_of(each, depth + 1) for each in value)
    if isinstance(value, dict):
        return sum(_of(each, depth + 1) for name, each in value.items() if name not in _NO_TEXT)
    return 0.0
