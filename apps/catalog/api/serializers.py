"""Shapes of the REST API: inputs are strict, outputs say exactly what is sent."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.catalog.contracts import EventDefinition, PropertyDefinition, PropertyType, Scope
from apps.catalog.models import NAME_LENGTH
from apps.common.serializers import StrictSerializer, SwitchField, TextField

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1_000
_DESCRIPTION_LENGTH: Final = 4_000
_MOST_TAGS: Final = 20
_TAG_LENGTH: Final = 60
_MOST_OFFSET: Final = 1_000_000
_EVENT_ORDERS: Final = ("name", "-name", "volume_30_day", "-volume_30_day", "last_seen_at", "-last_seen_at")
_PROPERTY_ORDERS: Final = ("name", "-name", "last_seen_at", "-last_seen_at")


# --- in -----------------------------------------------------------------------
class PageQuery(StrictSerializer):
    """What both lists may be asked for."""

    search = TextField(
        required=False, allow_blank=True, default="", max_length=NAME_LENGTH, help_text="Part of the name."
    )
    verified = serializers.BooleanField(required=False, allow_null=True, default=None)
    hidden = serializers.BooleanField(required=False, allow_null=True, default=None, help_text="Left out: both.")
    tag = TextField(required=False, allow_blank=True, default="", max_length=_TAG_LENGTH)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT)
    offset = serializers.IntegerField(required=False, min_value=0, max_value=_MOST_OFFSET, default=0)


class EventQuery(PageQuery):
    """Which events."""

    ordering = serializers.ChoiceField(choices=_EVENT_ORDERS, required=False, default="-volume_30_day")


class PropertyQuery(PageQuery):
    """Which properties."""

    type = serializers.ChoiceField(
        choices=[scope.value for scope in Scope],
        required=False,
        default=Scope.EVENT.value,
        help_text="Whose properties.",
    )
    group_type = TextField(required=False, allow_blank=True, default="", max_length=NAME_LENGTH)
    property_type = serializers.ChoiceField(choices=[kind.value for kind in PropertyType], required=False, default=None)
    event = TextField(
        required=False, allow_blank=True, default="", max_length=NAME_LENGTH, help_text="Only properties of this event."
    )
    ordering = serializers.ChoiceField(choices=_PROPERTY_ORDERS, required=False, default="name")


class NotePatch(StrictSerializer):
    """What of a definition may change; what is left out stays."""

    description = TextField(required=False, allow_blank=True, max_length=_DESCRIPTION_LENGTH)
    verified = SwitchField(required=False)
    hidden = SwitchField(required=False)
    tags = serializers.ListField(
        child=TextField(max_length=_TAG_LENGTH),
        required=False,
        max_length=_MOST_TAGS,
        help_text="Kept in order, once each.",
    )

    def changes(self) -> dict[str, Any]:
        """Give the changes by the names of a note's fields."""
        names = {"verified": "is_verified", "hidden": "is_hidden"}
        found = {names.get(name, name): value for name, value in self.validated_data.items()}
        if "tags" in found:
            found["tags"] = list(dict.fromkeys(found["tags"]))
        return found


# --- out ----------------------------------------------------------------------
class _DefinitionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField(source="remarks.description")
    verified = serializers.BooleanField(source="remarks.is_verified")
    hidden = serializers.BooleanField(source="remarks.is_hidden")
    tags = serializers.ListField(child=serializers.CharField(), source="remarks.tags")
    first_seen_at = serializers.SerializerMethodField()
    last_seen_at = serializers.SerializerMethodField()
    updated_at = serializers.SerializerMethodField()
    updated_by = serializers.CharField(source="remarks.updated_by", allow_null=True)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_first_seen_at(self, one: EventDefinition | PropertyDefinition) -> str | None:
        return one.first_seen.isoformat() if one.first_seen else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_seen_at(self, one: EventDefinition | PropertyDefinition) -> str | None:
        return one.last_seen.isoformat() if one.last_seen else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_updated_at(self, one: EventDefinition | PropertyDefinition) -> str | None:
        return one.remarks.updated_at.isoformat() if one.remarks.updated_at else None


class EventOutput(_DefinitionOutput):
    """One event: what was seen of it and what people wrote."""

    volume_30_day = serializers.IntegerField(source="volume")


class PropertyOutput(_DefinitionOutput):
    """One property; `type` says whose it is, `property_type` what its values are."""

    type = serializers.ChoiceField(choices=[scope.value for scope in Scope], source="scope")
    group_type = serializers.CharField()
    property_type = serializers.ChoiceField(choices=[kind.value for kind in PropertyType], source="type")
    property_types = serializers.ListField(child=serializers.CharField(), source="types")
    is_numerical = serializers.SerializerMethodField()
    event_count = serializers.IntegerField()

    def get_is_numerical(self, one: PropertyDefinition) -> bool:
        """Say whether it can be summed, as PostHog's clients ask."""
        return one.type is PropertyType.NUMERIC


class CarrierOutput(serializers.Serializer[Any]):
    """An event that carries a property."""

    event = serializers.CharField()
    last_seen_at = serializers.DateTimeField(source="last_seen")


class PropertyDetailOutput(PropertyOutput):
    """One property with the events that carry it."""

    events = CarrierOutput(many=True)


class _Page(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="All that match, on every page.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class EventPage(_Page):
    """A page of events."""

    results = EventOutput(many=True)


class PropertyPage(_Page):
    """A page of properties; `refused` counts names that were not noted since the project has too many."""

    refused = serializers.IntegerField()
    results = PropertyOutput(many=True)


class ValueOutput(serializers.Serializer[Any]):
    """A value as text, and how often it was met in the sample looked at."""

    name = serializers.CharField(source="value")
    count = serializers.IntegerField()
