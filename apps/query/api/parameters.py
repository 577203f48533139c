"""Reading the parameters of a GET request; every refusal names the parameter."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from apps.query.dates import EARLIEST, LATEST
from apps.query.errors import InvalidQueryError


def check(params: QueryDict, known: Collection[str]) -> None:
    """Refuse what nobody reads, and blanks: a misspelt or forgotten filter would list everything."""
    for name in params:
        if name not in known:
            raise InvalidQueryError(f"This parameter is unknown. Known are: {', '.join(sorted(known))}.", attr=name)
        if not str(params[name]).strip():
            raise InvalidQueryError("This parameter may not be blank.", attr=name)


def moment(params: QueryDict, name: str) -> datetime | None:
    """Read a moment in ISO 8601, UTC unless it has an offset."""
    raw = params.get(name)
    if not raw:
        return None
    # A plus sign of an offset arrives as a blank when a client forgot to encode it.
    text = raw.strip().replace(" ", "+") if raw.count(" ") == 1 and "T" in raw else raw.strip()
    try:
        value = parse_datetime(text if len(text) > len("2026-01-31") else f"{text}T00:00:00")
    except ValueError:
        value = None
    if value is None:
        raise InvalidQueryError("Expected a moment like 2026-01-31T12:00:00Z.", attr=name)
    value = value if value.tzinfo else value.replace(tzinfo=UTC)
    if not EARLIEST <= value <= LATEST:
        raise InvalidQueryError("Dates reach from 1900 to 2299.", attr=name)
    return value


def number(params: QueryDict, name: str, default: int, most: int) -> int:
    """Read a whole number of at least 1 and at most `most`."""
    raw = params.get(name)
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10 and 1 <= int(raw) <= most):  # noqa: PLR2004
        raise InvalidQueryError(f"Expected a number from 1 to {most}.", attr=name)
    return int(raw)


def uuid(params: QueryDict, name: str) -> UUID | None:
    """Read an event's id."""
    raw = params.get(name)
    if not raw:
        return None
    try:
        return UUID(raw)
    except ValueError as exc:
        raise InvalidQueryError("Expected a UUID.", attr=name) from exc


def text(params: QueryDict, name: str, most: int = 400) -> str | None:
    """Read a text of bounded length."""
    raw = params.get(name)
    if not raw:
        return None
    if len(raw) > most:
        raise InvalidQueryError(f"Expected {most} characters at most.", attr=name)
    return raw
