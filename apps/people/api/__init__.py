"""REST over persons and groups."""
