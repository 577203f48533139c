"""What pricing one generation costs the writer: `python -m bench pricing`.

CPU of one process, the best of several rounds; the baseline is genai-prices' own `calc_price` of the same call.
"""

import json
import os
import time
from datetime import UTC, datetime
from typing import Any

from bench.report import report

EVENTS, ROUNDS, GOAL = 10_000, 5, 60.0
MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLAIN: dict[str, Any] = {
    "$lib": "posthog-python",
    "$ai_provider": "openai",
    "$ai_model": "gpt-4o",
    "$ai_base_url": "https://api.openai.com/v1",
    "$ai_input_tokens": 1_234,
    "$ai_output_tokens": 345,
    "$ai_latency": 1.5,
    "$ai_model_parameters": {"temperature": 0.2, "stream": True},
}
CACHED: dict[str, Any] = PLAIN | {
    "$ai_provider": "anthropic",
    "$ai_model": "claude-sonnet-4-5",
    "$ai_base_url": "https://api.anthropic.com",
    "$ai_cache_read_input_tokens": 8_000,
    "$ai_cache_creation_input_tokens": 1_000,
}
DATED: dict[str, Any] = PLAIN | {"$ai_provider": "deepseek", "$ai_model": "deepseek-v4-pro", "$ai_base_url": None}


def run() -> None:
    """Measure plain calls, calls with a cache, calls of a model whose price depends on the hour, and other events."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")
    import django  # noqa: PLC0415 - the settings are named only now

    django.setup()
    baseline = _package()
    for name, properties in (("plain", PLAIN), ("cached", CACHED), ("by_the_hour", DATED)):
        figure = _step("$ai_generation", properties)
        report(f"pricing.{name}", figure, "us/generation", baseline=baseline, goal=GOAL)
    report("pricing.other_event", _step("$pageview", PLAIN), "us/event", goal=1.0)


def _step(event: str, properties: dict[str, Any]) -> float:
    from apps.ingest.batch import EventBatch  # noqa: PLC0415 - as above
    from apps.llm import ingest, selectors  # noqa: PLC0415 - as above
    from apps.llm.pricing import projects  # noqa: PLC0415 - as above

    # A project without prices of its own, for longer than this takes, so that no database is asked.
    selectors.remember_prices(1, projects.NONE, seconds=3_600)
    best = float("inf")
    for _ in range(ROUNDS):
        batch = EventBatch(
            project_ids=[1] * EVENTS,
            uuids=["u"] * EVENTS,
            events=[event] * EVENTS,
            distinct_ids=["ada"] * EVENTS,
            timestamps_us=[int(MOMENT.timestamp() * 1e6)] * EVENTS,
            received_us=[0] * EVENTS,
            properties=[json.dumps(properties).encode()] * EVENTS,
            entries=["1-1"] * EVENTS,
        )
        batch.look()
        started = time.process_time()
        ingest.price(batch)
        best = min(best, time.process_time() - started)
    return best / EVENTS * 1e6


def _package() -> float:
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - takes a second

    def once() -> None:
        calc_price(
            Usage(input_tokens=1_234, output_tokens=345),
            "gpt-4o",
            provider_id="openai",
            genai_request_timestamp=MOMENT,
        )

    once()
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(EVENTS // 10):
            once()
        best = min(best, time.process_time() - started)
    return best / (EVENTS // 10) * 1e6
