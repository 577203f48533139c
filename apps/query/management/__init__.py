"""Commands of query."""
