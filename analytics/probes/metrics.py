"""Figures in Prometheus' text format.

Everything is read from the stores, where all processes keep it, rather than counted in this one: whichever web process
answers, the figures are those of the deployment. Memory is that of the answering process.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import redis
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from analytics.probes.readiness import State
from apps.common import heartbeat
from apps.ingest import selectors as ingest
from apps.ingest.canary import state as canary

COUNTERS = {
    "events_acknowledged": "Events of requests answered with 200",
    "events_received": "Events that writers took from the event log, kept or refused",
    "events_accepted": "Of these, the ones the door kept",
    "events_rejected": "Events refused or sent to the dead letters",
    "events_written": "Events the writer inserted into ClickHouse",
    "batches_written": "Inserts the writer made",
    "insert_retries": "Inserts repeated after a failure",
    "redelivered": "Log entries handed out a second time",
    "spans_ignored": "Spans of exporters that are not about AI, which are stored nowhere",
}
REASONS = ("away", "backlog", "disk", "memory")
GAUGES = {
    "entries": ("backlog_entries", "Log entries not yet written"),
    "oldest_age": ("oldest_entry_age_seconds", "Age of the oldest entry not yet written"),
    "used_bytes": ("log_memory_bytes", "Memory Valkey uses"),
    "limit_bytes": ("log_memory_limit_bytes", "Memory Valkey may use; 0 without a limit"),
    "free_disk_bytes": ("free_disk_bytes", "Free space on the disk of the data directory"),
}
PREFIX = "baleen_ingest_"


class Deployment(Collector):
    """Collects what the whole deployment knows about itself."""

    def __init__(self, states: dict[str, State]) -> None:
        """Take the states that readiness found, so that both tell the same."""
        self.states = states

    def collect(self) -> Iterator[Metric]:
        """Give every figure whose store answers; a store that is down shows as its component at 0."""
        up = GaugeMetricFamily("baleen_component_up", "Whether a component answers as it must", labels=["component"])
        for name, state in self.states.items():
            up.add_metric([name], float(state.is_ok))
        yield up
        # What Valkey keeps, also while it is full or cannot write, which is when the figures are wanted most.
        with suppress(redis.RedisError):
            yield from [*_counts(), *_log(), *_writers(), *_canary(), _heartbeats()]


def _counts() -> Iterator[Metric]:
    counted = ingest.counters()
    for name, text in COUNTERS.items():
        yield CounterMetricFamily(PREFIX + name, text, value=counted.get(name, 0))
    refused = CounterMetricFamily(
        f"{PREFIX}requests_refused", "Requests answered with 503, to be sent again", labels=["reason"]
    )
    for reason in REASONS:
        refused.add_metric([reason], counted.get(f"requests_refused_{reason}", 0))
    yield refused
    yield CounterMetricFamily(
        f"{PREFIX}insert_seconds",
        "Time inserts took, retries included",
        value=counted.get("insert_microseconds", 0) / 1e6,
    )


def _log() -> Iterator[Metric]:
    state = ingest.log_state()
    for field, (name, text) in GAUGES.items():
        yield GaugeMetricFamily(PREFIX + name, text, value=getattr(state, field))


def _writers() -> Iterator[Metric]:
    writers = ingest.list_writers()
    yield GaugeMetricFamily(f"{PREFIX}writers", "Writers alive", value=len(writers))
    ages = GaugeMetricFamily(
        f"{PREFIX}writer_beat_age_seconds", "Since a writer's last sign of life", labels=["writer"]
    )
    pending = GaugeMetricFamily(f"{PREFIX}writer_pending_entries", "What a writer has in hand", labels=["writer"])
    trouble = GaugeMetricFamily(f"{PREFIX}writer_in_trouble", "Whether a writer cannot go on", labels=["writer"])
    for writer in writers:
        ages.add_metric([writer.name], writer.age)
        pending.add_metric([writer.name], writer.pending)
        trouble.add_metric([writer.name], float(bool(writer.trouble)))
    yield from (ages, pending, trouble)


def _canary() -> Iterator[Metric]:
    verdict = canary.look()
    yield GaugeMetricFamily("baleen_canary_late", "Whether no canary has arrived for too long", value=verdict.is_late)
    if verdict.age is not None and verdict.seconds is not None:
        yield GaugeMetricFamily(
            "baleen_canary_age_seconds", "Since the newest that arrived was sent", value=verdict.age
        )
        yield GaugeMetricFamily("baleen_canary_seconds", "How long the newest took, end to end", value=verdict.seconds)


def _heartbeats() -> Metric:
    beats = GaugeMetricFamily(
        "baleen_heartbeat_age_seconds", "Time since a process last turned its loop", labels=["process"]
    )
    for name, age in heartbeat.ages().items():
        beats.add_metric([name], age)
    return beats


def render(states: dict[str, State]) -> bytes:
    """Write all figures in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in _collectors(states, registry):
        registry.register(collector)
    return generate_latest(registry)


def _collectors(states: dict[str, State], registry: CollectorRegistry) -> Iterable[Collector]:
    # The process collector registers itself.
    ProcessCollector(registry=registry)
    yield Deployment(states)
