"""Where an address is, from a database in MaxMind's format (https://maxmind.github.io/MaxMind-DB/), if there is one.

The properties have the names PostHog gives them. City and country databases are read alike; what a record lacks is
left out.
"""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import maxminddb
import structlog
from django.conf import settings

LOOK_AGAIN_SECONDS: Final = 10.0
"""How often the file is looked at, so that a newer one is used without a restart."""

REMEMBERED: Final = 50_000

Place = Mapping[str, object]

NOWHERE: Final[Place] = {}

_LANGUAGE: Final = "en"
_SUBDIVISIONS: Final = 3

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Places:
    """Looks addresses up in one file, and notices when it was replaced, has gone or came back."""

    path: Path
    _reader: maxminddb.Reader | None = None
    _version: tuple[int, int, int] | None = None
    _next_look: float = 0.0
    _known: dict[str, Place] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, address: str) -> Place:
        """Give the geo properties of a public address; none when the database does not know it or cannot be read."""
        place = self._known.get(address)
        if place is not None:
            return place
        reader = self._reader
        if reader is None:
            return NOWHERE
        try:
            record = reader.get(address)
        except (maxminddb.InvalidDatabaseError, ValueError):
            record = None  # a damaged page, or a database of version 4 addresses asked for one of version 6
        place = describe(record) if isinstance(record, Mapping) else NOWHERE
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[address] = place
        return place

    def refresh(self) -> None:
        """Open the file if it is new; cheap between two looks. A fault is told once, until the file changes."""
        now = time.monotonic()
        if now < self._next_look:
            return
        with self._lock:
            self._next_look = now + LOOK_AGAIN_SECONDS
            try:
                state = self.path.stat()
            except OSError as exc:
                if self._version != _GONE:
                    log.warning("geo.database_missing", path=str(self.path), reason=exc.strerror)
                    self._version = _GONE
                return
            version = (state.st_mtime_ns, state.st_size, state.st_ino)
            if version == self._version:
                return
            self._version = version
            self._open()

    def _open(self) -> None:
        try:
            reader = _private(self.path)
        except (maxminddb.InvalidDatabaseError, OSError, ValueError) as exc:
            # An older one that is open goes on to serve.
            log.warning("geo.database_unreadable", path=str(self.path), reason=str(exc))
            return
        self._reader, self._known = reader, {}
        built = reader.metadata()
        log.info("geo.database_opened", path=str(self.path), type=built.database_type, built=built.build_epoch)


_GONE: Final = (-1, -1, -1)


def _private(path: Path) -> maxminddb.Reader:
    """Map a copy of our own: a file that somebody overwrites in place would take the process down with it (SIGBUS)."""
    handle, name = tempfile.mkstemp(prefix="baleen-geo-", suffix=".mmdb")
    os.close(handle)
    try:
        shutil.copyfile(path, name)
        return maxminddb.open_database(name)
    finally:
        Path(name).unlink()


def describe(record: Mapping[str, Any]) -> Place:
    """Write a record of the database as event properties."""
    country = _part(record, "country") or _part(record, "registered_country")
    location, continent = _part(record, "location"), _part(record, "continent")
    found: dict[str, object] = {
        "$geoip_city_name": _name(_part(record, "city")),
        "$geoip_country_name": _name(country),
        "$geoip_country_code": country.get("iso_code"),
        "$geoip_continent_name": _name(continent),
        "$geoip_continent_code": continent.get("code"),
        "$geoip_postal_code": _part(record, "postal").get("code"),
        "$geoip_latitude": location.get("latitude"),
        "$geoip_longitude": location.get("longitude"),
        "$geoip_accuracy_radius": location.get("accuracy_radius"),
        "$geoip_time_zone": location.get("time_zone"),
    }
    subdivisions = record.get("subdivisions")
    for number, subdivision in enumerate(subdivisions[:_SUBDIVISIONS] if isinstance(subdivisions, list) else (), 1):
        if isinstance(subdivision, Mapping):
            found[f"$geoip_subdivision_{number}_code"] = subdivision.get("iso_code")
            found[f"$geoip_subdivision_{number}_name"] = _name(subdivision)
    return {name: value for name, value in found.items() if isinstance(value, str | int | float)}


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, Mapping) else {}


def _name(part: Mapping[str, Any]) -> object:
    return _part(part, "names").get(_LANGUAGE)


@cache
def places() -> Places | None:
    """Give this process's database, None when none is configured."""
    return Places(Path(settings.BALEEN_GEOIP_PATH)) if settings.BALEEN_GEOIP_PATH else None


def open_configured() -> None:
    """Open the configured database, so that an operator is told at the start when that cannot be done."""
    database = places()
    if database is not None:
        database.refresh()
