"""The person behind a distinct id, before anybody is merged.

The id is a UUIDv5 (RFC 9562, section 5.5) of "<project>:<distinct id>" in a namespace of ours, so every process, now
and later, gives the same person without asking a database, and a merge can be written down as an override of it.
"""

from functools import lru_cache
from hashlib import sha1
from typing import Final
from uuid import UUID

NAMESPACE: Final = UUID("5c0b9e0a-7d1f-4d0e-9a53-0f1a2f6f9f6e")
"""Never changes: every stored person id depends on it."""

_NAMESPACE_HASH: Final = sha1(NAMESPACE.bytes, usedforsecurity=False)
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def person_id_for(project_id: int, distinct_id: str) -> UUID:
    """Give the person of a distinct id that was never merged."""
    return UUID(person_text_for(project_id, distinct_id))


@lru_cache(maxsize=65_536)
def person_text_for(project_id: int, distinct_id: str) -> str:
    """Give the same as text; written out since the hot path spends its time here."""
    digest = _NAMESPACE_HASH.copy()
    digest.update(f"{project_id}:{distinct_id}".encode())
    text = digest.hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
