"""Registers the app with Django."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app; its label names the tables `accounts_*`."""

    name = "apps.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Register the system checks and how OpenAPI shows our ways to authenticate."""
        import_module("apps.accounts.checks")
        import_module("apps.accounts.openapi")
