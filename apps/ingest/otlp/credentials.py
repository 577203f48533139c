"""Where an exporter can put the project key: all it can set are headers and the address."""

import binascii
from base64 import b64decode
from typing import Final
from urllib.parse import unquote

from apps.ingest.errors import InvalidTokenError
from apps.ingest.protocols.posthog import check_token

_LONGEST: Final = 4_096
"""More than a key takes with every character escaped; undoing escapes costs more the longer a header is."""


def find_token(authorization: str, api_key: str = "", query_token: str = "") -> str:
    """Give the project key of a request. Raises InvalidTokenError.

    `OTEL_EXPORTER_OTLP_HEADERS` wants a space written as %20, which not every exporter undoes.
    """
    if max(len(authorization), len(api_key)) > _LONGEST:
        raise InvalidTokenError("The project key is not one of ours.")
    token = _of_header(unquote(authorization).strip()) or unquote(api_key).strip() or query_token
    if not token:
        raise InvalidTokenError("The request names no project key; send Authorization: Bearer <project key>.")
    return check_token(token)


def _of_header(authorization: str) -> str:
    scheme, _, rest = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return rest.strip()
        case "basic":
            return _of_basic(rest.strip())
        case _:
            return authorization


def _of_basic(credentials: str) -> str:
    """Take the user's name, or the password of nobody, as the key: some exporters know no other scheme."""
    try:
        name, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    return name or password
