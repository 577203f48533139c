"""Find dead letters."""

from collections.abc import Sequence
from typing import Any, Final

from apps.clickhouse import client
from apps.clickhouse.statement import Statement
from apps.ingest.dead_letters.contracts import LIMIT, Letter, Name, Search

_COLUMNS: Final = "received_at, entry, index, code, reason, event, distinct_id, payload, path, replayed_at, outcome"

_MATCHES: Final = {
    "code": "code = %(code)s",
    "event": "event = %(event)s",
    "distinct_id": "distinct_id = %(distinct_id)s",
    "text": "(positionCaseInsensitiveUTF8(payload, %(text)s) > 0 OR positionCaseInsensitiveUTF8(reason, %(text)s) > 0)",
    "since": "received_at >= %(since)s",
    "before": "received_at < %(before)s",
}
_STATES: Final = {"open": "isNull(replayed_at)", "replayed": "isNotNull(replayed_at)"}


def search(project_id: int, wanted: Search, *, after: Name | None = None, limit: int = 50) -> list[Letter]:
    """List what was refused of a project, newest first; `after` is the last one seen."""
    conditions, params = _conditions(project_id, wanted)
    if after is not None:
        # `entry` descends and `index` ascends within a moment, so that a request reads in its own order.
        conditions.append(
            "(received_at < %(after_at)s OR (received_at = %(after_at)s AND (entry < %(after_entry)s "
            "OR (entry = %(after_entry)s AND index > %(after_index)s))))"
        )
        params |= {"after_at": after.received_at, "after_entry": after.entry, "after_index": after.index}
    params["limit"] = min(max(limit, 1), LIMIT + 1)
    statement = Statement(
        f"SELECT {_COLUMNS} FROM dead_letters FINAL WHERE {' AND '.join(conditions)} "  # noqa: S608 - texts of ours
        "ORDER BY received_at DESC, entry DESC, index LIMIT %(limit)s",
        params,
    )
    return [Letter(**row) for row in client.run(statement, tag="ingest.dead_letters").dicts()]


def find(project_id: int, names: Sequence[Name]) -> list[Letter]:
    """Give the letters of these names; one that is not there is left out."""
    if not names:
        return []
    statement = Statement(
        f"SELECT {_COLUMNS} FROM dead_letters FINAL WHERE project_id = %(project_id)s "  # noqa: S608 - as above
        "AND received_at IN %(moments)s AND entry IN %(entries)s ORDER BY received_at, entry, index",
        {
            "project_id": project_id,
            "moments": tuple({name.received_at for name in names}),
            "entries": tuple({name.entry for name in names}),
        },
    )
    wanted = set(names)
    letters = [Letter(**row) for row in client.run(statement, tag="ingest.dead_letters").dicts()]
    return [letter for letter in letters if letter.name in wanted]


def count_by_code(project_id: int, wanted: Search) -> dict[str, int]:
    """Count what was refused by reason, the commonest first."""
    conditions, params = _conditions(project_id, wanted)
    statement = Statement(
        f"SELECT code, count() AS letters FROM dead_letters FINAL WHERE {' AND '.join(conditions)} "  # noqa: S608 - as above
        "GROUP BY code ORDER BY letters DESC, code",
        params,
    )
    return {row["code"]: row["letters"] for row in client.run(statement, tag="ingest.dead_letters").dicts()}


def _conditions(project_id: int, wanted: Search) -> tuple[list[str], dict[str, Any]]:
    conditions, params = ["project_id = %(project_id)s"], {"project_id": project_id}
    for name, condition in _MATCHES.items():
        value = getattr(wanted, name)
        if value:
            conditions.append(condition)
            params[name] = value
    if wanted.state in _STATES:
        conditions.append(_STATES[wanted.state])
    return conditions, params
