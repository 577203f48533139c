"""One Django app per capability; see the staircase in pyproject.toml for who may import whom."""
