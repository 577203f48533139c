"""Ingest against the running stack: rate, ratio to a direct insert, acknowledge p99, time until queryable.

The load comes over HTTP in batches of 100 events of about 600 bytes, as an SDK would send them; every event has its
own id. Rates count events from the first byte sent until the last row answers a query, not until the last 200.
"""

import http.client
import json
import math
import random
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.report import report
from bench.running import Running, running_stack

BATCH = 100
EVENTS = ("$pageview", "chat started", "$ai_generation", "answer rated", "user signed up")
MODELS = ("gpt-4o", "deepseek-chat", "claude-sonnet-4-5", "qwen3-32b", "kimi-k2")


class Bodies:
    """Ready-made request bodies whose event ids are stamped in just before each use, so that each is cheap."""

    def __init__(self, token: str, *, people: int = 20_000, variety: int = 64, seed: int = 1) -> None:
        rng = random.Random(seed)  # noqa: S311 - load, not secrets
        self._templates = [self._template(token, rng, people) for _ in range(variety)]
        self._next = 0

    @staticmethod
    def _template(token: str, rng: random.Random, people: int) -> tuple[bytearray, list[int]]:
        events = [
            {
                "event": rng.choice(EVENTS),
                "distinct_id": f"person-{rng.randrange(people)}",
                "uuid": "00000000-0000-4000-8000-000000000000",
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - rng.randrange(86_400))) + "Z",
                "properties": {
                    "$lib": "posthog-python",
                    "$lib_version": "7.91.1",
                    "$session_id": f"session-{rng.randrange(people)}",
                    "$current_url": f"https://otter.example/chat/{rng.randrange(5000)}",
                    "$browser": rng.choice(("Chrome", "Safari", "Firefox")),
                    "$os": rng.choice(("Mac OS X", "Windows", "Linux")),
                    "$ai_model": rng.choice(MODELS),
                    "$ai_provider": "openai",
                    "$ai_input_tokens": rng.randrange(2000),
                    "$ai_output_tokens": rng.randrange(800),
                    "$ai_latency": round(rng.expovariate(0.5), 3),
                    "$ai_is_error": rng.random() < 0.01,
                    "plan": rng.choice(("free", "pro")),
                    "topic": rng.choice(("coding", "writing", "research")),
                },
            }
            for _ in range(BATCH)
        ]
        body = bytearray(json.dumps({"api_key": token, "batch": events}).encode())
        places, start = [], 0
        for _ in range(BATCH):
            start = body.index(b"00000000-0000-4000-8000-", start) + 24
            places.append(start)
        return body, places

    def take(self) -> bytes:
        """Give the next body; no id in it was given before."""
        number = self._next
        self._next += 1
        body, places = self._templates[number % len(self._templates)]
        stamp = b"%09x" % number
        for index, place in enumerate(places):
            body[place : place + 12] = b"%b%03x" % (stamp, index)
        return bytes(body)


@dataclass
class Load:
    """What a run of requests came to. Latencies in seconds."""

    accepted: int = 0
    refused: int = 0
    latencies: list[float] = field(default_factory=list)


def _post(connection: http.client.HTTPConnection, body: bytes) -> int:
    connection.request("POST", "/batch/", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status


def send(stack: Running, bodies: Bodies, *, seconds: float, connections: int, rate: float | None = None) -> Load:
    """Post batches for `seconds` over keep-alive connections: as fast as taken, or at `rate` events a second."""
    load, lock = Load(), threading.Lock()
    begin = time.perf_counter()
    ticks = _ticks(begin, seconds, rate)

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=30)
        while True:
            with lock:
                due = next(ticks, None)
                if due is None:
                    return
                body = bodies.take()
            if (wait := due - time.perf_counter()) > 0:
                time.sleep(wait)
            # Latency counts from when the request was due, so that a stall is not hidden by the load waiting for it.
            start = due if rate else time.perf_counter()
            status = _post(connection, body)
            with lock:
                load.latencies.append(time.perf_counter() - start)
                load.accepted += BATCH if status == 200 else 0
                load.refused += BATCH if status != 200 else 0

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load


def _ticks(begin: float, seconds: float, rate: float | None) -> Iterator[float]:
    step = BATCH / rate if rate else 0.0
    number = 0
    while (due := begin + number * step if rate else time.perf_counter()) < begin + seconds:
        yield due
        number += 1


def wait_for_rows(stack: Running, rows: int, *, seconds: float = 300) -> float:
    """Wait until a query counts `rows` events of the project; give the moment it did."""
    end = time.perf_counter() + seconds
    while (count := stack.count_events()) < rows:
        if time.perf_counter() > end:
            raise TimeoutError(f"{count} of {rows} events are queryable after {seconds} s")
        time.sleep(0.05)
    return time.perf_counter()


def visibility(stack: Running, *, probes: int = 40) -> list[float]:
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


def run(*, seconds: float = 60.0) -> None:
    """Measure and print every ingest figure of the budget."""
    with running_stack() as stack:
        bodies = Bodies(stack.token)
        send(stack, bodies, seconds=3, connections=4)
        before = stack.count_events_settled()

        begin = time.perf_counter()
        load = send(stack, bodies, seconds=seconds, connections=8)
        rate = load.accepted / (wait_for_rows(stack, before + load.accepted) - begin)
        baseline = stack.direct_insert_rate(bodies.take())
        report("ingest_rate", rate, "events/s", baseline=baseline, goal=50_000)

        paced: list[Load] = []
        background = threading.Thread(
            target=lambda: paced.append(send(stack, bodies, seconds=20, connections=8, rate=rate / 2))
        )
        background.start()
        seen = visibility(stack)
        background.join()
        report("acknowledge_p50_at_half_load", statistics.median(paced[0].latencies) * 1000, "ms")
        report("acknowledge_p99_at_half_load", percentile(paced[0].latencies, 0.99) * 1000, "ms", goal=25)
        report("visible_p95_at_half_load", percentile(seen, 0.95), "s", goal=1.5)
        report("ingest_refused", load.refused + paced[0].refused, "events", goal=0)
