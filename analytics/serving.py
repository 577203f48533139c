"""How the web process is run, the same on a laptop and in a container."""

import os
import sys

from analytics import env


def command(*, host: str, port: int, workers: int) -> tuple[str, ...]:
    """Name granian with our bounds."""
    return (
        *(sys.executable, "-m", "granian", "--interface=wsgi", "analytics.wsgi:application"),
        *(f"--host={host}", f"--port={port}", f"--workers={workers}"),
        # Python runs one thread at a time: more threads only pay while requests wait for ClickHouse.
        *(f"--blocking-threads={min(8, 2 * (os.cpu_count() or 1) + 1)}", "--backpressure=256"),
        *("--http1-header-read-timeout=10000", "--no-ws"),
        *("--respawn-failed-workers", "--respawn-interval=0.5", "--workers-kill-timeout=20"),
        *("--log-level=warning", f"--{'' if env.boolean('BALEEN_ACCESS_LOG', default=False) else 'no-'}access-log"),
    )
