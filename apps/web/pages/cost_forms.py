"""Forms of the cost pages: they read text; the rules, and the sentences of their breach, are the services'."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms

from apps.common.clock import now
from apps.llm.models import Price

KINDS: Final = ((Price.TOKENS, "By token"), (Price.GPU_HOUR, "By the hour of a machine"))
_STAR: Final = "<code>*</code> at the end covers all that begin so"
_RATES: Final = {
    "input_per_mtok": "Input",
    "output_per_mtok": "Output",
    "cache_read_per_mtok": "Cache read",
    "cache_write_per_mtok": "Cache write",
    "reasoning_per_mtok": "Reasoning",
}


class _Day(forms.DateField):
    """A day of the calendar."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _amount(label: str, **options: Any) -> forms.DecimalField:  # noqa: ANN401 - options of a field
    number = forms.NumberInput(attrs={"step": "any", "min": "0", "inputmode": "decimal"})
    return forms.DecimalField(
        label=label, min_value=0, max_digits=20, decimal_places=10, required=False, widget=number, **options
    )


class PriceForm(forms.Form):
    """A price of the project."""

    model = forms.CharField(
        max_length=200,
        label="Model",
        help_text=f"As your events name it; {_STAR}",
    )
    provider = forms.CharField(max_length=100, required=False, label="Provider", help_text="Empty: any")
    host = forms.CharField(max_length=253, required=False, label="Host", help_text="Empty: any")
    kind = forms.ChoiceField(choices=KINDS, label="Priced")
    input_per_mtok = _amount("Input")
    output_per_mtok = _amount("Output")
    cache_read_per_mtok = _amount("Cache read")
    cache_write_per_mtok = _amount("Cache write")
    reasoning_per_mtok = _amount("Reasoning")
    gpu_hour_usd = _amount("Dollars an hour")
    concurrency = _amount("Calls it serves at once", initial=1)
    valid_from = _Day(required=False, label="From", help_text="Midnight UTC; empty: from the beginning")
    valid_to = _Day(required=False, label="Until, without that day", help_text="Empty: until further notice")
    note = forms.CharField(max_length=400, required=False, label="Note")

    @property
    def rates(self) -> list[forms.BoundField]:
        """The fields of a price by token."""
        return [self[name] for name in _RATES]

    def values(self) -> dict[str, Any]:
        """Give what was entered as a service takes it: only the amounts of the chosen kind, days as moments."""
        values = dict(self.cleaned_data)
        hourly = values["kind"] == Price.GPU_HOUR
        for name in _RATES if hourly else ("gpu_hour_usd",):
            values[name] = None
        if not hourly or values["concurrency"] is None:
            values["concurrency"] = 1
        for name in ("valid_from", "valid_to"):
            if values[name] is not None:
                values[name] = datetime.combine(values[name], time(), tzinfo=UTC)
        return values


class RepricingForm(forms.Form):
    """Which stored calls to price again: whole days of the project's calendar."""

    date_from = _Day(label="From")
    date_to = _Day(label="To, with that day")
    model = forms.CharField(
        max_length=200,
        required=False,
        label="Model",
        help_text=f"Empty: every model; {_STAR}",
    )
    only_unpriced = forms.BooleanField(required=False, initial=True, label="Only calls without a price")

    def __init__(self, data: Any, *, zone: ZoneInfo) -> None:  # noqa: ANN401 - QueryDict or None, as the parent takes
        today = now().astimezone(zone).date()
        super().__init__(data, initial={"date_from": today - timedelta(days=30), "date_to": today})
        self._zone = zone

    def values(self) -> dict[str, Any]:
        """Give what was entered as a service takes it."""
        start, end = self.cleaned_data["date_from"], self.cleaned_data["date_to"] + timedelta(days=1)
        return {
            "date_from": datetime.combine(start, time(), tzinfo=self._zone),
            "date_to": datetime.combine(end, time(), tzinfo=self._zone),
            "model": self.cleaned_data["model"],
            "only_unpriced": self.cleaned_data["only_unpriced"],
        }
