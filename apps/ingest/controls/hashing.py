"""Keyed hashes (HMAC-SHA256, cut to 128 bits): equal values stay equal, and nobody without the key can try values."""

import hmac
import re
from typing import Any, Final

import msgspec
from django.conf import settings

PREFIX: Final = "hash:"
_DIGEST: Final = 16
_HASH: Final = re.compile(r"hash:[0-9a-f]{32}")
_canonical: Final = msgspec.json.Encoder(order="deterministic")


def project_key(stored: bytes) -> bytes:
    """Make a project's key of what its row holds and the deployment's secret, so that neither alone is enough."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"baleen.ingest.hash:" + stored, "sha256")


def digest(key: bytes, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Hash a value: a text as it is, anything else as its JSON. A hash of ours comes back as it is."""
    if isinstance(value, str):
        if _HASH.fullmatch(value):
            return value
        content = value.encode(errors="surrogatepass")
    else:
        content = _canonical.encode(value)
    return PREFIX + hmac.digest(key, content, "sha256")[:_DIGEST].hex()
