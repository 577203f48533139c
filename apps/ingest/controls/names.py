"""Lists of names and patterns, as admins write them, matched in linear time whatever they wrote.

A plain text is a name, `*` in it stands for anything, and /text between slashes/ is a regular expression in RE2's
syntax, found anywhere in the name unless it says `^` and `$`.
"""

import json
from collections.abc import Iterable
from typing import Final

import re2

from apps.common.errors import DomainError

LONGEST: Final = 200
_REMEMBERED: Final = 4_096
_MEMORY: Final = 1 << 20
_MEMORY_OF_ALL: Final = 64 << 20


def _options(*, ignore_case: bool, memory: int = _MEMORY) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.never_capture = True
    options.log_errors = False
    options.max_mem = memory
    return options


def is_expression(text: str) -> bool:
    """Say whether a text is a regular expression rather than a name."""
    return len(text) > 2 and text[0] == text[-1] == "/"  # noqa: PLR2004 - two slashes and something between


def expression(text: str) -> str:
    """Spell a name or pattern as a regular expression."""
    if is_expression(text):
        return f"(?:{text[1:-1]})"
    return "^(?:" + ".*".join(re2.escape(part) for part in text.split("*")) + ")$"


def check(text: str, *, attr: str) -> None:
    """Refuse a pattern that cannot be used, by the name of the field it stands in."""
    try:
        # As it was written, so that the reason speaks of nothing else.
        re2.compile(text[1:-1] if is_expression(text) else expression(text), _options(ignore_case=True))
        re2.compile(expression(text), _options(ignore_case=True))
    except re2.error as exc:
        reason = exc.args[0].decode(errors="replace") if isinstance(exc.args[0], bytes) else str(exc)
        raise DomainError(f"“{text}” is no regular expression that can be used ({reason}).", attr=attr) from exc


def needle(text: str) -> str | None:
    """Spell what the JSON text of an object must hold for a name in it to match; None where that cannot be said.

    A name with dots may also be a path, so its last part alone is reason enough to look.
    """
    if is_expression(text) or not text.isascii() or set(text) & set('/"\\'):
        return None
    if "." in text:
        return None if "*" in text else f"{_quoted(text)}|{_quoted(text.rpartition('.')[2])}"
    return _quoted(text)


def _quoted(text: str) -> str:
    return '"' + '[^"]*'.join(re2.escape(json.dumps(part)[1:-1]) for part in text.split("*")) + '"'


class Names:
    """A list of names and patterns that a name can be looked up in."""

    __slots__ = ("_exact", "_ignore_case", "_known", "_pattern")

    def __init__(self, texts: Iterable[str], *, ignore_case: bool = True) -> None:
        self._ignore_case = ignore_case
        texts = tuple(texts)
        plain = [text for text in texts if "*" not in text and not is_expression(text)]
        self._exact = frozenset(map(self._fold, plain))
        patterns = [expression(text) for text in texts if text not in set(plain)]
        # One automaton for all, so that many patterns cost a name no more than one does.
        options = _options(ignore_case=ignore_case, memory=_MEMORY_OF_ALL)
        self._pattern = re2.compile("|".join(patterns), options) if patterns else None
        self._known: dict[str, bool] = {}

    def __bool__(self) -> bool:
        """Say whether the list has anything in it."""
        return bool(self._exact or self._pattern)

    def __contains__(self, name: str) -> bool:
        """Say whether a name is in the list or matches a pattern of it."""
        known = self._known.get(name)
        if known is None:
            known = self._fold(name) in self._exact or (
                self._pattern is not None and self._pattern.search(name) is not None
            )
            if len(name) <= LONGEST:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[name] = known
        return known

    def _fold(self, text: str) -> str:
        return text.casefold() if self._ignore_case else text
