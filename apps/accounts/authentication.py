"""Who is calling the API: a personal key, or a browser's session."""

from typing import Final

import structlog
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.request import Request

from apps.accounts import keys, services
from apps.accounts.models import PersonalKey, User
from apps.common.clock import now
from apps.common.http import client_ip

FAILURES_PER_MINUTE: Final = 60
"""Wrong keys one address may send in a minute before it is told to wait."""

logger = structlog.get_logger(__name__)


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer phx_...`: the request acts as the key's owner, within the key's limits."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, PersonalKey] | None:
        """Find the key of the header; a request without the header is left to the session."""
        scheme, _, raw = get_authorization_header(request).partition(b" ")
        if scheme.lower() != self.keyword.lower().encode():
            return None
        value = raw.strip().decode("latin-1")
        if value.startswith(keys.PROJECT_PREFIX):
            raise self._refusal(request, "A project token may only send events and evaluate flags; use a personal key.")
        key = (
            PersonalKey.objects.select_related("user", "project").filter(value_hash=keys.hash_key(value)).first()
            if keys.is_personal_key(value)
            else None
        )
        if key is None or not key.user.is_active:
            raise self._refusal(request, "This personal key is unknown.")
        if not key.is_valid_at(now()):
            raise self._refusal(request, "This personal key was revoked or has expired.")
        services.note_use(key=key)
        return key.user, key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """Name the scheme in `WWW-Authenticate`, which makes the answer a 401."""
        return f'{self.keyword} realm="baleen"'

    def _refusal(self, request: Request, detail: str) -> exceptions.APIException:
        """Count the failure against the address: right keys never pay for it, guessing ones are slowed down."""
        if _count_failure(client_ip(request)) > FAILURES_PER_MINUTE:
            return exceptions.Throttled(wait=60)
        return exceptions.AuthenticationFailed(detail)


class BrowserAuthentication(SessionAuthentication):
    """The session of the dashboard; anything but a read needs the CSRF token."""


def _count_failure(ip: str | None) -> int:
    name = f"accounts:key-failures:{ip}:{now():%Y%m%d%H%M}"
    try:
        cache.add(name, 0, timeout=60)
        return cache.incr(name)
    except (RedisError, ValueError):
        # Without the counter a guess still has to hit 256 random bits; refusing everyone would be worse.
        logger.warning("accounts.key_failure_not_counted")
        return 0
