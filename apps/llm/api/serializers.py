"""Shapes of the REST API of llm: inputs are strict, outputs say exactly what is sent."""

import sys
from decimal import Decimal
from typing import Any, ClassVar

from rest_framework import serializers

from apps.common.serializers import MomentField, StrictSerializer, SwitchField, TextField
from apps.llm.models import Price, Repricing

_KINDS = [Price.TOKENS, Price.GPU_HOUR]
_MOST = 1_000_000
_ROUNDED = 1e12
"""Far above any amount allowed, far below what ten decimals cannot be told of."""
_MODEL = "As `$ai_model` names it; `*` at the end: all that begin so"


class AmountField(serializers.FloatField):
    """A JSON number of US dollars, never a string; as exact as it was written."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Accept a number only, and round no number that will be refused: very large ones cannot be."""
        value = super().to_internal_value(_finite(self, data))
        return round(Decimal(repr(value)), 10) if abs(value) <= _ROUNDED else Decimal(value)


class SecondsField(serializers.FloatField):
    """A JSON number of seconds, never a string."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Accept a number only."""
        return super().to_internal_value(_finite(self, data))


def _finite(field: serializers.FloatField, data: Any) -> int | float:  # noqa: ANN401 - a caller's value
    """Give a number a float can hold: JSON has 1e999, and whole numbers of any length."""
    if not isinstance(data, int | float) or isinstance(data, bool) or not abs(data) <= sys.float_info.max:
        field.fail("invalid")
    return data


def _amount(help_text: str, **options: Any) -> AmountField:  # noqa: ANN401 - options of a field
    return AmountField(min_value=0, max_value=_MOST, allow_null=True, required=False, help_text=help_text, **options)


# --- in -----------------------------------------------------------------------
class PricePatch(StrictSerializer):
    """What of a price may change; what is left out stays."""

    model = TextField(max_length=200, required=False, help_text=_MODEL)
    provider = TextField(max_length=100, required=False, allow_blank=True, help_text="As `$ai_provider`; empty: any")
    host = TextField(max_length=253, required=False, allow_blank=True, help_text="Of `$ai_base_url`; empty: any")
    input_per_mtok = _amount("US dollars per million input tokens")
    output_per_mtok = _amount("per million output tokens")
    cache_read_per_mtok = _amount("per million tokens read from a cache")
    cache_write_per_mtok = _amount("per million tokens written to a cache for five minutes")
    cache_write_1h_per_mtok = _amount("per million tokens written to a cache for an hour")
    reasoning_per_mtok = _amount("per million reasoning tokens; without it they cost what output costs")
    per_request = _amount("per request")
    gpu_hour_usd = _amount("per hour of the machine, times the measured latency of a call")
    concurrency = AmountField(min_value=0, max_value=10_000, required=False, help_text="Calls served at once")
    valid_from = MomentField(required=False, allow_null=True, help_text="Inclusive; null: always until `valid_to`")
    valid_to = MomentField(required=False, allow_null=True, help_text="Exclusive; null: until further notice")
    note = TextField(max_length=400, required=False, allow_blank=True)


class PriceInput(PricePatch):
    """A price to be set."""

    kind = serializers.ChoiceField(choices=_KINDS, default=Price.TOKENS)
    model = TextField(max_length=200, help_text=_MODEL)


class RangeQuery(StrictSerializer):
    """A range of time; without one the last 30 days."""

    date_from = MomentField(required=False)
    date_to = MomentField(required=False)


class UsageInput(StrictSerializer):
    """What a call used, under the names of the event's properties."""

    input_tokens = serializers.JSONField(required=False)
    output_tokens = serializers.JSONField(required=False)
    total_tokens = serializers.JSONField(required=False)
    cache_read_input_tokens = serializers.JSONField(required=False)
    cache_creation_input_tokens = serializers.JSONField(required=False)
    cache_creation_5m_input_tokens = serializers.JSONField(required=False)
    cache_creation_1h_input_tokens = serializers.JSONField(required=False)
    cache_reporting_exclusive = serializers.JSONField(required=False)
    reasoning_tokens = serializers.JSONField(required=False)
    audio_input_tokens = serializers.JSONField(required=False)
    image_input_tokens = serializers.JSONField(required=False)
    cache_read_audio_tokens = serializers.JSONField(required=False)
    web_search_count = serializers.JSONField(required=False)


class PriceCheckInput(StrictSerializer):
    """A call that may never have been made."""

    model = TextField(max_length=200, allow_blank=True)
    provider = TextField(max_length=100, required=False, allow_blank=True)
    base_url = TextField(max_length=2_000, required=False, allow_blank=True)
    service_tier = TextField(max_length=50, required=False, allow_blank=True)
    time = MomentField(required=False, help_text="When it was made; without it, now")
    is_embedding = SwitchField(default=False)
    latency = SecondsField(required=False, min_value=0, help_text="Seconds")
    time_to_first_token = SecondsField(required=False, min_value=0, help_text="Seconds")
    usage = UsageInput()


class RepricingInput(StrictSerializer):
    """Which stored calls to price again."""

    date_from = MomentField(help_text="Inclusive")
    date_to = MomentField(help_text="Exclusive")
    model = TextField(max_length=200, required=False, allow_blank=True, help_text=f"{_MODEL}; empty: every model")
    only_unpriced = SwitchField(default=False)


# --- out ----------------------------------------------------------------------
class PriceOutput(serializers.ModelSerializer[Price]):
    """A price of the project."""

    input_per_mtok = serializers.FloatField(allow_null=True)
    output_per_mtok = serializers.FloatField(allow_null=True)
    cache_read_per_mtok = serializers.FloatField(allow_null=True)
    cache_write_per_mtok = serializers.FloatField(allow_null=True)
    cache_write_1h_per_mtok = serializers.FloatField(allow_null=True)
    reasoning_per_mtok = serializers.FloatField(allow_null=True)
    per_request = serializers.FloatField(allow_null=True)
    gpu_hour_usd = serializers.FloatField(allow_null=True)
    concurrency = serializers.FloatField()

    class Meta:
        """Every field but the project."""

        model = Price
        fields: ClassVar[list[str]] = [
            *("id", "kind", "model", "provider", "host", *Price.RATES, "gpu_hour_usd", "concurrency"),
            *("valid_from", "valid_to", "note", "created_at"),
        ]


class UnpricedReasonOutput(serializers.Serializer[Any]):
    """Why some calls of a model have no price."""

    reason = serializers.CharField()
    calls = serializers.IntegerField()


class UnpricedModelOutput(serializers.Serializer[Any]):
    """A model that was called without a known price."""

    model = serializers.CharField()
    provider = serializers.CharField()
    host = serializers.CharField()
    reason = serializers.CharField(help_text="The most frequent")
    reasons = UnpricedReasonOutput(many=True)
    calls = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()


class UnpricedModelPage(serializers.Serializer[Any]):
    """Unpriced models, the most called first."""

    results = UnpricedModelOutput(many=True)


class SpendOutput(serializers.Serializer[Any]):
    """The calls of one model on one day."""

    day = serializers.DateField()
    model = serializers.CharField()
    calls = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost_usd = serializers.FloatField()
    unpriced_calls = serializers.IntegerField()
    estimated_calls = serializers.IntegerField()


class SpendPage(serializers.Serializer[Any]):
    """Spend by day and model, in order of time."""

    results = SpendOutput(many=True)


class RatesOutput(serializers.Serializer[Any]):
    """The prices that were applied, in US dollars per million tokens."""

    input = serializers.FloatField(allow_null=True)
    output = serializers.FloatField(allow_null=True)
    cache_read = serializers.FloatField(allow_null=True)
    cache_write = serializers.FloatField(allow_null=True)
    cache_write_1h = serializers.FloatField(allow_null=True)
    reasoning = serializers.FloatField(allow_null=True)
    request = serializers.FloatField(allow_null=True)
    web_search = serializers.FloatField(allow_null=True)


class PricedUsageOutput(serializers.Serializer[Any]):
    """The usage as it was understood: input with its cache, output with its reasoning."""

    input = serializers.IntegerField()
    output = serializers.IntegerField()
    cache_read = serializers.IntegerField()
    cache_write = serializers.IntegerField()
    cache_write_1h = serializers.IntegerField()
    reasoning = serializers.IntegerField()


class PriceCheckOutput(serializers.Serializer[Any]):
    """What a call costs, by which rule and which row."""

    status = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # a field of the answer, not the base's own
    version = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    reason = serializers.CharField()
    input_cost_usd = serializers.FloatField(source="input", allow_null=True)
    output_cost_usd = serializers.FloatField(source="output", allow_null=True)
    request_cost_usd = serializers.FloatField(source="request", allow_null=True)
    web_search_cost_usd = serializers.FloatField(source="web_search", allow_null=True)
    total_cost_usd = serializers.FloatField(source="total", allow_null=True)
    usage = PricedUsageOutput(source="reading.usage", allow_null=True)
    rates = RatesOutput(allow_null=True)


class RepricingOutput(serializers.ModelSerializer[Repricing]):
    """A run, how far it is, and its receipt."""

    usd_before = serializers.FloatField()
    usd_after = serializers.FloatField()
    usd_difference = serializers.SerializerMethodField()

    class Meta:
        """Everything but where it stands in the table."""

        model = Repricing
        fields: ClassVar[list[str]] = [
            *("id", "status", "date_from", "date_to", "model", "only_unpriced", "requested_by", "requested_at"),
            *("started_at", "finished_at", "events_total", "events_seen", "events_changed"),
            *("usd_before", "usd_after", "usd_difference", "error"),
        ]

    def get_usd_difference(self, run: Repricing) -> float:
        """Give what the run added to the costs of all calls it changed."""
        return float(run.usd_after - run.usd_before)


class RepricingPage(serializers.Serializer[Any]):
    """Runs, newest first."""

    results = RepricingOutput(many=True)
