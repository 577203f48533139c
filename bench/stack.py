"""What an idle laptop pays for Baleen: memory of every process of the stack, and the time until it serves.

Memory is given twice: resident, the sum a process list shows, which counts a page shared by five processes five times;
and proportional (PSS), which counts it once. Baselines of the same run: one bare Django process of this project.
"""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from bench.processes import tree
from bench.report import report
from bench.running import ROOT, running_stack

SETTLE_SECONDS = 10
GOAL_MEGABYTES = 700
GOAL_SECONDS = 15
KIBIBYTE = 1024
MEGABYTE = 1_000_000


def run() -> None:
    """Start a stack, look at a page, let it rest, and report."""
    with running_stack() as stack:
        urllib.request.urlopen(f"http://127.0.0.1:{stack.port}/login/", timeout=30).close()
        time.sleep(SETTLE_SECONDS)
        pids = list(tree(stack.process.pid))
        resident, proportional = _sum(pids, "Rss"), _sum(pids, "Pss")
        seconds, megabytes = _bare_django()
    report("stack_start_to_ready", stack.started_in, "s", baseline=seconds, goal=GOAL_SECONDS)
    report("stack_idle_resident", resident, "MB", baseline=megabytes, goal=GOAL_MEGABYTES)
    report("stack_idle_proportional", proportional, "MB", baseline=megabytes, goal=GOAL_MEGABYTES)


def _sum(pids: list[int], field: str) -> float:
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
    return total * KIBIBYTE / MEGABYTE


def _bare_django() -> tuple[float, float]:
    """Start one Django process of this project and give its seconds and megabytes."""
    code = "import django; django.setup(); print(open('/proc/self/smaps_rollup').read())"
    begin = time.perf_counter()
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ, capture_output=True, check=True)
    seconds = time.perf_counter() - begin
    (kibibytes,) = (int(line.split()[1]) for line in ended.stdout.decode().splitlines() if line.startswith("Rss:"))
    return seconds, kibibytes * KIBIBYTE / MEGABYTE
