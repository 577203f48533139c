#!/usr/bin/env python
"""The one door to every Baleen process and chore."""

import os
import sys


def main() -> None:
    """Run a management command under the project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings must be named first

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
