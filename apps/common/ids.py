"""Ids for things we name ourselves."""

from uuid import UUID

import uuid_utils


def uuid7() -> UUID:
    """Make a UUIDv7 (RFC 9562, section 5.7): unique, and ordered by the time it was made."""
    return UUID(int=uuid_utils.uuid7().int)
