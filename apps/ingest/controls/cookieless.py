"""Count visitors without storing anything about them: what a sender marks with `$cookieless_mode` (wire format 1.8).

A visitor is a keyed hash over what their request shows anyway. The key is a random salt of their calendar day, kept
in Valkey until the day is over everywhere and a day more, and nowhere else: after that nobody can compute the id
again or tell that two days' ids are one person's.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import redis
from msgspec import Raw, Struct, field
from publicsuffixlist import PublicSuffixList

from apps.common.clock import now
from apps.common.ids import uuid7
from apps.ingest import timestamps
from apps.ingest.contracts import LogEntry, Rejection
from apps.ingest.controls import tallies
from apps.ingest.controls.contracts import Controls
from apps.ingest.errors import LogUnavailableError

SENTINEL: Final = "$posthog_cookieless"
"""The distinct id that web SDKs send in this mode."""

LAG: Final = timedelta(days=1)
"""How long after the end of a day its events may still arrive."""

_MARK: Final = b"$cookieless_mode"
_LAST_ZONE: Final = timedelta(hours=12)
_FIRST_ZONE: Final = timedelta(hours=14)
_IDLE_SECONDS: Final = 30 * 60
_SALT_BYTES: Final = 16
_EXTRA: Final = 100
_LINKING: Final = frozenset({"$identify", "$create_alias", "$merge_dangerously"})
_REMOVED: Final = ("$raw_user_agent", "$ip", "$device_id", "$cookieless_extra", "$anon_distinct_id", "$user_id")
_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])


class _Visit(Struct, gc=False):
    """What the properties of an event say of its visitor."""

    mode: Any = field(name="$cookieless_mode", default=None)
    agent: Any = field(name="$raw_user_agent", default=None)
    ip: Any = field(name="$ip", default=None)
    host: Any = field(name="$host", default=None)
    timezone: Any = field(name="$timezone", default=None)
    extra: Any = field(name="$cookieless_extra", default=None)


_VISIT: Final = msgspec.json.Decoder(_Visit)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a request's cookieless events: the rows to keep, and those refused."""

    rows: Sequence[int]
    rejections: Sequence[Rejection] = ()


def concerns(entry: LogEntry) -> bool:
    """Say whether any event of an entry may be cookieless."""
    for raw in entry.properties:
        if _MARK in raw:
            return True
    return SENTINEL in entry.distinct_ids


def apply(entry: LogEntry, controls: Controls) -> Judgement:
    """Give the cookieless events of an entry their visitor's id of the day, in place, and say which to keep.

    Those that cannot be counted so are left out: where the project has the mode off, where the visitor cannot be told
    from what was sent, and events that would link the visitor to another id.
    """
    rows: list[int] = []
    rejections: list[Rejection] = []
    is_any = False
    for row, raw in enumerate(entry.properties):
        visit = _read(raw) if _MARK in raw else _Visit()
        if visit is None or not (visit.mode is None or isinstance(visit.mode, bool)):
            rejections.append(_not_boolean(entry, row))
        elif not visit.mode and entry.distinct_ids[row] != SENTINEL:
            rows.append(row)
        elif controls.cookieless and visit.mode and entry.events[row] not in _LINKING:
            is_any = True
            if _rewrite(entry, row, visit):
                rows.append(row)
    if is_any:
        entry.ip = entry.user_agent = ""
    return Judgement(rows, rejections)


def _read(raw: bytes) -> _Visit | None:
    try:
        return _VISIT.decode(raw)
    except msgspec.MsgspecError:
        return None


def _not_boolean(entry: LogEntry, row: int) -> Rejection:
    return Rejection(
        row,
        "cookieless_mode_not_boolean",
        "The property $cookieless_mode is neither true nor false.",
        entry.events[row],
        entry.distinct_ids[row],
        entry.properties[row],
        "properties.$cookieless_mode",
    )


def _rewrite(entry: LogEntry, row: int, visit: _Visit) -> bool:
    """Put the visitor's id into an event; False when it cannot be told or its day is over."""
    ip, agent, host = visit.ip or entry.ip, visit.agent or entry.user_agent, visit.host
    if not all(isinstance(text, str) and text for text in (ip, agent, host, visit.timezone)):
        return False
    day = _local_day(entry.timestamps_us[row], visit.timezone)
    salt = _salt(day) if day is not None else None
    if salt is None:
        return False
    extra = visit.extra[:_EXTRA] if isinstance(visit.extra, str) else ""
    # The 0 stands for how often the visitor has identified: never, in this mode.
    told = msgspec.json.encode([entry.project_id, ip, root_domain(host), agent, 0, extra])
    code = base64.urlsafe_b64encode(hashlib.blake2b(told, key=salt, digest_size=16).digest()).decode().rstrip("=")
    who = f"cookieless_{code}"
    members: dict[str, Any] = _MEMBERS.decode(entry.properties[row])
    for name in _REMOVED:
        members.pop(name, None)
    if "distinct_id" in members:
        members["distinct_id"] = who
    members["$session_id"] = _session(entry.project_id, who)
    entry.distinct_ids[row] = who
    entry.properties[row] = msgspec.json.encode(members)
    return True


def _local_day(timestamp_us: int, timezone: str) -> date | None:
    try:
        return timestamps.from_us(timestamp_us).astimezone(ZoneInfo(timezone)).date()
    except (KeyError, ValueError, OSError, OverflowError):
        # A zone nobody knows, a name that is no zone's, the last day there is.
        return None


def _salt(day: date) -> bytes | None:
    """Give a day's salt, made by whoever needs it first; None for a day that has not begun or is over."""
    moment, begins = now(), datetime.combine(day, time(), UTC)
    ends = begins + timedelta(days=1) + _LAST_ZONE + LAG
    if not begins - _FIRST_ZONE <= moment < ends:
        return None
    key = f"baleen:cookieless:salt:{day.isoformat()}"
    try:
        pipeline = tallies.valkey().pipeline(transaction=True)
        pipeline.set(key, secrets.token_bytes(_SALT_BYTES), nx=True, exat=int(ends.timestamp()))
        pipeline.get(key)
        found: bytes | None = pipeline.execute()[1]
    except redis.RedisError as exc:
        raise LogUnavailableError("The salts of cookieless visitors are away.") from exc
    return found


def _session(project_id: int, who: str) -> str:
    """Give the visitor's session; it ends after half an hour without an event."""
    key = f"baleen:cookieless:session:{project_id}:{who}"
    try:
        pipeline = tallies.valkey().pipeline(transaction=True)
        pipeline.set(key, str(uuid7()), nx=True, ex=_IDLE_SECONDS)
        pipeline.getex(key, ex=_IDLE_SECONDS)
        found: bytes = pipeline.execute()[1]
    except redis.RedisError as exc:
        raise LogUnavailableError("The sessions of cookieless visitors are away.") from exc
    return found.decode()


@cache
def _suffixes() -> Any:  # noqa: ANN401 - an untyped library
    return PublicSuffixList()


@lru_cache(4_096)
def root_domain(host: str) -> str:
    """Give the domain somebody registered, by the public suffix list; a host that is in none stands for itself."""
    name = host[:253].lower().rstrip(".")
    name = name if name.startswith("[") else name.partition(":")[0]
    if name.replace(".", "").isdigit():
        return name
    return _suffixes().privatesuffix(name) or name
