"""Django's view of this app."""

from django.apps import AppConfig


class ClickHouseConfig(AppConfig):
    """The lowest app of the staircase: others ask it, it asks nobody."""

    name = "apps.clickhouse"
    label = "clickhouse"
    verbose_name = "ClickHouse"
