"""Anthropic's messages."""

import json
from typing import Any

from tests.providers.replies import (
    ARGUMENTS,
    CACHED_TOKENS,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    TOOL,
    Failure,
    Reply,
    wants_tool,
    words,
)

_FAILURE = Failure(429, {"type": "error", "error": {"type": "rate_limit_error", "message": "Too many requests."}})


def messages(asked: dict[str, Any]) -> Reply | Failure:
    """Answer POST /v1/messages."""
    model = asked["model"]
    if "failing" in model:
        return _FAILURE
    last = asked["messages"][-1]["content"]
    text = f"You said: {last}"
    is_call = wants_tool(asked, last)
    block: dict[str, Any] = {"type": "text", "text": text, "citations": None}
    if is_call:
        block = {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": json.loads(ARGUMENTS)}
    cached = CACHED_TOKENS if "cached" in model else 0
    usage = {
        "input_tokens": INPUT_TOKENS - cached,  # Anthropic does not count the cache here
        "output_tokens": OUTPUT_TOKENS,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
    }
    reason = "tool_use" if is_call else "end_turn"
    begun = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_sequence": None}
    whole = begun | {"content": [block], "stop_reason": reason, "usage": usage}
    blank: dict[str, Any] = {"input": {}} if is_call else {"text": ""}
    deltas = [{"type": "input_json_delta", "partial_json": part} for part in words(ARGUMENTS)]
    if not is_call:
        deltas = [{"type": "text_delta", "text": part} for part in words(text)]
    opening = begun | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    ended = {"delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": OUTPUT_TOKENS}}
    events: list[tuple[str, dict[str, Any]]] = [
        ("message_start", {"message": opening}),
        ("content_block_start", {"index": 0, "content_block": block | blank}),
        *(("content_block_delta", {"index": 0, "delta": delta}) for delta in deltas),
        ("content_block_stop", {"index": 0}),
        ("message_delta", ended),
        ("message_stop", {}),
    ]
    return Reply(whole, [(name, {"type": name, **data}) for name, data in events])
