"""Chores that need every app."""
