"""What is the content of a prompt or an answer, and what is only about it.

In the mode `metadata` no content may be stored. Content is found by name, and the names nobody thought of by caution:
of `$ai_*` properties only those known to be harmless stay as text, and of all other properties on `$ai_*` events only
short texts under a name that does not sound like content. Numbers, true and false always stay. The same holds at every
depth, and upper and lower case are alike.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

AI: Final = "$ai_"

CONTENT: Final = frozenset(
    {
        "$ai_input",
        "$ai_output",
        "$ai_output_choices",
        "$ai_input_state",
        "$ai_output_state",
        "$ai_instructions",
        "$ai_tools",
        "$ai_error",
        "$ai_feedback_text",
        "$ai_evaluation_reasoning",
        "$ai_user_input",
        "$ai_transcript",
        "$ai_trace_metadata",
        "$ai_custom_data",
        "$selected_content",
        "$el_text",
        "code_variables",
        "attr__value",
        "attr__title",
        "attr__alt",
        "attr__placeholder",
        "attr__aria-label",
    }
)
"""Content on any event: prompts, answers, what people copied from or clicked on the page, variables of a traceback."""

FIGURES: Final = frozenset({
    "$ai_model_parameters", "$ai_usage", "$ai_provider_metadata", "$ai_request_params", "$ai_texts_apart",
})  # fmt: skip
"""Objects about a call: their numbers and short words stay, longer texts in them go."""

METADATA: Final = frozenset({
    "$ai_trace_id", "$ai_session_id", "$ai_span_id", "$ai_parent_id", "$ai_generation_id", "$ai_span_name",
    "$ai_trace_name", "$ai_span_type", "$ai_provider", "$ai_model", "$ai_base_url", "$ai_request_url",
    "$ai_stop_reason", "$ai_completion_id", "$ai_response_id", "$ai_service_tier", "$ai_tokens_source",
    "$ai_error_type", "$ai_lib", "$ai_lib_version", "$ai_framework", "$ai_ingestion_source", "$ai_prompt_name",
    "$ai_prompt_version", "$ai_group_id", "$ai_metric_name", "$ai_metric_value", "$ai_model_cost_used",
    "$ai_cost_model_source", "$ai_cost_model_provider", "$ai_evaluation_id", "$ai_evaluation_name",
    "$ai_evaluation_result", "$ai_target_event_id", "$ai_target_event_type", "$ai_handoff_from_agent",
    "$ai_handoff_to_agent", "$ai_agent_name", "$ai_agent_id", "$ai_tool_name", "$ai_mcp_server", "$ai_mcp_tool",
    "$ai_processing_errors", "$ai_cost_status", "$ai_usage_source", "$ai_template_hash", "$ai_language",
})  # fmt: skip
"""Texts of the `$ai_` family that say nothing of what was said."""

CONTAINERS: Final = frozenset({"$set", "$set_once", "$group_set", "$groups", "$initial_person_info"})
"""Objects of properties: as long as they like, since each member is judged by itself."""

LONG: Final = frozenset({
    "distinct_id", "token", "$current_url", "$initial_current_url", "$session_entry_url", "$referrer",
    "$initial_referrer", "$session_entry_referrer", "$raw_user_agent", "$user_agent", "$active_feature_flags",
    "$session_id", "$window_id", "$device_id", "$user_id", "$anon_distinct_id", "$insert_id",
})  # fmt: skip
"""Properties outside the `$ai_` family that may be long and say nothing of what was said."""

ENOUGH: Final = 200
"""Longest text, in characters of JSON, that a property keeps on an `$ai_*` event unless it is known to be harmless."""

SHORT: Final = 40
"""Longest word inside an object about a call."""

_WORDS: Final = frozenset({
    "prompt", "prompts", "completion", "completions", "message", "messages", "content", "contents", "input", "inputs",
    "output", "outputs", "instruction", "instructions", "transcript", "response", "responses", "question", "answer",
    "query", "text", "texts", "document", "documents", "context", "chunk", "chunks", "arguments", "args", "result",
    "results", "choice", "choices", "body", "reasoning", "thinking", "summary", "title", "subject", "error",
    "exception", "stacktrace", "definitions", "definition", "schema", "parameters", "feedback", "comment", "notes",
    "metadata", "mcp", "langfuse", "template", "variables",
})  # fmt: skip
_PROMPTS_OF_A_CALL: Final = frozenset({"system", "stop", "suffix"})
"""Members of an object about a call that hold texts; elsewhere `system` may well be a provider."""

_DIGEST: Final = re.compile(rb'"[A-Za-z0-9:+/=_.-]{8,128}"')
_CHAIN_TEXT: Final = re.compile(r'(?:attr__(?:value|title|alt|placeholder|aria-label)|text)="(?:[^"\\]|\\.)*+"')


BLANK: Final = "".join(map(chr, range(33))) + "\u00a0\u200b\u2028\u2029\u3000\ufeff"
"""What a name may have around it without looking any different."""


@lru_cache(4_096)
def is_ai(event: str) -> bool:
    """Say whether an event is one of the `$ai_` family, or is meant to be one."""
    return event.lstrip(BLANK)[: len(AI)].casefold() == AI


@lru_cache(4_096)
def sounds_like_content(name: str) -> bool:
    """Say whether a word of a property's name is one that content goes by."""
    spaced = re.sub("([a-z])([A-Z])", r"\1_\2", name[:ENOUGH])
    return not _WORDS.isdisjoint(re.split("[^a-z]+", spaced.lower()))


def is_content(name: str, raw: bytes, *, is_ai: bool) -> bool:
    """Say whether a text, list or object may hold content; `is_ai` says that it stands in an `$ai_*` event."""
    folded = name.casefold()
    if folded in CONTENT:
        return True
    if not is_ai or is_digest(folded, raw):
        return False
    if folded.startswith(AI):
        return folded not in METADATA or (raw[:1] != b'"' and len(raw) > ENOUGH)
    if folded in LONG or (folded in CONTAINERS and raw[:1] == b"{"):
        return False
    is_flag = folded.startswith("$feature/")
    return len(raw) > ENOUGH or (not is_flag and sounds_like_content(name))


def is_digest(name: str, raw: bytes) -> bool:
    """Say whether a property is a hash of content that a sender (or we, before) made: one word of a hash's letters."""
    return name.endswith("_hash") and _DIGEST.fullmatch(raw) is not None


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - a sender's JSON value
    """Give every text inside a value, keys apart."""
    stack = [value]
    while stack:
        match stack.pop():
            case str() as text:
                yield text
            case dict() as members:
                stack.extend(members.values())
            case list() as items:
                stack.extend(items)


def count(value: Any) -> int:  # noqa: ANN401 - as texts()
    """Count the characters of all texts inside a value."""
    return sum(map(len, texts(value)))


def figures(value: Any) -> Any:  # noqa: ANN401 - as texts()
    """Leave the numbers and short words of an object about a call; a text with a blank in it is no word."""
    match value:
        case str():
            return value if len(value) <= SHORT and not any(map(str.isspace, value)) else None
        case dict():
            return {
                name: figures(member)
                for name, member in value.items()
                if len(name) <= SHORT and not (isinstance(member, str | list | dict) and _says_something(name))
            }
        case list():
            return [figures(item) for item in value]
        case _:
            return value


def _says_something(name: str) -> bool:
    return sounds_like_content(name) or name.casefold() in _PROMPTS_OF_A_CALL


def without_page_text(chain: str) -> str:
    """Take the texts of the page out of a chain of elements (wire format: `text="..."` among the attributes)."""
    return _CHAIN_TEXT.sub("", chain)
