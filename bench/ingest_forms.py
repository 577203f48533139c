"""Ingest of what is not the common batch: generations of 4 kB, and one event a request over many connections."""

import http.client
import time

from bench.ingest import measure_rate, percentile
from bench.load import Bodies, generation
from bench.report import report
from bench.running import Running, running_stack

LARGE_BATCH = 25
CONNECTIONS = 32


def run(*, seconds: float = 12.0) -> None:
    """Measure both."""
    with running_stack() as stack:
        large = Bodies(stack.token, make=generation, batch=LARGE_BATCH)
        rate, load = measure_rate(stack, large, name="ingest_4kb", seconds=seconds, connections=8)
        baseline = stack.direct_insert_rate(large.take(), seconds=4)
        report("ingest_4kb_rate", rate, "events/s", baseline=baseline)
        report("ingest_4kb_refused", load.refused, "events", goal=0)

        single = Bodies(stack.token, batch=1, seed=2)
        rate, load = measure_rate(stack, single, name="ingest_single", seconds=seconds, connections=CONNECTIONS)
        report("ingest_single_rate", rate, "events/s", baseline=_answers_a_second(stack))
        report("ingest_single_acknowledge_p99", percentile(load.latencies, 0.99) * 1000, "ms")
        report("ingest_single_refused", load.refused, "events", goal=0)


def _answers_a_second(stack: Running, *, seconds: float = 3.0) -> float:
    """Ask the cheapest page there is over one connection: what HTTP alone costs, load included."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        connection.request("GET", "/_health")
        connection.getresponse().read()
        count += 1
    return count / seconds
