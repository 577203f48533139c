"""Moments in addresses."""

from datetime import UTC, datetime
from typing import Final

from django.http import Http404

_YEARS: Final = range(1971, 2299)
"""Moments the store can compare with; no event is outside."""


def read_moment(text: str) -> datetime:
    """Read a moment of an address; one that no event can have is a page that is not there."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error
    if not _YEARS.start <= moment.year < _YEARS.stop:
        raise Http404
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
