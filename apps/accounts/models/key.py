"""Secret keys of users for the API."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from apps.accounts.models.organization import Organization
from apps.accounts.models.project import Project
from apps.common.clock import now


class PersonalKey(models.Model):
    """A user's secret key: acts as its owner, never beyond their role, its scopes and its limit.

    Only the SHA-256 of the value is stored (`keys.py` says why that is enough), so it can be shown once.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="personal_keys")
    label = models.CharField(max_length=200)
    value_hash = models.CharField(max_length=64, unique=True)
    mask = models.CharField(max_length=32)
    scopes = models.JSONField(default=list)
    organization = models.ForeignKey(Organization, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Oldest first."""

        ordering: ClassVar[list[str]] = ["id"]

    def __str__(self) -> str:
        """Tell the key from others without giving it away."""
        return f"{self.label} ({self.mask})"

    def is_valid_at(self, moment: datetime) -> bool:
        """Say whether the key is neither revoked nor expired at a moment."""
        return self.revoked_at is None and (self.expires_at is None or moment < self.expires_at)
