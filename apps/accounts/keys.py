"""How keys look, and how secret ones are stored.

A personal key is 32 random bytes. Nobody can try 2**256 values, so one SHA-256 without salt is enough to make a stolen
table worthless; a slow password hash would only add its cost to every request. The hash is also the look-up key.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final

from django.conf import settings

PROJECT_PREFIX: Final = "phc_"
PERSONAL_PREFIX: Final = "phx_"
MAX_PROJECT_TOKEN_LENGTH: Final = 64
MAX_PERSONAL_KEY_LENGTH: Final = 128
_BYTES: Final = 32


def new_project_token() -> str:
    """Make a public project token."""
    return PROJECT_PREFIX + secrets.token_urlsafe(_BYTES)


def new_personal_key() -> str:
    """Make a secret key."""
    return PERSONAL_PREFIX + secrets.token_urlsafe(_BYTES)


def derived_personal_key(purpose: str) -> str:
    """Make the secret key that this deployment has for a purpose: the same at every call, guessed by nobody.

    HMAC-SHA-256 (RFC 2104) under the deployment's secret key; whoever holds that may sign anyone in anyway.
    """
    digest = hmac.new(settings.SECRET_KEY.encode(), f"baleen.personal-key\n{purpose}".encode(), hashlib.sha256).digest()
    return PERSONAL_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def hash_key(value: str) -> str:
    """Turn a secret key into what is stored."""
    return hashlib.sha256(value.encode()).hexdigest()


def mask_key(value: str) -> str:
    """Shorten a secret key to what may be shown: enough for its owner to tell it from others."""
    shown = 4
    return f"{PERSONAL_PREFIX}...{value[-shown:]}" if len(value) >= len(PERSONAL_PREFIX) + 3 * shown else "..."


def is_project_token(value: str) -> bool:
    """Say whether a value may be a project token: printable ASCII without spaces, at most 64, not a secret key."""
    return 0 < len(value) <= MAX_PROJECT_TOKEN_LENGTH and _is_plain(value) and not value.startswith(PERSONAL_PREFIX)


def is_personal_key(value: str) -> bool:
    """Say whether a value may be a personal key: printable ASCII without spaces, and no project token."""
    return 0 < len(value) <= MAX_PERSONAL_KEY_LENGTH and _is_plain(value) and not value.startswith(PROJECT_PREFIX)


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value
