"""The canary: an event a minute that goes through everything, so that ingest cannot die unseen.

It belongs to project 0, which is nobody's: no list, no quota and no question of a project ever meets it.
"""

import hashlib
import hmac
from functools import cache
from typing import Final

from django.conf import settings

from apps.accounts.contracts import ProjectContext

EVENT: Final = "$canary"
PROJECT: Final = ProjectContext(
    id=0, organization_id=0, name="Canary", api_token="", timezone="UTC", week_start_day=0
)  # fmt: skip


@cache
def key() -> str:
    """Give the project key that only this deployment's own canary knows: it follows from the secret key."""
    return "canary_" + hmac.new(settings.SECRET_KEY.encode(), b"baleen.canary", hashlib.sha256).hexdigest()[:40]
