"""The attributes of one span while they become properties: what was used up is not copied once more."""

from typing import Any, Final

import msgspec

_JSON_STARTS: Final = ("{", "[")
_DEEPEST: Final = 40
"""Leaves room below BALEEN_INGEST_MAX_DEPTH for what is put around it."""


class Attributes:
    """Reads attributes by the names conventions give them, first name first, and remembers which ones are spent.

    A prompt that has become `$ai_input` must not stay beside it under its old name, where no privacy rule looks.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        """Take the attributes; the dictionary itself is left as it is."""
        self._values = values
        self._spent: set[str] = set()

    def __contains__(self, name: str) -> bool:
        """Say whether an attribute is there, with a value."""
        return self._values.get(name) is not None

    def look(self, *names: str) -> Any:  # noqa: ANN401 - an attribute's value
        """Give the first of these that has a value, and spend nothing."""
        for name in names:
            value = self._values.get(name)
            if value is not None and value != "":
                return value
        return None

    def take(self, *names: str) -> Any:  # noqa: ANN401 - an attribute's value
        """Give the first of these that has a value, and spend them all: they tell the same."""
        value = self.look(*names)
        self._spent.update(names)
        return value

    def pick(self, *names: str) -> Any:  # noqa: ANN401 - an attribute's value
        """Give the first of these that has a value, and spend it and its equals; what differs tells something else."""
        value = self.look(*names)
        if value is not None:
            self._spent.update(name for name in names if self._values.get(name) == value)
        return value

    def text(self, *names: str) -> str:
        """Give the first of these that is text, and spend nothing."""
        value = self.look(*names)
        return value if isinstance(value, str) else ""

    def under(self, prefix: str, *, keep: tuple[str, ...] = ()) -> dict[str, Any]:
        """Give the attributes whose names start so, by the rest of their names, and spend them; not those to keep."""
        found = {name: value for name, value in self._values.items() if name.startswith(prefix) and name not in keep}
        self._spent.update(found)
        return {name[len(prefix) :]: value for name, value in found.items() if value is not None}

    def spend(self, *names: str) -> None:
        """Leave these out of what remains."""
        self._spent.update(names)

    def offer(self, name: str, value: Any) -> None:  # noqa: ANN401 - an attribute's value
        """Take a value found elsewhere as an attribute, unless it is there already."""
        if value is not None:
            self._values = {name: value} | self._values

    def remaining(self) -> dict[str, Any]:
        """Give what nothing has used."""
        return {name: value for name, value in self._values.items() if name not in self._spent and value is not None}


def parsed(value: Any) -> Any:  # noqa: ANN401 - an attribute's value
    """Read a value that is JSON in text; anything else stays as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in _JSON_STARTS:
        return value
    try:
        content = msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return value
    return content if value.count("{") + value.count("[") <= _DEEPEST or _is_shallow(content) else value


def unquoted(value: Any) -> Any:  # noqa: ANN401 - an attribute's value
    """Read a value that its convention always writes as JSON in text, so that a plain text stands in quotes."""
    content = parsed(value)
    if isinstance(content, str) and content[:1] == content[-1:] == '"':
        try:
            return msgspec.json.decode(content)
        except (msgspec.MsgspecError, UnicodeError):
            return content
    return content


def _is_shallow(content: Any) -> bool:  # noqa: ANN401 - any JSON
    """Say whether what was read can be walked and stored; what is deeper stays text."""
    level = [content]
    for _ in range(_DEEPEST):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return True
    return False


def whole(value: Any) -> int | None:  # noqa: ANN401 - an attribute's value
    """Read a count, which some exporters write as a float or as text; None when it is none."""
    number = decimal(value)
    return int(number) if number is not None and 0 <= number < 1 << 53 else None


def decimal(value: Any) -> float | None:  # noqa: ANN401 - an attribute's value
    """Read a finite number; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if number - number == 0 else None
