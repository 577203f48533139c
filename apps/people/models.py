"""Persons, distinct ids and groups: the truth about who is who; ClickHouse holds mirrors of it for questions.

Rows are written in bulk by `store.py`, so times are whole microseconds and properties are JSON text: no value has to be
converted on the way. Project ids are no foreign keys: events outlive their project by minutes, and a purge erases both.
"""

from typing import ClassVar

from django.db import models

from apps.common.clock import now
from apps.common.ids import uuid7

SEARCHED_LENGTH = 200


class Person(models.Model):
    """One human, or what sends like one."""

    id = models.UUIDField(primary_key=True)
    project_id = models.BigIntegerField()
    created_us = models.BigIntegerField()
    is_identified = models.BooleanField(default=False)
    email = models.CharField(max_length=SEARCHED_LENGTH, blank=True)
    name = models.CharField(max_length=SEARCHED_LENGTH, blank=True)
    properties = models.TextField(default="{}")
    history = models.TextField(default='[[""],{}]')
    version = models.BigIntegerField()

    class Meta:
        """Listed newest first; the version finds what one transaction wrote."""

        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["project_id", "-created_us", "id"], name="person_newest"),
            models.Index(fields=["version"], name="person_version"),
        ]

    def __str__(self) -> str:
        """Name the person."""
        return self.email or self.name or str(self.id)


class DistinctId(models.Model):
    """An id an app gave someone, and the person it leads to."""

    project_id = models.BigIntegerField()
    distinct_id = models.CharField(max_length=200)
    person_id = models.UUIDField()
    version = models.BigIntegerField()

    class Meta:
        """One row an id; a person's ids are found without a scan."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project_id", "distinct_id"], name="distinct_id_is_unique"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["person_id"], name="distinct_id_person"),
            models.Index(fields=["version"], name="distinct_id_version"),
        ]

    def __str__(self) -> str:
        """Name the id."""
        return self.distinct_id


class GroupType(models.Model):
    """A kind of group of a project, such as company; its index names the column of events that holds the key."""

    project_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    index = models.PositiveSmallIntegerField()

    class Meta:
        """A name has one index, an index one name."""

        ordering: ClassVar[list[str]] = ["index"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project_id", "name"], name="group_type_name_is_unique"),
            models.UniqueConstraint(fields=["project_id", "index"], name="group_type_index_is_unique"),
            models.CheckConstraint(condition=models.Q(index__lte=4), name="group_types_are_five"),
        ]

    def __str__(self) -> str:
        """Name the type."""
        return self.name


class Group(models.Model):
    """One group, such as one company, and its properties."""

    project_id = models.BigIntegerField()
    index = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=400)
    created_us = models.BigIntegerField()
    properties = models.TextField(default="{}")
    history = models.TextField(default='[[""],{}]')
    version = models.BigIntegerField()

    class Meta:
        """A key is one group of its type."""

        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project_id", "index", "key"], name="group_key_is_unique"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["version"], name="group_version")]

    def __str__(self) -> str:
        """Name the group."""
        return self.key


class ProjectLock(models.Model):
    """The row that whoever changes a project's persons holds: merges of one project happen one after the other."""

    project_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        """Name the project."""
        return str(self.project_id)


class MirrorDebt(models.Model):
    """A transaction whose rows may not be in ClickHouse yet; gone once they are."""

    version = models.BigIntegerField()
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        """Name the version the rows carry."""
        return str(self.version)


class PersonDeletion(models.Model):
    """The receipt of a person's deletion: what was asked, by whom, and what was done."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    project_id = models.BigIntegerField()
    person_id = models.UUIDField()
    distinct_ids = models.JSONField(default=list)
    version = models.BigIntegerField()
    with_events = models.BooleanField(default=False)
    requested_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Looked through for what is left to do."""

        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["finished_at", "created_at"], name="person_deletion_open"),
        ]

    def __str__(self) -> str:
        """Name the person that was."""
        return str(self.person_id)
