"""Registers the app with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app; its label names the tables `accounts_*`."""

    name = "apps.accounts"
    label = "accounts"
