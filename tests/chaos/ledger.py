"""Compares what was sent with what is stored."""

from collections.abc import Collection
from dataclasses import dataclass

from apps.clickhouse import client
from apps.clickhouse.statement import Statement


@dataclass(frozen=True)
class Ledger:
    """The counts of a project's events, merges never having run."""

    sent: int
    rows: int
    """Rows, of which a batch that was sent twice has two for each event."""
    ids: int
    copies: int
    """Rows of the same event from the same entry of the log: what a writer wrote twice."""
    final: int
    missing: int
    strangers: int
    dead_letters: int
    talks: int
    texts: int
    """Events of the talks whose text is there."""

    def faults(self) -> list[str]:
        """Say what is not as it was promised."""
        found = [
            (self.missing, "events are lost"),
            (self.strangers, "events are stored that nobody sent"),
            (self.copies, "rows were written twice"),
            (self.final - self.sent, "events too many are counted"),
            (self.ids - self.sent, "event ids too many are stored"),
            (self.dead_letters, "events became dead letters"),
            (self.talks - self.texts, "texts of events are lost"),
        ]
        return [f"{number} {what}" for number, what in found if number]


def stop_merges() -> None:
    """Keep every row that is written, so that one too many shows."""
    client.command(
        "ALTER TABLE events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, "
        "parts_to_delay_insert = 100000, parts_to_throw_insert = 100000, max_avg_part_size_for_too_many_parts = 1"
    )


def compare(project_id: int, sent: Collection[str], talks: Collection[str]) -> Ledger:
    """Count, and look for every single id."""
    scope = {"project_id": project_id}
    counts = (
        "SELECT count() AS rows, uniqExact(uuid) AS ids, count() - uniqExact(entry, uuid) AS copies "
        "FROM events WHERE project_id = %(project_id)s"
    )
    row = client.run(Statement(counts, scope)).dicts()[0]
    final = client.run(Statement("SELECT count() FROM events FINAL WHERE project_id = %(project_id)s", scope))
    dead = client.run(Statement("SELECT count() FROM dead_letters FINAL WHERE project_id = %(project_id)s", scope))
    apart = "SELECT DISTINCT toString(event_uuid) FROM ai_texts WHERE project_id = %(project_id)s AND text != ''"
    texts = {uid for (uid,) in client.run(Statement(apart, scope)).rows}
    listed = Statement("SELECT DISTINCT toString(uuid) FROM events WHERE project_id = %(project_id)s", scope)
    stored = {uid for (uid,) in client.run(listed).rows}
    known = set(sent)
    return Ledger(
        sent=len(known),
        final=final.rows[0][0],
        missing=len(known - stored),
        strangers=len(stored - known),
        dead_letters=dead.rows[0][0],
        talks=len(set(talks)),
        texts=len(texts & set(talks)),
        **row,
    )
