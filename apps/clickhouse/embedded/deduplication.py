"""Makes deduplication tokens keep their word after the engine was killed.

A MergeTree table notes a block in its deduplication log before it renames the part into place. Killed in between, it
knows a block whose rows it does not have: the same insert sent again is acknowledged as a repetition and is lost. So,
before the engine opens its directory, every noted block without a part that covers it is struck out, by the record the
engine itself writes when a part is dropped.

Source: ClickHouse's src/Storages/MergeTree/MergeTreeDeduplicationLog.cpp; a line is an operation, a part and a block.
"""

import logging
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

ADD, DROP = "1", "2"
PART: Final = re.compile(r"([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?")
LOG: Final = re.compile(r"deduplication_log_(\d+)\.txt")

logger = logging.getLogger(__name__)

Ranges = dict[str, list[tuple[int, int]]]


def mend(path: Path) -> int:
    """Strike blocks without rows out of the logs of every table below the engine's directory; how many there were."""
    struck = 0
    for logs in sorted(path.glob("store/*/*/deduplication_logs")):
        try:
            struck += _mend_table(logs)
        except (OSError, ValueError) as exc:
            # The engine will say more about a directory that cannot be read.
            logger.warning("deduplication.unreadable", extra={"logs": str(logs), "reason": str(exc)})
    if struck:
        logger.info("deduplication.mended", extra={"blocks": struck})
    return struck


def _mend_table(logs: Path) -> int:
    files = sorted((int(found[1]), file) for file in logs.iterdir() if (found := LOG.fullmatch(file.name)))
    text = "".join(file.read_text() for _, file in files)
    if not text.endswith("\n"):
        return 0
    known: dict[str, str] = {}
    for line in text.splitlines():
        operation, part, block = line.split("\t")
        if operation == ADD:
            known[block] = part
        else:
            known.pop(block, None)
    parts = _parts(logs.parent)
    lost = [(part, block) for block, part in known.items() if not _is_covered(part, parts)]
    if lost:
        with files[-1][1].open("a") as log:
            log.writelines(f"{DROP}\t{part}\t{block}\n" for part, block in lost)
    return len(lost)


def _parts(table: Path) -> Ranges:
    """Collect the block ranges of the parts in a table's directory, by partition."""
    ranges: Ranges = defaultdict(list)
    for entry in table.iterdir():
        if found := PART.fullmatch(entry.name):
            ranges[found[1]].append((int(found[2]), int(found[3])))
    return ranges


def _is_covered(part: str, parts: Ranges) -> bool:
    """Tell whether the part is there, or one that it was merged into."""
    found = PART.fullmatch(part)
    if not found:
        return True  # a name of another version: better a block too many than an error
    low, high = int(found[2]), int(found[3])
    return any(first <= low and high <= last for first, last in parts.get(found[1], ()))
