"""REST of a project's rules for what comes in: the rules, what they did, and the proof of what is stored."""

from datetime import UTC, date, datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.access import ProjectAPIView
from apps.accounts.contracts import Role
from apps.common.errors import DomainError
from apps.common.serializers import StrictSerializer, SwitchField, TextField, WholeField
from apps.ingest.controls import detectors, names, selectors, services, tallies
from apps.ingest.controls.models import IngestionSettings
from apps.ingest.controls.rules import Action, IpPolicy, PromptPolicy

_ENTRY = names.LONGEST * 2
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""The last month of 9999 has no next one in which a quota would be whole again."""


def _choices(kind: Any) -> list[str]:  # noqa: ANN401 - an enum class
    return [member.value for member in kind]


class ShareField(serializers.FloatField):
    """A JSON number between 0 and 1, never "0.5" or true."""

    def to_internal_value(self, data: Any) -> float:  # noqa: ANN401 - DRF's signature
        """Accept a number only."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return super().to_internal_value(data)


class MaskRuleInput(StrictSerializer):
    """A masking rule."""

    match = TextField(max_length=_ENTRY, help_text="a property's name, a pattern with *, or /a regular expression/")
    action = serializers.ChoiceField(choices=_choices(Action))
    length = WholeField(min_value=0, max_value=services.MOST_LENGTH, required=False, help_text="what truncate leaves")


class DetectorsInput(StrictSerializer):
    """Which detectors run; what is left out stays."""

    email = SwitchField(required=False)
    card = SwitchField(required=False)
    secret = SwitchField(required=False)
    jwt = SwitchField(required=False)
    phone = SwitchField(required=False)


class IngestionInput(StrictSerializer):
    """What of the rules may change; what is left out stays."""

    allowed_origins = serializers.ListField(child=TextField(max_length=_ENTRY), required=False)
    denied_events = serializers.ListField(child=TextField(max_length=_ENTRY), required=False)
    denied_properties = serializers.ListField(child=TextField(max_length=_ENTRY), required=False)
    masking = MaskRuleInput(many=True, required=False)
    detectors = DetectorsInput(required=False)
    prompt_policy = serializers.ChoiceField(choices=_choices(PromptPolicy), required=False)
    sampling = ShareField(min_value=0, max_value=1, required=False, help_text="the share of people that is kept")
    monthly_quota = WholeField(min_value=0, max_value=services.MOST_COUNT, required=False, allow_null=True)
    rate_per_minute = WholeField(min_value=0, max_value=services.MOST_COUNT, required=False, allow_null=True)
    ip_policy = serializers.ChoiceField(choices=_choices(IpPolicy), required=False)
    cookieless = SwitchField(required=False)


class MaskRuleOutput(serializers.Serializer[Any]):
    """A masking rule."""

    match = serializers.CharField()
    action = serializers.ChoiceField(choices=_choices(Action))
    length = serializers.IntegerField(required=False)


class DetectorsOutput(serializers.Serializer[Any]):
    """Which detectors run."""

    email = serializers.BooleanField()
    card = serializers.BooleanField()
    secret = serializers.BooleanField()
    jwt = serializers.BooleanField()
    phone = serializers.BooleanField()


class IngestionOutput(serializers.Serializer[Any]):
    """A project's rules for what comes in."""

    allowed_origins = serializers.ListField(child=serializers.CharField())
    denied_events = serializers.ListField(child=serializers.CharField())
    denied_properties = serializers.ListField(child=serializers.CharField())
    masking = MaskRuleOutput(many=True)
    detectors = DetectorsOutput()
    prompt_policy = serializers.ChoiceField(choices=_choices(PromptPolicy))
    sampling = serializers.FloatField()
    monthly_quota = serializers.IntegerField(allow_null=True)
    rate_per_minute = serializers.IntegerField(allow_null=True)
    ip_policy = serializers.ChoiceField(choices=_choices(IpPolicy))
    cookieless = serializers.BooleanField()


class UsageDayOutput(serializers.Serializer[Any]):
    """One day."""

    date = serializers.DateField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text=", ".join(tallies.KINDS))


class UsageOutput(serializers.Serializer[Any]):
    """What came in and what was dropped in a month, by day in UTC."""

    month = serializers.CharField(help_text="as 2026-11")
    quota = serializers.IntegerField(allow_null=True)
    used = serializers.IntegerField(help_text="what of the quota is used; counted from the moment one is set")
    resets_on = serializers.DateField()
    totals = serializers.DictField(child=serializers.IntegerField())
    days = UsageDayOutput(many=True)


class StoredEventOutput(serializers.Serializer[Any]):
    """An event exactly as it is stored."""

    uuid = serializers.CharField()
    event = serializers.CharField()
    distinct_id = serializers.CharField()
    person_id = serializers.CharField()
    timestamp = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    properties = serializers.CharField(help_text="the stored JSON text")
    texts = serializers.DictField(child=serializers.CharField(), help_text="long texts that are stored apart from it")


class StoredOutput(serializers.Serializer[Any]):
    """The last events as they are stored."""

    results = StoredEventOutput(many=True)


def _shown(row: IngestionSettings) -> dict[str, Any]:
    fields: dict[str, Any] = {str(name): getattr(row, str(name)) for name in IngestionOutput().fields}
    return fields | {"detectors": {name: name in row.detectors for name in detectors.NAMES}}


class IngestionView(ProjectAPIView):
    """A project's rules for what comes in."""

    scope = "project"
    write_role = Role.ADMIN

    @extend_schema(responses=IngestionOutput)
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Show the rules."""
        row = IngestionSettings.objects.filter(pk=self.project.id).first() or IngestionSettings(pk=self.project.id)
        return Response(IngestionOutput(_shown(row)).data)

    @extend_schema(request=IngestionInput, responses=IngestionOutput)
    def patch(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Change rules; they hold in every process within five seconds."""
        data = IngestionInput(data=request.data)
        data.is_valid(raise_exception=True)
        row = services.update(project=self.project, actor=self.actor, **data.validated_data)
        return Response(IngestionOutput(_shown(row)).data)


class IngestionUsageView(ProjectAPIView):
    """What came in, and what the rules dropped."""

    scope = "project"

    @extend_schema(
        parameters=[OpenApiParameter("month", str, description="as 2026-11; the present one without")],
        responses=UsageOutput,
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """Count a month by day."""
        found = selectors.usage(self.project.id, _month(request.query_params.get("month", "")))
        return Response(
            UsageOutput(
                {
                    "month": f"{found.month:%Y-%m}",
                    "quota": found.quota,
                    "used": found.used,
                    "resets_on": found.resets_on,
                    "totals": found.totals,
                    "days": [{"date": day, "counts": counts} for day, counts in found.days],
                }
            ).data
        )


class IngestionStoredView(ProjectAPIView):
    """The proof of what the rules let in."""

    scope = "event"

    @extend_schema(
        parameters=[OpenApiParameter("limit", int, description=f"1 to {selectors.MOST_STORED}; 5 without")],
        responses=StoredOutput,
    )
    def get(self, request: Request, project_id: str) -> Response:  # noqa: ARG002 - resolved already
        """List the last events byte by byte as they are stored."""
        text = request.query_params.get("limit", "5")
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= selectors.MOST_STORED):
            raise DomainError(f"The limit lies between 1 and {selectors.MOST_STORED}.", attr="limit")
        return Response(StoredOutput({"results": selectors.list_stored(self.project.id, limit=int(text))}).data)


def _month(text: str) -> date | None:
    if not text:
        return None
    try:
        month = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as exc:
        raise DomainError("A month is written like 2026-11.", attr="month") from exc
    if not _FIRST_YEAR <= month.year <= _LAST_YEAR:
        raise DomainError(f"A month lies in the years {_FIRST_YEAR} to {_LAST_YEAR}.", attr="month")
    return month
