"""Prices that projects set, and the record of calls that were priced again."""

from typing import ClassVar

from django.db import models

from apps.common.clock import now


class Price(models.Model):
    """What a project pays for calls of a model, by token or by the hour of a machine, from one moment to another."""

    TOKENS = "tokens"
    GPU_HOUR = "gpu_hour"
    RATES: ClassVar[tuple[str, ...]] = (
        "input_per_mtok",
        "output_per_mtok",
        "cache_read_per_mtok",
        "cache_write_per_mtok",
        "cache_write_1h_per_mtok",
        "reasoning_per_mtok",
        "per_request",
    )
    """Fields of a price by token, in US dollars."""

    project = models.ForeignKey("accounts.Project", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=[(TOKENS, TOKENS), (GPU_HOUR, GPU_HOUR)])
    model = models.CharField(max_length=200)
    provider = models.CharField(max_length=100, blank=True, default="")
    host = models.CharField(max_length=253, blank=True, default="")
    input_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    output_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    cache_read_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    cache_write_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    cache_write_1h_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    reasoning_per_mtok = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    per_request = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    gpu_hour_usd = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    concurrency = models.DecimalField(max_digits=8, decimal_places=2, default=1)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    note = models.CharField(max_length=400, blank=True, default="")
    created_at = models.DateTimeField(default=now)

    class Meta:
        """Read by project."""

        ordering: ClassVar[list[str]] = ["model", "provider", "host", "valid_from", "id"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["project", "model"], name="llm_price_by_model")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(valid_from__isnull=True)
                | models.Q(valid_to__isnull=True)
                | models.Q(valid_from__lt=models.F("valid_to")),
                name="llm_price_ends_after_it_begins",
            )
        ]

    def __str__(self) -> str:
        """Name what is priced."""
        return " ".join(filter(None, (self.provider, self.model, self.host)))


class Repricing(models.Model):
    """One run over stored calls that priced them anew: what was asked, how far it is, what it changed."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    project = models.ForeignKey("accounts.Project", on_delete=models.CASCADE, related_name="+")
    status = models.CharField(max_length=16, default=WAITING)
    date_from = models.DateTimeField()
    date_to = models.DateTimeField()
    model = models.CharField(max_length=200, blank=True, default="")
    only_unpriced = models.BooleanField(default=False)
    requested_by = models.CharField(max_length=254, blank=True, default="")
    requested_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    place = models.JSONField(default=dict)
    """After which row it goes on when it was cut short."""
    events_total = models.BigIntegerField(default=0)
    events_seen = models.BigIntegerField(default=0)
    events_changed = models.BigIntegerField(default=0)
    usd_before = models.DecimalField(max_digits=24, decimal_places=12, default=0)
    usd_after = models.DecimalField(max_digits=24, decimal_places=12, default=0)
    error = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        """Read newest first."""

        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["project", "-id"], name="llm_repricing_by_project")
        ]

    def __str__(self) -> str:
        """Name the run."""
        return f"{self.model or 'all models'} {self.date_from:%F} to {self.date_to:%F}"
