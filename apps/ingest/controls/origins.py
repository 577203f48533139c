"""Which pages may send: the check of a request's Origin against a project's list."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_PATTERN: Final = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]{0,30})://)?"
    r"(?P<host>\*|null|\[[0-9a-f:.]{2,45}\]|(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,10})"
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)

_PORTS: Final = {"https": 443, "http": 80}


def clean(text: str) -> str | None:
    """Bring an entry of the list into its one spelling; None when it is no origin, host or `*.` pattern."""
    text = text.strip().lower()
    return text.rstrip("/") if _PATTERN.fullmatch(text) else None


class Origins:
    """The origins a project lets in. An empty list lets in all."""

    __slots__ = ("_entries", "_known")

    def __init__(self, entries: Iterable[str]) -> None:
        matches = (_PATTERN.fullmatch(entry) for entry in entries)
        self._entries = tuple((match["scheme"], match["host"], match["port"]) for match in matches if match)
        self._known: dict[str, bool] = {}

    def allow(self, origin: str) -> bool:
        """Say whether a page may send."""
        if not self._entries:
            return True
        known = self._known.get(origin)
        if known is None:
            known = self._allow(origin)
            if len(self._known) < 1_024 and len(origin) < 512:  # noqa: PLR2004 - a bound on what strangers can store here
                self._known[origin] = known
        return known

    def _allow(self, origin: str) -> bool:
        origin = origin.strip().lower()
        try:
            parts = urlsplit(origin)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if origin == "null":
            host = origin
        elif ":" in host:
            host = f"[{host}]"
        if port is None:
            port = _PORTS.get(parts.scheme)
        return bool(host) and any(_matches(entry, parts.scheme, host, port) for entry in self._entries)


def _matches(entry: tuple[str | None, str, str | None], scheme: str, host: str, port: int | None) -> bool:
    wanted_scheme, wanted_host, wanted_port = entry
    if wanted_scheme and wanted_scheme != scheme:
        return False
    expected = int(wanted_port) if wanted_port else _PORTS.get(wanted_scheme or "")
    if expected is not None and expected != port:
        return False
    if wanted_host.startswith("*."):
        return host.endswith(wanted_host[1:])
    return wanted_host in {"*", host}
