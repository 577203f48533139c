"""Bringing events of another tool, or of an export of ours, into a project from a file."""
