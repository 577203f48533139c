"""Reads of a project's rules, of what they did, and of what was stored in the end."""

import json
import threading
import time
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import redis

from apps.clickhouse import client, texts
from apps.clickhouse.statement import Statement
from apps.common.errors import UnavailableError
from apps.ingest.controls import hashing, quota, tallies
from apps.ingest.controls.contracts import Controls
from apps.ingest.controls.models import IngestionSettings
from apps.ingest.controls.rules import Action, IpPolicy, MaskRule, PromptPolicy

SECONDS: Final = 5.0
"""How long a process may go on with rules that were changed in another."""

MOST_STORED: Final = 50

_known: dict[int, tuple[float, Controls]] = {}
_lock: Final = threading.Lock()


def for_project(project_id: int) -> Controls:
    """Give a project's rules, at most a few seconds old. Project 0, the server's own, has none."""
    found = _known.get(project_id)
    if found is not None and time.monotonic() < found[0]:
        return found[1]
    controls = read(project_id) if project_id else Controls(0)
    with _lock:
        if found is not None and found[1] == controls:
            # What was made ready of the same rules stays.
            controls = found[1]
        _known[project_id] = (time.monotonic() + SECONDS, controls)
    return controls


def forget() -> None:
    """Drop this process's memory of rules, after some changed here."""
    with _lock:
        _known.clear()


def read(project_id: int) -> Controls:
    """Read a project's rules as they are now."""
    row = IngestionSettings.objects.filter(pk=project_id).first()
    return Controls(project_id) if row is None else as_controls(row)


def as_controls(row: IngestionSettings) -> Controls:
    """Give a row as the ingest path uses it."""
    return Controls(
        project_id=row.pk,
        allowed_origins=tuple(row.allowed_origins),
        denied_events=tuple(row.denied_events),
        denied_properties=tuple(row.denied_properties),
        masking=tuple(MaskRule(rule["match"], Action(rule["action"]), rule.get("length") or 0) for rule in row.masking),
        detectors=tuple(row.detectors),
        prompt_policy=PromptPolicy(row.prompt_policy),
        sampling=row.sampling,
        monthly_quota=row.monthly_quota,
        rate_per_minute=row.rate_per_minute,
        ip_policy=IpPolicy(row.ip_policy),
        cookieless=row.cookieless,
        hash_key=hashing.project_key(bytes(row.hash_key)),
    )


@dataclass(frozen=True, slots=True)
class Usage:
    """What a project took in during a month: by day, and against its quota."""

    month: date
    quota: int | None
    used: int
    days: list[tuple[date, dict[str, int]]]
    totals: dict[str, int]

    @property
    def resets_on(self) -> date:
        """The first day of the next month, when the quota is whole again."""
        return self.month + timedelta(days=monthrange(self.month.year, self.month.month)[1])


def usage(project_id: int, month: date | None = None) -> Usage:
    """Give what was taken in and dropped in a month (days in UTC), every day of it so far."""
    today = tallies.today()
    first = (month or today).replace(day=1)
    try:
        counts, used = tallies.month(project_id, first), quota.charged(project_id, first)
    except redis.RedisError as exc:
        raise UnavailableError("The counts of what came in are away.") from exc
    last = today.day if first == today.replace(day=1) else monthrange(first.year, first.month)[1]
    days = [
        (first.replace(day=number), {kind: counts.get(number, {}).get(kind, 0) for kind in tallies.KINDS})
        for number in range(1, last + 1)
    ]
    totals = {kind: sum(day[kind] for _, day in days) for kind in tallies.KINDS}
    return Usage(first, read(project_id).monthly_quota, used, days, totals)


def list_stored(project_id: int, *, limit: int = 5) -> list[dict[str, Any]]:
    """List the last events of a project byte by byte as they are stored: the proof of what its rules let in."""
    statement = Statement(
        "SELECT uuid, event, distinct_id, person_id, timestamp, received_at, toJSONString(properties) AS properties, "
        "properties.`$ai_trace_id`.:String AS trace_id "
        "FROM events WHERE project_id = %(project_id)s AND received_at >= now() - INTERVAL 31 DAY "
        "ORDER BY received_at DESC, uuid LIMIT 1 BY uuid LIMIT %(limit)s",
        {"project_id": project_id, "limit": min(max(limit, 1), MOST_STORED)},
    )
    rows = client.run(statement, tag="ingest.stored").dicts()
    traces = {texts.trace_id_of(row.pop("trace_id"), str(row["uuid"])) for row in rows}
    apart = texts.list_texts(project_id, traces, [row["uuid"] for row in rows]) if rows else {}
    for row in rows:
        row["texts"] = {
            name: text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
            for name, text in apart.get(row["uuid"], {}).items()
        }
    return rows
