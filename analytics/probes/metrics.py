"""Figures in Prometheus' text format.

Everything is read from the stores, where all processes keep it, rather than counted in this one: whichever web process
answers, the figures are those of the deployment. Memory is that of the answering process.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from analytics.probes.readiness import State
from apps.common import heartbeat
from apps.ingest import selectors as ingest

COUNTERS = {
    "events_received": "Events that arrived at the door, before any look at them",
    "events_accepted": "Events appended to the event log and acknowledged",
    "events_rejected": "Events refused or sent to the dead letters",
    "events_written": "Events the writer inserted into ClickHouse",
    "batches_written": "Inserts the writer made",
    "insert_retries": "Inserts repeated after a failure",
    "redelivered": "Log entries taken over from a writer that died",
}


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
        if self.states["event_log"].is_ok:
            yield from self._event_log()

    def _event_log(self) -> Iterator[Metric]:
        counted = ingest.counters()
        for name, text in COUNTERS.items():
            yield CounterMetricFamily(f"baleen_ingest_{name}", text, value=counted.get(name, 0))
        yield GaugeMetricFamily("baleen_ingest_backlog_entries", "Log entries not yet written", value=ingest.backlog())
        yield GaugeMetricFamily(
            "baleen_ingest_oldest_entry_age_seconds",
            "Age of the oldest entry not yet written",
            value=ingest.oldest_age(),
        )
        yield GaugeMetricFamily("baleen_ingest_writers", "Writers alive", value=len(ingest.writer_names()))
        beats = GaugeMetricFamily(
            "baleen_heartbeat_age_seconds", "Time since a process last turned its loop", labels=["process"]
        )
        for name, age in heartbeat.ages().items():
            beats.add_metric([name], age)
        yield beats


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
