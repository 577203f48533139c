"""Settings that would leave a deployment open, found before it serves anyone."""

from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.utils.module_loading import import_string

MIN_SECRET_LENGTH: Final = 32


@register(Tags.security)
def check_secret_key(**kwargs: Any) -> list[CheckMessage]:  # noqa: ANN401, ARG001 - Django's signature
    """Sessions, set-password links and the bootstrap key are only as strong as the secret key."""
    if len(settings.SECRET_KEY) >= MIN_SECRET_LENGTH:
        return []
    return [
        Error(
            f"BALEEN_SECRET_KEY has fewer than {MIN_SECRET_LENGTH} characters.",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
            id="accounts.E001",
        )
    ]


@register(Tags.security)
def check_public_url(**kwargs: Any) -> list[CheckMessage]:  # noqa: ANN401, ARG001 - Django's signature
    """Links in mail and secure cookies follow the public address."""
    if settings.BALEEN_PUBLIC_URL.startswith(("http://", "https://")):
        return []
    return [Error("BALEEN_PUBLIC_URL must start with http:// or https://.", id="accounts.E002")]


@register(Tags.security)
def check_purgers(**kwargs: Any) -> list[CheckMessage]:  # noqa: ANN401, ARG001 - Django's signature
    """Find purgers that cannot be imported, which would leave a deleted project's data behind."""
    found: list[CheckMessage] = []
    for name in settings.PROJECT_PURGERS:
        try:
            import_string(name)
        except ImportError as exc:
            found.append(Error(f"PROJECT_PURGERS names {name}, which cannot be imported: {exc}", id="accounts.E003"))
    return found


@register(Tags.security, deploy=True)
def check_https(**kwargs: Any) -> list[CheckMessage]:  # noqa: ANN401, ARG001 - Django's signature
    """Reached by others, a deployment needs https: cookies and keys travel with every request."""
    if settings.BALEEN_PUBLIC_URL.startswith("https://") and settings.SECURE_HSTS_SECONDS > 0:
        return []
    return [
        Caution(
            "The deployment is not set up for https.",
            hint="Set BALEEN_PUBLIC_URL to its https address, and BALEEN_HSTS_SECONDS once that works.",
            id="accounts.W001",
        )
    ]
