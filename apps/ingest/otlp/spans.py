"""A span as both encodings of OTLP give it: plain values, ids in hexadecimal."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

_ID: Final = re.compile(r"[0-9a-f]+")
_TRACE_ID_LENGTH: Final = 32
_SPAN_ID_LENGTH: Final = 16


class SpanRejectedError(Exception):
    """One span is refused; its neighbours are not."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made spans: the attributes of the process (resource), and the instrumentation (scope)."""

    resource: dict[str, Any] = field(default_factory=dict)
    scope: str = ""
    scope_version: str = ""


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """A moment within a span, such as a message or an exception."""

    name: str
    time_ns: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One finished operation."""

    trace_id: str
    span_id: str
    name: str
    parent_id: str = ""
    start_ns: int = 0
    end_ns: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[SpanEvent] = field(default_factory=list)
    is_error: bool = False
    status_message: str = ""
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class RawSpan:
    """A span not read yet: its own bytes, so that one that cannot be read leaves the others alone."""

    origin: Origin
    content: bytes


def check_ids(trace_id: str, span_id: str) -> None:
    """Refuse ids that are not what the specification wants: 16 and 8 bytes, not all zero."""
    for text, length, what in ((trace_id, _TRACE_ID_LENGTH, "trace"), (span_id, _SPAN_ID_LENGTH, "span")):
        if len(text) != length or not _ID.fullmatch(text) or not text.strip("0"):
            raise SpanRejectedError("span_malformed", f"The {what} id is no id of {length // 2} bytes.")
