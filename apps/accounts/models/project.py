"""The boundary of data: every event, flag and insight belongs to one project."""

from typing import ClassVar, Self

from django.db import models

from apps.accounts.contracts import ProjectContext
from apps.accounts.models.organization import Organization
from apps.common.clock import now


class ProjectQuerySet(models.QuerySet["Project"]):
    """Reads of projects."""

    def alive(self) -> Self:
        """Leave out deleted projects, whose data may still be on its way out."""
        return self.filter(deleted_at__isnull=True)


class Project(models.Model):
    """A project; its token may only send events and evaluate flags, so it is public and kept as it is."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="projects")
    name = models.CharField(max_length=200)
    api_token = models.CharField(max_length=64)
    timezone = models.CharField(max_length=64, default="UTC")
    week_start_day = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Project"]] = models.Manager.from_queryset(ProjectQuerySet)()

    class Meta:
        """A token names one living project; that of a deleted one is free again."""

        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["api_token"], condition=models.Q(deleted_at__isnull=True), name="project_token_is_unique"
            ),
            models.CheckConstraint(condition=models.Q(week_start_day__in=[0, 1]), name="project_week_start_is_known"),
        ]

    def __str__(self) -> str:
        """Name the project."""
        return self.name

    @property
    def context(self) -> ProjectContext:
        """The project as other apps see it."""
        return ProjectContext(
            id=self.pk,
            organization_id=self.organization_id,
            name=self.name,
            api_token=self.api_token,
            timezone=self.timezone,
            week_start_day=self.week_start_day,
        )
