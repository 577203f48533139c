#!/usr/bin/env python
"""The one door to every Baleen process and chore."""

import os
import sys
from importlib.util import find_spec


def main() -> None:
    """Run a management command under the project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")
    if sys.argv[1:2] == ["up"] and find_spec("supervisor"):
        # The supervisor needs no Django: skipping it saves seconds of every start and 60 MB while it runs.
        from analytics.supervisor.__main__ import main as supervise  # noqa: PLC0415 - as below

        supervise(sys.argv[2:])
        return
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings must be named first

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
