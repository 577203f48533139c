"""Messages of every convention, in the one form of `$ai_input` and `$ai_output_choices`.

That form is `{role, content, tool_calls?, ...}` with text, or parts `{type: text | function | thinking | ...}`, as
content. OpenTelemetry's own is `{role, parts: [{type, ...}]}`; what nobody here knows is kept as it is.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from apps.ingest.otlp.mapping.attributes import parsed
from apps.ingest.otlp.mapping.media import redacted

Message = dict[str, Any]

_EVENT_ROLES: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}
_DROPPED: Final = frozenset({"parts", "gen_ai.system", "gen_ai.provider.name", "event.name", "event.domain", "index"})


def messages(value: Any, *, role: str = "user") -> list[Any]:  # noqa: ANN401 - an attribute's value
    """Read messages that stand as a list, as JSON in text, or as the text of a single one."""
    content = parsed(value)
    match content:
        case dict() if isinstance(content.get("messages"), list):
            # What Vercel's ai.prompt and OpenInference's input.value hold: the call's arguments.
            listed = list(content["messages"])
            system = content.get("system") or content.get("instructions")
            return [
                message(item, role) for item in ([{"role": "system", "content": system}] if system else []) + listed
            ]
        case dict() if "role" not in content and isinstance(content.get("prompt"), str | list):
            system = content.get("system")
            asked = messages(content["prompt"], role=role)
            return [{"role": "system", "content": system}, *asked] if system else asked
        case dict():
            return [message(content, role)]
        case list():
            return [message(parsed(item), role) for item in content]
        case _:
            return [{"role": role, "content": redacted(content)}]


def message(item: Any, role: str) -> Any:  # noqa: ANN401 - any JSON
    """Read one message."""
    if isinstance(item, str):
        return {"role": role, "content": redacted(item)}
    if not isinstance(item, dict):
        return item
    if isinstance(item.get("parts"), list):
        return _from_parts(item, role)
    return redacted(item)


def instructions(value: Any) -> list[Message]:  # noqa: ANN401 - an attribute's value
    """Make the system message of `gen_ai.system_instructions`: a list of parts, or text."""
    content = parsed(value)
    if content in (None, "", []):
        return []
    if isinstance(content, list):
        return [_from_parts({"parts": content}, "system")]
    return [{"role": "system", "content": content}]


def from_events(events: Iterable[tuple[str, dict[str, Any]]], *, choices: bool) -> list[Message]:
    """Read the messages that stand as events of the span, those asked or those answered."""
    return [
        _from_event(name, attributes)
        for name, attributes in events
        if name in _EVENT_ROLES and (name == "gen_ai.choice") is choices
    ]


def from_flat(item: Any) -> Any:  # noqa: ANN401 - an attribute's value
    """Read one message of `llm.input_messages.N.message.*` or `gen_ai.prompt.N.*`, its parts gathered already."""
    if not isinstance(item, dict):
        return item
    inner = item.get("message")
    source: Message = inner if isinstance(inner, dict) else item
    made = {name: parsed(value) if name == "content" else value for name, value in source.items()}
    if isinstance(contents := made.pop("contents", None), list):
        made["content"] = [_flat_content(part) for part in contents]
    if isinstance(calls := made.pop("tool_calls", None), list):
        made["tool_calls"] = [_flat_call(call) for call in calls]
    name, arguments = made.pop("function_call_name", None), made.pop("function_call_arguments_json", None)
    if name:
        made["tool_calls"] = [function(None, name, arguments)]
    made.setdefault("content", None)
    return redacted(made)


def function(call_id: Any, name: Any, arguments: Any) -> Message:  # noqa: ANN401 - any JSON
    """Make the part that says a model calls a tool."""
    call = {"type": "function", "function": {"name": name, "arguments": parsed(arguments)}}
    return call if call_id is None else {"id": call_id, **call}


def _from_parts(item: Message, role: str) -> Message:
    made: Message = {"role": item.get("role", role), "content": None}
    content, answers = [], []
    for part in item["parts"]:
        if isinstance(part, dict) and part.get("type") == "tool_call_response":
            answers.append(part)
        else:
            content.append(_part(part))
    if len(answers) == 1 and not content:
        made |= {"role": "tool", "tool_call_id": answers[0].get("id"), "content": _answer(answers[0])}
    else:
        content += [
            {"type": "tool_result", "tool_call_id": part.get("id"), "content": _answer(part)} for part in answers
        ]
        is_text = len(content) == 1 and isinstance(content[0], dict) and content[0].get("type") == "text"
        made["content"] = content[0].get("text") if is_text else content
    rest = {name: value for name, value in item.items() if name not in made and name not in _DROPPED}
    return made | {name: value for name, value in rest.items() if value is not None}


def _part(part: Any) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(part, dict):
        return {"type": "text", "text": part} if isinstance(part, str) else part
    match part.get("type"):
        case "text":
            return {"type": "text", "text": part.get("content", part.get("text"))}
        case "tool_call":
            return function(part.get("id"), part.get("name"), part.get("arguments"))
        case "reasoning" | "thinking":
            return {"type": "thinking", "thinking": part.get("content", part.get("thinking"))}
        case _:
            return redacted(part)


def _answer(part: Message) -> Any:  # noqa: ANN401 - any JSON
    return redacted(parsed(part.get("response", part.get("result"))))


def _from_event(name: str, attributes: Message) -> Message:
    inner = parsed(attributes.get("message"))
    source = attributes if not isinstance(inner, dict) else {**attributes, **inner}
    made: Message = {"role": source.get("role") or _EVENT_ROLES[name], "content": parsed(source.get("content"))}
    if isinstance(calls := parsed(source.get("tool_calls")), list):
        made["tool_calls"] = [parsed(call) for call in calls]
    if name == "gen_ai.tool.message" and source.get("id"):
        made["tool_call_id"] = source["id"]
    ignored = {*_DROPPED, "message", "tool_calls", "id"}
    return redacted(made | {key: value for key, value in source.items() if key not in made and key not in ignored})  # type: ignore[no-any-return]  # what goes in as an object comes out as one


def _flat_content(part: Any) -> Any:  # noqa: ANN401 - an attribute's value
    inner = part.get("message_content") if isinstance(part, dict) else None
    return _part(dict(_renamed(inner))) if isinstance(inner, dict) else part


def _renamed(content: Message) -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        yield (
            ("image_url", value["image"])
            if name == "image" and isinstance(value, dict) and "image" in value
            else (
                name,
                value,
            )
        )


def _flat_call(call: Any) -> Any:  # noqa: ANN401 - an attribute's value
    if not isinstance(call, dict):
        return call
    inner = call.get("tool_call")
    source = inner if isinstance(inner, dict) else call
    named = source.get("function")
    named = named if isinstance(named, dict) else source
    return function(source.get("id"), named.get("name"), named.get("arguments"))
