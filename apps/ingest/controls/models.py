"""A project's rules for what comes in, as they are kept."""

import secrets
from typing import ClassVar

from django.db import models

from apps.ingest.controls.rules import IpPolicy, PromptPolicy

_KEY_BYTES = 32


def new_key() -> bytes:
    """Make the part of a project's hash key that is kept in the database."""
    return secrets.token_bytes(_KEY_BYTES)


class IngestionSettings(models.Model):
    """One project's rules; a project without a row has none. `docs/reference/ingestion-settings.md` explains each."""

    project = models.OneToOneField("accounts.Project", on_delete=models.CASCADE, primary_key=True, related_name="+")
    allowed_origins = models.JSONField(default=list)
    denied_events = models.JSONField(default=list)
    denied_properties = models.JSONField(default=list)
    masking = models.JSONField(default=list)
    detectors = models.JSONField(default=list)
    prompt_policy = models.CharField(max_length=16, default=PromptPolicy.KEEP.value)
    sampling = models.FloatField(default=1.0)
    monthly_quota = models.BigIntegerField(null=True, blank=True)
    rate_per_minute = models.BigIntegerField(null=True, blank=True)
    ip_policy = models.CharField(max_length=16, default=IpPolicy.KEEP.value)
    cookieless = models.BooleanField(default=False)
    hash_key = models.BinaryField(default=new_key, editable=False)

    class Meta:
        """Shares are shares, and what is counted is not negative."""

        app_label = "ingest"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(sampling__gte=0, sampling__lte=1), name="ingestion_sampling_is_share"
            ),
            models.CheckConstraint(
                condition=models.Q(prompt_policy__in=[policy.value for policy in PromptPolicy]),
                name="ingestion_prompt_policy_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(ip_policy__in=[policy.value for policy in IpPolicy]),
                name="ingestion_ip_policy_is_known",
            ),
        ]

    def __str__(self) -> str:
        """Name the project."""
        return f"ingestion settings of project {self.pk}"
