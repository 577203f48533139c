"""What the writer's own work costs an event, part by part: `python -m bench writer_steps`.

A stack is started so that steps find their tables; the entries are what the door makes of the events of `bench.load`,
and of those with properties a browser sends. One process, CPU of its own; the best of several rounds, after one that
fills the caches.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar
from uuid import uuid4

from bench.load import Bodies
from bench.report import report
from bench.running import Running, running_stack

T = TypeVar("T")

EVENTS = 10_000
ROUNDS = 5
BROWSER = {
    "$current_url": "https://otter.example/chat/17?utm_source=news&utm_medium=mail",
    "$host": "otter.example",
    "$pathname": "/chat/17",
    "$referrer": "https://search.example/",
    "$referring_domain": "search.example",
    "$raw_user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/142.0.0.0 Safari",
    "$browser": "Chrome",
    "$browser_version": 142,
    "$os": "Mac OS X",
    "$device_type": "Desktop",
    "$screen_height": 1080,
    "$screen_width": 1920,
    "$lib": "web",
    "$lib_version": "1.290.0",
    "$session_id": "019ab0c2-7c1b-7f0e-8f3a-2a7f1f6d0001",
    "$window_id": "019ab0c2-7c1b-7f0e-8f3a-2a7f1f6d0002",
    "$active_feature_flags": ["new-chat", "beta"],
    "$is_identified": True,
}


def run() -> None:
    """Measure every part for each kind of event."""
    with running_stack() as stack:
        bodies = Bodies(stack.token)
        _measure("server", stack, [bodies.take() for _ in range(EVENTS // bodies.batch)])
        _measure("browser", stack, [_as_browser(bodies.take()) for _ in range(EVENTS // bodies.batch)])


def _as_browser(body: bytes) -> bytes:
    content = json.loads(body)
    for event in content["batch"]:
        event |= {"event": "$pageview", "properties": BROWSER}
    return json.dumps(content).encode()


def _measure(kind: str, stack: Running, bodies: list[bytes]) -> None:
    from apps.ingest import columns, definitions, log  # noqa: PLC0415 - settings know the addresses only now
    from apps.ingest.bounds import bounds  # noqa: PLC0415 - as above
    from apps.ingest.midnight import first_times  # noqa: PLC0415 - as above
    from apps.ingest.normalise import Clock  # noqa: PLC0415 - as above
    from apps.ingest.pipeline import Batch, steps  # noqa: PLC0415 - as above
    from apps.ingest.protocols import posthog  # noqa: PLC0415 - as above
    from apps.ingest.validation import validate  # noqa: PLC0415 - as above

    now_us = time.time_ns() // 1_000
    blobs = []
    for body in bodies:
        request = posthog.parse(body, "", bounds().events)
        entry = validate(request, project_id=stack.project_id, path="/batch/", clock=Clock(now_us), bounds=bounds())
        blobs.append(log.pack(entry))

    def filled() -> Batch:
        batch = Batch()
        for number, blob in enumerate(blobs):
            batch.add((f"{now_us // 1_000}-{number}", blob))
        batch.events.person_ids = [str(uuid4())] * len(batch.events)
        return batch

    parts: dict[str, list[float]] = {}
    for _ in range(ROUNDS + 1):
        batch = _timed(parts, "read_and_join", filled)
        _timed(parts, "midnight", partial(first_times().adopt, batch.events))
        _timed(parts, "peek", batch.events.look)
        for step in steps():
            _timed(parts, f"{step.__module__.removeprefix('apps.')}.{step.__name__}", partial(step, batch.events))
        _timed(parts, "definitions", partial(definitions.note, batch.events))
        found = _timed(parts, "split", partial(columns.split, batch.events))
        _timed(parts, "block", partial(columns.block, batch.events, found))
    for name, seconds in parts.items():
        report(f"writer_{kind}_{name}", min(seconds[1:]) / EVENTS * 1e6, "us/event")
    report(f"writer_{kind}_total", sum(min(seconds[1:]) for seconds in parts.values()) / EVENTS * 1e6, "us/event")


def _timed(parts: dict[str, list[float]], name: str, work: Callable[[], T]) -> T:
    begin = time.process_time()
    result = work()
    parts.setdefault(name, []).append(time.process_time() - begin)
    return result
