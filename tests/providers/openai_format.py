"""OpenAI's chat completions, responses and embeddings."""

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

_CREATED = 1_795_341_600
_FAILURE = Failure(
    429, {"error": {"message": "Too many requests.", "type": "rate_limit_error", "code": "rate_limited"}}
)


def chat(asked: dict[str, Any]) -> Reply | Failure:
    """Answer POST /v1/chat/completions."""
    model = asked["model"]
    if "failing" in model:
        return _FAILURE
    last = asked["messages"][-1].get("content")
    head = {"id": "chatcmpl-1", "created": _CREATED, "model": f"{model}-2026-11-01", "system_fingerprint": "fp_1"}
    usage = None if "silent" in model else _chat_usage(model)
    calls = [{"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": ARGUMENTS}}]
    text = f"You said: {last}"
    is_call = wants_tool(asked, last)
    message = (
        {"role": "assistant", "content": None, "tool_calls": calls}
        if is_call
        else {"role": "assistant", "content": text, "refusal": None}
    )
    reason = "tool_calls" if is_call else "stop"
    whole = head | {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
    }
    if usage is not None:
        whole["usage"] = usage

    def chunk(delta: dict[str, Any], finish: str | None = None) -> tuple[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return "", head | {"object": "chat.completion.chunk", "choices": [choice]}

    pieces = [chunk({"role": "assistant", "content": None if is_call else ""})]
    if is_call:
        pieces.append(chunk({"tool_calls": [{"index": 0, **calls[0], "function": {"name": TOOL, "arguments": ""}}]}))
        pieces += [chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}) for part in words(ARGUMENTS)]
    else:
        pieces += [chunk({"content": part}) for part in words(text)]
    pieces.append(chunk({}, reason))
    if usage is not None and (asked.get("stream_options") or {}).get("include_usage"):
        pieces.append(("", head | {"object": "chat.completion.chunk", "choices": [], "usage": usage}))
    pieces.append(("", "[DONE]"))
    return Reply(whole, pieces)


def responses(asked: dict[str, Any]) -> Reply | Failure:
    """Answer POST /v1/responses."""
    model = asked["model"]
    if "failing" in model:
        return _FAILURE
    given = asked["input"]
    last = given if isinstance(given, str) else given[-1].get("content")
    text = f"You said: {last}"
    item = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    usage = {
        "input_tokens": INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": CACHED_TOKENS if "cached" in model else 0},
        "output_tokens": OUTPUT_TOKENS,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    }
    begun = {
        "id": "resp_1",
        "object": "response",
        "created_at": _CREATED,
        "status": "in_progress",
        "model": f"{model}-2026-11-01",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": asked.get("tools", []),
        "temperature": asked.get("temperature", 1.0),
        "top_p": 1.0,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "metadata": {},
    }
    whole = begun | {"status": "completed", "output": [item], "usage": None if "silent" in model else usage}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": item | {"content": [], "status": "in_progress"}}),
        ("response.content_part.added", {**place, "part": {"type": "output_text", "text": "", "annotations": []}}),
        *(("response.output_text.delta", {**place, "delta": part, "logprobs": []}) for part in words(text)),
        ("response.output_text.done", {**place, "text": text, "logprobs": []}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": whole}),
    ]
    pieces = [(name, {"type": name, "sequence_number": number, **data}) for number, (name, data) in enumerate(events)]
    return Reply(whole, [*pieces])


def embeddings(asked: dict[str, Any]) -> Reply | Failure:
    """Answer POST /v1/embeddings."""
    model = asked["model"]
    if "failing" in model:
        return _FAILURE
    texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    is_base64 = asked.get("encoding_format") == "base64"
    vector = "AACAPwAAAEA=" if is_base64 else [1.0, 2.0]  # two little-endian floats
    return Reply(
        {
            "object": "list",
            "model": model,
            "data": [{"object": "embedding", "index": index, "embedding": vector} for index in range(len(texts))],
            "usage": {"prompt_tokens": 4 * len(texts), "total_tokens": 4 * len(texts)},
        }
    )


def _chat_usage(model: str) -> dict[str, Any]:
    return {
        "prompt_tokens": INPUT_TOKENS,
        "completion_tokens": OUTPUT_TOKENS,
        "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS if "cached" in model else 0},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
