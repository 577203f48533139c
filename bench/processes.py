"""Who used the processor: seconds of CPU of every process below one, by what it is for."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROLES = (
    ("valkey-server", "valkey"),
    ("apps.clickhouse.embedded", "engine"),
    ("clickhouse_server", "engine"),
    ("write_events", "writer"),
    ("celery", "jobs"),
    ("granian", "web"),
    ("serve", "web"),
)
TICKS = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> Iterator[int]:
    """Give a process and all below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from tree(int(child))


def cpu_by_role(pid: int) -> dict[str, float]:
    """Sum the seconds of CPU of a process tree by role, and add those of this process, which makes the load."""
    seconds: dict[str, float] = defaultdict(float)
    for member in tree(pid):
        words = Path(f"/proc/{member}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        role = next((role for word, role in ROLES if word in words), "supervisor")
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        seconds[role] += (int(fields[11]) + int(fields[12])) / TICKS
    seconds["load"] = time.process_time()
    return dict(seconds)


def machine_seconds() -> tuple[float, float]:
    """Give seconds of CPU of the whole machine: used by anybody, and idle."""
    user, nice, system, idle, iowait, *rest = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    return (user + nice + system + sum(rest[:3])) / TICKS, (idle + iowait) / TICKS
