"""Pictures and sounds inside messages: their bytes are replaced by a sentence, as PostHog's own wrappers do.

One picture takes as much room as a hundred conversations, and an event has a bound that the text must fit in.
"""

import re
from typing import Any, Final

_DATA_URL: Final = re.compile(r"\Adata:[\w.+-]+/[\w.+-]+(?:;[\w=.+-]+)*;base64,")
_BASE64: Final = re.compile(r"\A[A-Za-z0-9+/_-]{1024}")
_LONG: Final = 1024
_MEDIA_KEYS: Final = frozenset({"data", "content", "bytes", "image", "audio", "file_data", "b64_json"})
_LEAVES: Final = 4


def redacted(node: Any, key: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Give the same JSON without base64 of media in it."""
    if isinstance(node, str):
        return _redacted_text(node, key)
    if isinstance(node, list):
        return [redacted(item, key) for item in node]
    if isinstance(node, dict):
        return {name: redacted(value, name) for name, value in node.items()}
    return node


def _redacted_text(text: str, key: str) -> str:
    if len(text) < _LONG:
        return text
    if found := _DATA_URL.match(text):
        return f"[base64 {found[0][5:].partition('/')[0]} redacted]"
    if key in _MEDIA_KEYS and len(text) % _LEAVES == 0 and _BASE64.match(text) and " " not in text:
        return "[base64 media redacted]"
    return text
