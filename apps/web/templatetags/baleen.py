"""The few things templates need and Django does not bring."""

from datetime import UTC, datetime
from typing import Final

from django import template
from django.conf import settings
from django.forms import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

NOTHING: Final = "\N{EN DASH}"
"""Stands where a number would, when there is none."""

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
