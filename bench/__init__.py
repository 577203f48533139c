"""Benchmarks: `make bench` prints every budgeted figure as a JSON line, baselines measured in the same run."""
