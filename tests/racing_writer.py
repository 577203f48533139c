"""One of several writers that resolve the same events at once: run by tests as a process of its own.

`python -m tests.racing_writer PROJECT SEED` reads JSON lists of [distinct id, event, seconds, properties, uuid] from
standard input, shuffles them by its seed, resolves them in small batches, and prints the rows for ClickHouse.
"""

import json
import os
import random
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")
django.setup()

from apps.people.ingest import resolve  # noqa: E402 - needs the settings
from tests.factories.people import Heard, batch  # noqa: E402 - needs the settings

_AT_ONCE = 5


def main() -> None:
    """Resolve everything in an order of its own."""
    project_id, seed = int(sys.argv[1]), int(sys.argv[2])
    heard = [Heard(*each) for each in json.load(sys.stdin)]
    random.Random(seed).shuffle(heard)  # noqa: S311 - an order to test with
    for start in range(0, len(heard), _AT_ONCE):
        made = batch(project_id, heard[start : start + _AT_ONCE])
        resolve(made)
        sys.stdout.write(f"{json.dumps(made.beside)}\n")


if __name__ == "__main__":
    main()
