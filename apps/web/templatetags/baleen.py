"""The few things templates need and Django does not bring."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from django import template
from django.conf import settings
from django.forms import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.llm.queries.spend import Spend

register = template.Library()

NOTHING: Final = "\N{EN DASH}"
"""Stands where a number would, when there is none."""

_NO_CENTS: Final = 10_000
"""Dollars from which cents say nothing."""

_TWO_DIGITS: Final = 10
"""Of a shortened number from which a decimal says nothing."""

LONG_LIST: Final = 30
"""A select with more options than this gets a search box."""


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Draw an icon of the sprite; decoration only, so the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        static("web/icons.svg"),
        name,
    )


@register.filter
def thousands(value: float | None) -> str:
    """Write a number with separators: 1234567 as 1,234,567; a fraction keeps two digits."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


@register.filter
def usd(value: float | Decimal | None) -> str:
    """Write US dollars: cents from a dollar on, four digits that mean something below."""
    if value is None:
        return NOTHING
    amount = float(value)
    size = abs(amount)
    sign = "-" if amount < 0 else ""
    if size >= 1 or size == 0:
        return f"{sign}${size:,.0f}" if size >= _NO_CENTS or size == int(size) else f"{sign}${size:,.2f}"
    whole, _, decimals = f"{size:.{3 - math.floor(math.log10(size))}f}".rstrip("0").partition(".")
    return f"{sign}${whole}.{decimals:0<2}"


@register.filter
def compact(value: float | None) -> str:
    """Write a large number with its unit: 1234567 as 1.2 M."""
    if value is None:
        return NOTHING
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            scaled = value / size
            return f"{scaled:,.0f} {unit}" if abs(scaled) >= _TWO_DIGITS else f"{scaled:,.1f} {unit}"
    return f"{value:,.0f}"


@register.filter
def per_thousand_calls(spend: Spend) -> float | None:
    """Give what a thousand calls cost, of those that have a price."""
    priced = spend.calls - spend.unpriced_calls
    return spend.cost_usd / priced * 1_000 if priced else None


@register.filter
def percent(value: float | None) -> str:
    """Write a ratio as a percentage with one digit: 0.4567 as 45.7 %."""
    return NOTHING if value is None else f"{value * 100:.1f} %"


@register.filter
def duration(seconds: float | None) -> str:
    """Write a span of time in its two largest units: 93784 as 1 d 2 h."""
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return "< 1 s"
    rest = round(seconds)
    counts: list[tuple[int, str]] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        counts.append((count, unit))
    largest = next(place for place, (count, _) in enumerate(counts) if count)
    return " ".join(f"{count} {unit}" for count, unit in counts[largest : largest + 2] if count)


@register.filter
def iso(value: datetime) -> str:
    """Write a moment for a <time> element, naive ones being UTC."""
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


@register.filter
def styled(field: BoundField) -> SafeString:
    """Render a form field's widget in the look of the UI kit, marked when its value was refused."""
    widget = field.field.widget
    kind = getattr(widget, "input_type", "")
    css = {"checkbox": "form-check-input", "select": "form-select"}.get(kind, "form-control")
    attrs: dict[str, str | bool] = {"class": f"{css} is-invalid" if field.errors else css}
    if field.errors:
        attrs["aria-invalid"] = "true"
    if (
        kind == "select"
        and not getattr(widget, "allow_multiple_selected", False)
        and len(list(getattr(widget, "choices", ()))) > LONG_LIST
    ):
        attrs["aria-label"] = str(field.label)
        return format_html("<baleen-combobox>{}</baleen-combobox>", field.as_widget(attrs=attrs))
    return field.as_widget(attrs=attrs)


@register.simple_tag
def sends_mail() -> bool:
    """Say whether this deployment can write to people."""
    return bool(settings.BALEEN_SENDS_MAIL)
