"""Registers the app with Django."""

from django.apps import AppConfig


class LlmConfig(AppConfig):
    """The llm app."""

    name = "apps.llm"
    label = "llm"
