"""Ingest against the running stack: rate, ratio to a direct insert, acknowledge p99, time until queryable.

The load comes over HTTP in batches of 100 events of about 600 bytes, as an SDK would send them; every event has its
own id. Rates count events from the first byte sent until the last row answers a query, not until the last 200.
"""

import http.client
import json
import math
import statistics
import threading
import time

from bench.load import Bodies, Load, send, wait_for_rows
from bench.processes import cpu_by_role, machine_seconds
from bench.report import report
from bench.running import Running, running_stack


def visibility(stack: Running, *, probes: int = 25) -> list[float]:
    """Send single marked events and measure seconds from the request until a query finds each."""
    seen = []
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
    for number in range(probes):
        name = f"visibility probe {time.time_ns()}-{number}"
        start = time.perf_counter()
        body = json.dumps({"api_key": stack.token, "event": name, "distinct_id": "probe"}).encode()
        connection.request("POST", "/capture/", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        # Ten looks a second: each look costs the server what it cannot spend on writing.
        while not stack.count_events(event=name):
            time.sleep(0.1)
        seen.append(time.perf_counter() - start)
    return seen


def percentile(values: list[float], share: float) -> float:
    """Give the nearest-rank percentile."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def measure_rate(stack: Running, bodies: Bodies, *, name: str, seconds: float, connections: int) -> tuple[float, Load]:
    """Send as fast as is taken, wait until all of it is queryable; report who used how much CPU for an event.

    `name` begins the names of the figures. Gives events a second and what was sent.
    """
    send(stack, bodies, seconds=3, connections=connections)
    before = stack.count_events_settled()
    cpu, (_, idle), begin = cpu_by_role(stack.process.pid), machine_seconds(), time.perf_counter()
    load = send(stack, bodies, seconds=seconds, connections=connections)
    end = wait_for_rows(stack, before + load.accepted)
    after, (_, idle_after) = cpu_by_role(stack.process.pid), machine_seconds()
    used = {role: after[role] - cpu.get(role, 0) for role in sorted(after)}
    for role, spent in used.items():
        report(f"{name}_cpu_{role}", spent / load.accepted * 1e6, "us/event")
    report(f"{name}_cpu_total", sum(used.values()) / load.accepted * 1e6, "us/event")
    report(f"{name}_cores_used", sum(used.values()) / (end - begin), "cores")
    report(f"{name}_cores_idle", (idle_after - idle) / (end - begin), "cores")
    return load.accepted / (end - begin), load


def run(*, seconds: float = 25.0) -> None:
    """Measure and print every ingest figure of the budget."""
    with running_stack() as stack:
        bodies = Bodies(stack.token)
        rate, load = measure_rate(stack, bodies, name="ingest", seconds=seconds, connections=8)
        baseline = stack.direct_insert_rate(bodies.take(), seconds=5)
        report("ingest_rate", rate, "events/s", baseline=baseline, goal=50_000)

        paced: list[Load] = []
        background = threading.Thread(
            target=lambda: paced.append(send(stack, bodies, seconds=15, connections=8, rate=rate / 2))
        )
        background.start()
        seen = visibility(stack)
        background.join()
        report("acknowledge_p50_at_half_load", statistics.median(paced[0].latencies) * 1000, "ms")
        report("acknowledge_p99_at_half_load", percentile(paced[0].latencies, 0.99) * 1000, "ms", goal=25)
        report("visible_p95_at_half_load", percentile(seen, 0.95), "s", goal=1.5)
        report("ingest_refused", load.refused + paced[0].refused, "events", goal=0)
