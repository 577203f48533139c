"""Tell a story to a running Baleen through the official PostHog SDK, as any instrumented app would."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from posthog import Posthog

from analytics.demo.story import StoryEvent


@dataclass
class Outcome:
    """What came of sending: how many events went out, and what the SDK reported as lost."""

    sent: int = 0
    errors: list[str] = field(default_factory=list)


def send(events: Iterable[StoryEvent], *, host: str, token: str, progress: Callable[[int], None]) -> Outcome:
    """Send every event and wait until the server has acknowledged them all."""
    outcome = Outcome()
    client = Posthog(
        token,
        host=host,
        gzip=True,
        thread=2,
        flush_interval=0.2,
        max_queue_size=20_000,
        historical_migration=True,
        on_error=lambda error, _batch: outcome.errors.append(str(error)),
    )
    try:
        for event in events:
            client.capture(
                event.name,
                distinct_id=event.distinct_id,
                timestamp=event.timestamp,
                uuid=event.uuid,
                properties=event.properties,
            )
            outcome.sent += 1
            # The SDK drops what does not fit its queue, so the teller pauses for the listener.
            if outcome.sent % 5_000 == 0:
                client.flush()
                progress(outcome.sent)
    finally:
        client.shutdown()
    return outcome
