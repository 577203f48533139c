"""Shapes of the REST doors: what may be asked, what comes back."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common.serializers import StrictSerializer
from apps.people.selectors import MOST_LISTED

_MOST_OFFSET = 1_000_000


def _not_blank(value: str) -> str:
    if not value.strip():
        raise serializers.ValidationError("This field may not be blank.", code="blank")
    return value


class _Page(StrictSerializer):
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MOST_LISTED, default=MOST_LISTED)
    offset = serializers.IntegerField(required=False, min_value=0, max_value=_MOST_OFFSET, default=0)


class PersonQuery(_Page):
    """Which persons to list."""

    search = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    # Blank here is somebody's mistake, and everybody would be the wrong answer.
    distinct_id = serializers.CharField(required=False, allow_blank=True, max_length=200, trim_whitespace=False)
    email = serializers.CharField(required=False, allow_blank=True, max_length=200)

    def validate_distinct_id(self, value: str) -> str:
        """Refuse a blank."""
        return _not_blank(value)

    def validate_email(self, value: str) -> str:
        """Refuse a blank."""
        return _not_blank(value)


class GroupQuery(_Page):
    """Which groups to list."""

    group_type_index = serializers.IntegerField(min_value=0, max_value=4)
    search = serializers.CharField(required=False, default="", allow_blank=True, max_length=400)


class DeletionQuery(StrictSerializer):
    """What goes with the person."""

    delete_events = serializers.BooleanField(required=False, default=False)


@extend_schema_field(OpenApiTypes.OBJECT)
class PropertiesField(serializers.JSONField):
    """Properties as they are."""


class PersonOutput(serializers.Serializer[Any]):
    """One person."""

    id = serializers.UUIDField()
    uuid = serializers.UUIDField(source="id")
    name = serializers.CharField()
    distinct_ids = serializers.ListField(child=serializers.CharField())
    properties = PropertiesField()
    is_identified = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class PersonPage(serializers.Serializer[dict[str, object]]):
    """Some persons, the latest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PersonOutput(many=True)


class DeletionOutput(serializers.Serializer[Any]):
    """The receipt of a deletion."""

    id = serializers.UUIDField()
    person_id = serializers.UUIDField()
    delete_events = serializers.BooleanField(source="with_events")
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class GroupTypeOutput(serializers.Serializer[Any]):
    """A kind of group."""

    group_type = serializers.CharField(source="name")
    group_type_index = serializers.IntegerField(source="index")


class GroupOutput(serializers.Serializer[Any]):
    """One group."""

    group_type_index = serializers.IntegerField(source="index")
    group_key = serializers.CharField(source="key")
    group_properties = PropertiesField(source="properties")
    created_at = serializers.DateTimeField()


class GroupPage(serializers.Serializer[dict[str, object]]):
    """Some groups by key."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = GroupOutput(many=True)
