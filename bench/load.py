"""The load of the ingest benchmarks: request bodies made beforehand, and threads that post them."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.running import Running

EVENTS = ("$pageview", "chat started", "$ai_generation", "answer rated", "user signed up")
MODELS = ("gpt-4o", "deepseek-chat", "claude-sonnet-4-5", "qwen3-32b", "kimi-k2")
WORDS = [
    "the",
    "whale",
    "that",
    "answers",
    "every",
    "question",
    "about",
    "shipping",
    "rates",
    "and",
    "returns",
    "in",
    "one",
    "or",
    "two",
    "friendly",
    "sentences",
]


def product_event(rng: random.Random, people: int) -> dict[str, Any]:
    """Make an event of about 600 bytes, one in five of them a generation."""
    return {
        "event": rng.choice(EVENTS),
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


def generation(rng: random.Random, people: int) -> dict[str, Any]:
    """Make a generation of about 4 kB, most of it what was said."""

    def said(size: int) -> str:
        return " ".join(rng.choices(WORDS, k=size // 6))

    event = product_event(rng, people)
    event["event"] = "$ai_generation"
    event["properties"] |= {
        "$ai_trace_id": f"trace-{rng.randrange(1 << 40):010x}",
        "$ai_input": [{"role": "system", "content": said(1_200)}, {"role": "user", "content": said(1_200)}],
        "$ai_output_choices": [{"role": "assistant", "content": said(900)}],
    }
    return event


class Bodies:
    """Ready-made request bodies whose event ids are stamped in just before each use, so that each is cheap."""

    def __init__(  # noqa: PLR0913 - what a load consists of
        self,
        token: str,
        *,
        make: Callable[[random.Random, int], dict[str, Any]] = product_event,
        batch: int = 100,
        people: int = 20_000,
        variety: int = 64,
        seed: int = 1,
    ) -> None:
        self.batch = batch
        rng = random.Random(seed)  # noqa: S311 - load, not secrets
        self._templates = [self._template(token, rng, make, people) for _ in range(variety)]
        self._next = 0

    def _template(
        self, token: str, rng: random.Random, make: Callable[[random.Random, int], dict[str, Any]], people: int
    ) -> tuple[bytearray, list[int]]:
        events = [
            {
                "distinct_id": f"person-{rng.randrange(people)}",
                "uuid": "00000000-0000-4000-8000-000000000000",
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - rng.randrange(86_400))) + "Z",
            }
            | make(rng, people)
            for _ in range(self.batch)
        ]
        body = bytearray(json.dumps({"api_key": token, "batch": events}).encode())
        places, start = [], 0
        for _ in events:
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
    ticks = _ticks(begin, seconds, rate and rate / bodies.batch)

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
                load.accepted += bodies.batch if status == 200 else 0
                load.refused += bodies.batch if status != 200 else 0

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load


def _ticks(begin: float, seconds: float, requests_a_second: float | None) -> Iterator[float]:
    step = 1 / requests_a_second if requests_a_second else 0.0
    number = 0
    while (due := begin + number * step if step else time.perf_counter()) < begin + seconds:
        yield due
        number += 1


def wait_for_rows(stack: Running, rows: int, *, seconds: float = 300) -> float:
    """Wait until a query counts `rows` events of the project; give the moment it did."""
    end = time.perf_counter() + seconds
    while (count := stack.count_events()) < rows:
        if time.perf_counter() > end:
            raise TimeoutError(f"{count} of {rows} events are queryable after {seconds} s")
        # A count costs the server milliseconds that it then lacks for writing.
        time.sleep(0.25)
    return time.perf_counter()
