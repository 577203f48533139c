"""What people wrote about events and properties; what was seen of them is in ClickHouse."""

from typing import ClassVar

from django.db import models

from apps.catalog.contracts import Scope

NAME_LENGTH = 400


class Note(models.Model):
    """The human side of a definition."""

    project = models.ForeignKey("accounts.Project", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH)
    description = models.TextField(blank=True, default="")
    is_verified = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False)
    tags = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        """Each kind has a table of its own."""

        abstract = True

    def __str__(self) -> str:
        """Name what it is about."""
        return self.name


class EventNote(Note):
    """What people wrote about an event."""

    class Meta:
        """One note an event."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project", "name"], name="event_note_is_unique"),
        ]


class PropertyNote(Note):
    """What people wrote about a property of events, persons or groups of a type."""

    scope = models.CharField(max_length=8, choices=[(scope.value, scope.value) for scope in Scope])
    group_type = models.CharField(max_length=NAME_LENGTH, blank=True, default="")

    class Meta:
        """One note a property."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project", "scope", "group_type", "name"], name="property_note_is_unique"),
        ]
