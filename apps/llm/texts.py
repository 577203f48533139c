"""The long texts of AI events, which are kept apart from the events."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

import msgspec
from django.conf import settings
from msgspec import Raw, Struct, field

from apps.clickhouse.texts import NAMES

_ABSENT: Final = Raw()
_DAY_US: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2149, 6, 6)
"""The last day ClickHouse's Date knows: never."""


class Texts(Struct, gc=False):
    """The properties that may be long, as the JSON text they are."""

    trace_id: Any = field(name="$ai_trace_id", default=None)
    input: Raw = field(name="$ai_input", default=_ABSENT)
    output_choices: Raw = field(name="$ai_output_choices", default=_ABSENT)
    output: Raw = field(name="$ai_output", default=_ABSENT)
    instructions: Raw = field(name="$ai_instructions", default=_ABSENT)
    tools: Raw = field(name="$ai_tools", default=_ABSENT)
    input_state: Raw = field(name="$ai_input_state", default=_ABSENT)
    output_state: Raw = field(name="$ai_output_state", default=_ABSENT)


_DECODER: Final = msgspec.json.Decoder(Texts)
_FIELDS: Final = {item.encode_name: item.name for item in msgspec.structs.fields(Texts)}
_ATTRIBUTES: Final = tuple((name, _FIELDS[name]) for name in NAMES)


def long_texts(properties: bytes, smallest: int) -> tuple[Any, dict[str, bytes]]:
    """Find the texts of more than `smallest` bytes, and the trace they belong to."""
    if len(properties) <= smallest:
        return None, {}
    texts = _DECODER.decode(properties)
    found = {name: bytes(raw) for name, attribute in _ATTRIBUTES if len(raw := getattr(texts, attribute)) > smallest}
    return texts.trace_id, found


def expires_on(received_us: int) -> date:
    """Give the first day a text that came at a moment may be gone."""
    return _expires_on(received_us // _DAY_US, settings.BALEEN_AI_TEXT_DAYS)


@lru_cache(maxsize=1_000)
def _expires_on(day: int, days: int) -> date:
    """Add the days a text is kept, and one for the day it came on."""
    return LAST_DAY if days <= 0 else _EPOCH + timedelta(days=day + days + 1)
