"""Misconfiguration told before the first page, not by it."""

from pathlib import Path

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as Alert


@register()
def check_assets(**_: object) -> list[CheckMessage]:
    """Say so when the dashboard's style and scripts were never built: every page would fail."""
    if (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        return []
    return [Alert("The dashboard's assets are not built.", hint="Run `make assets`.", id="web.W001")]
