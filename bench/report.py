"""One figure, one JSON line."""

import json
import sys


def report(name: str, value: float, unit: str, *, baseline: float | None = None, goal: float | None = None) -> None:
    """Print a figure with the baseline of the same run and the goal it is held to; `ratio` is value over baseline."""
    line: dict[str, object] = {"name": name, "value": round(value, 3), "unit": unit}
    line["baseline"] = None if baseline is None else round(baseline, 3)
    line["ratio"] = None if not baseline else round(value / baseline, 3)
    if goal is not None:
        line["goal"] = goal
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
