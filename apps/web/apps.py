"""Django's handle on the web app."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """All HTML: shell, pages, components and static files."""

    name = "apps.web"
    label = "web"

    def ready(self) -> None:
        """Register the system checks."""
        from apps.web import checks  # noqa: F401, PLC0415 - checks register themselves once apps are loaded
