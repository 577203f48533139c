"""Organizations and who belongs to them."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from apps.accounts.contracts import Role
from apps.common.clock import now


class Organization(models.Model):
    """Who pays: it holds projects and members."""

    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        """Name the organization."""
        return self.name


class Membership(models.Model):
    """A user's place in an organization."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=[(role.value, role.value) for role in Role])
    created_at = models.DateTimeField(default=now)

    class Meta:
        """One place per user and organization, and only known roles."""

        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_once_per_organization"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        """Say who is what where."""
        return f"{self.user_id} is {self.role} of {self.organization_id}"
