"""How the web process is run, the same on a laptop and in a container."""

import sys

from analytics import env

BLOCKING_THREADS = 32


def command(*, host: str, port: int, workers: int) -> tuple[str, ...]:
    """Name granian with our bounds."""
    return (
        *(sys.executable, "-m", "granian", "--interface=wsgi", "analytics.wsgi:application"),
        *(f"--host={host}", f"--port={port}", f"--workers={workers}"),
        # Made when needed. A request keeps its thread while its body arrives and while ClickHouse counts, so there are
        # as many as senders on slow lines and long questions together may be; the ingest rate is that of 5 threads.
        # Two processes of them stay below the 100 connections PostgreSQL allows.
        *(f"--blocking-threads={BLOCKING_THREADS}", "--backpressure=256"),
        *("--http1-header-read-timeout=10000", "--no-ws"),
        *("--respawn-failed-workers", "--respawn-interval=0.5", "--workers-kill-timeout=20"),
        # At `warning` it would greet every start with its doubts about the number of threads.
        *("--log-level=error", f"--{'' if env.boolean('BALEEN_ACCESS_LOG', default=False) else 'no-'}access-log"),
    )
