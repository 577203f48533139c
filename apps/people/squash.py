"""Write old merges into the events themselves, so that the overrides questions join stay few.

An override may go once no event can come any more that names the old person. A writer names persons as it remembers
them, for `memory.FRESH_SECONDS` at most, and what it has prepared stays in the event log until it is written; so an
override must be an hour old, and an hour older than the oldest entry nobody has written yet. Run twice, or stopped
half way, it does no harm: the override is taken away last.
"""

import time
from collections.abc import Sequence
from typing import Final

import structlog
from django.conf import settings

from apps.clickhouse import client
from apps.clickhouse.migrator import variables
from apps.clickhouse.rewriting import rewriting
from apps.clickhouse.statement import Statement
from apps.clickhouse.tables import EVENTS, PERSON_OVERRIDES
from apps.ingest import selectors as ingest
from apps.people.models import MirrorDebt, PersonDeletion

AGE_SECONDS: Final = 3_600
MOST: Final = 200_000
"""How many overrides one run takes, the oldest first."""

_SECONDS: Final = 540.0

log = structlog.get_logger(__name__)


def squash_overrides(*, age_seconds: int = AGE_SECONDS) -> int:
    """Write the oldest overrides into events and take them away; gives how many there were."""
    settled_us = int((time.time() - ingest.oldest_age() - age_seconds) * 1_000_000)
    count, until_us, projects = _due(settled_us)
    if not count:
        return 0
    if MirrorDebt.objects.filter(version__lte=until_us).exists():
        log.info("people.squash_waits", reason="a writer that died still owes some of them")
        return 0
    if PersonDeletion.objects.filter(version__lte=until_us, finished_at__isnull=True).exists():
        log.info("people.squash_waits", reason="a deletion gives events back to ids that may lead to somebody again")
        return 0
    started = time.perf_counter()
    # Whoever writes stored events anew has read them with the overrides, which must not go in between.
    with rewriting():
        _rewrite_events(until_us, projects)
        _remove(until_us, projects)
    log.info(
        "people.squashed", overrides=count, projects=len(projects), seconds=round(time.perf_counter() - started, 2)
    )
    return count


def _due(settled_us: int) -> tuple[int, int, Sequence[int]]:
    """Choose the overrides of a run: how many, up to which version, of which projects."""
    oldest = f"SELECT version, project_id FROM {PERSON_OVERRIDES} FINAL WHERE version <= %(settled)s"  # noqa: S608 - our own name
    statement = Statement.unscoped(
        "SELECT count() AS overrides, max(version) AS until, groupUniqArray(project_id) AS projects"  # noqa: S608 - as above
        f" FROM ({oldest} ORDER BY version LIMIT %(most)s WITH TIES)",
        {"settled": max(settled_us, 0), "most": MOST},
    )
    (row,) = client.run(statement, tag="people.squash").dicts()
    return row["overrides"], row["until"], sorted(row["projects"])


def _rewrite_events(until_us: int, projects: Sequence[int]) -> None:
    """Name the person of today in events of persons merged away.

    The place of the old person in a sorted list finds the new one; of the hash only rows are looked up whose person is
    exactly one of the old ones.
    """
    due = f"FROM {PERSON_OVERRIDES} FINAL WHERE version <= {until_us} AND project_id IN ({_list(projects)})"
    sorted_due = f"FROM (SELECT old_person_id, person_id {due} ORDER BY old_person_id)"
    old = f"(SELECT groupArray(cityHash64(old_person_id)) {sorted_due})"
    places = f"(SELECT arrayMap(place -> toUInt32(place), range(1, count() + 1)) {sorted_due})"
    new = f"(SELECT groupArray(person_id) {sorted_due})"
    _alter(
        EVENTS,
        f"UPDATE person_id = {new}[transform(cityHash64(person_id), {old}, {places}, toUInt32(0))]"
        f" WHERE project_id IN ({_list(projects)}) AND person_id IN (SELECT old_person_id {due})",
    )


def _remove(until_us: int, projects: Sequence[int]) -> None:
    _alter(PERSON_OVERRIDES, f"DELETE WHERE version <= {until_us} AND project_id IN ({_list(projects)})")


def _alter(table: str, change: str) -> None:
    words = variables(settings.CLICKHOUSE_CLUSTER)
    client.command(
        f"ALTER TABLE {table}{words['LOCAL']} {words['ON_CLUSTER']} {change} "
        "SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1",
        timeout=_SECONDS,
    )


def _list(projects: Sequence[int]) -> str:
    return ", ".join(str(int(project_id)) for project_id in projects)
