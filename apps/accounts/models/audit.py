"""The audit log."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from apps.accounts.models.organization import Organization
from apps.common.clock import now


class AuditEntry(models.Model):
    """One change that someone made; written in the transaction of the change, never edited.

    Project, key and target are plain numbers and words: the entry outlives what it speaks of.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="audit_entries")
    project_id = models.BigIntegerField(null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_email = models.CharField(max_length=254, blank=True, default="")
    actor_key_id = models.BigIntegerField(null=True, blank=True)
    action = models.CharField(max_length=64)
    target_kind = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64)
    changes = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        """Read newest first, per organization or per project."""

        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["organization", "-id"], name="audit_by_organization"),
            models.Index(fields=["organization", "project_id", "-id"], name="audit_by_project"),
        ]

    def __str__(self) -> str:
        """Say what happened to what."""
        return f"{self.action} {self.target_kind} {self.target_id}"
