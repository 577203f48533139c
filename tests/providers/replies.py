"""What a provider says, before it is put into anybody's format."""

from dataclasses import dataclass, field
from typing import Any

INPUT_TOKENS, OUTPUT_TOKENS, CACHED_TOKENS = 21, 9, 16
TOOL = "get_weather"
ARGUMENTS = '{"city": "Bern"}'


@dataclass(frozen=True)
class Reply:
    """The answer as a whole, and as the events of a stream (name, data)."""

    whole: dict[str, Any]
    pieces: list[tuple[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Failure:
    """A refusal."""

    status: int
    body: dict[str, Any]


def wants_tool(asked: dict[str, Any], last: Any) -> bool:  # noqa: ANN401 - any JSON
    """Call a tool when there is one and it was not called yet."""
    return bool(asked.get("tools")) and "weather" in str(last).lower()


def words(text: str) -> list[str]:
    """Cut a text into the pieces of a stream."""
    first, *rest = text.split(" ")
    return [first, *(f" {word}" for word in rest)]
