"""Settings, Ingestion: a project's rules for what comes in, what they did this month, and the proof in stored rows."""

import json
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.common.errors import DomainError
from apps.ingest.controls import selectors, services
from apps.ingest.controls.models import IngestionSettings
from apps.ingest.controls.selectors import Usage
from apps.web.pages.ingestion_form import IngestionForm, initial_of
from apps.web.pages.settings import show_tab
from apps.web.pages.shell import Visit, actor_of, project_page

STORED: Final = 3
FILTERED: Final = {
    "denied_events": "events on the list of those not taken",
    "sampled": "events of people outside the share",
    "over_quota": "events over the month's quota",
    "over_rate": "events over the rate of a minute",
    "cookieless": "cookieless events that could not be counted",
    "removed_properties": "properties taken out",
    "masked_values": "values masked",
    "content_removed": "prompts, answers and other content taken out",
    "recordings_refused": "pieces of recordings refused",
    "withheld": "refused events whose content was not kept",
}
OVER: Final = ("over_quota", "over_rate", "sampled", "denied_events", "cookieless")


@project_page()
def ingestion(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the rules; an admin changes them."""
    if request.method == "POST" and not visit.may_administer:
        raise PermissionDenied
    row = IngestionSettings.objects.filter(pk=visit.project.pk).first() or IngestionSettings(pk=visit.project.pk)
    form = IngestionForm(request.POST if request.method == "POST" else None, initial=initial_of(row))
    if not visit.may_administer:
        for field in form.fields.values():
            field.disabled = True
    if request.method == "POST" and form.is_valid() and _save(request, visit, form):
        messages.success(request, "Saved. The rules hold everywhere within five seconds.")
        return redirect("web:ingestion", visit.project.pk)
    return show_tab(request, visit, "ingestion", {"form": form})


def _save(request: HttpRequest, visit: Visit, form: IngestionForm) -> bool:
    try:
        services.update(project=visit.context, actor=actor_of(request), **form.wanted())
    except DomainError as error:
        # The service names the entry of a list too; the form has one field for all of them.
        field = (error.attr or "").partition(".")[0]
        form.add_error(field if field in form.fields else None, error.detail)
        return False
    return True


@project_page()
def usage(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Answer what the page asks: this month's events by day against the quota, and what the rules dropped."""
    try:
        found = selectors.usage(visit.project.pk)
    except DomainError as error:
        return render(request, "web/settings/ingestion_usage.html", {"away": error.detail})
    used = found.used if found.quota is not None else found.totals["events"] + found.totals["recordings"]
    context = {
        "usage": found,
        "used": used,
        "share": min(found.used / found.quota, 1) * 100 if found.quota else 100 if found.quota == 0 else None,
        "drawing": _drawing(found),
        "has_data": any(found.totals.values()),
        "filtered": [(count, text) for kind, text in FILTERED.items() if (count := found.totals[kind])],
    }
    return render(request, "web/settings/ingestion_usage.html", context)


@project_page()
def stored(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the last events as they are stored."""
    try:
        rows = selectors.list_stored(visit.project.pk, limit=STORED)
    except DomainError as error:
        return render(request, "web/settings/ingestion_stored.html", {"away": error.detail})
    return render(request, "web/settings/ingestion_stored.html", {"rows": [_spelled(row) for row in rows]})


def _drawing(found: Usage) -> dict[str, Any]:
    over = [sum(counts[kind] for kind in OVER) for _, counts in found.days]
    series = [{"name": "Let in", "data": [counts["events"] for _, counts in found.days], "color": 0}]
    if any(over):
        series.append({"name": "Dropped", "data": over, "color": 3})
    return {
        "type": "bar",
        "stacked": True,
        "labels": [str(day.day) for day, _ in found.days],
        "titles": [f"{day:%B} {day.day}" for day, _ in found.days],
        "unfinished": True,
        "series": series,
    }


def _spelled(row: dict[str, Any]) -> dict[str, Any]:
    """Set the stored text in lines, so that a person can read it; nothing is left out or added."""
    return row | {"properties": json.dumps(json.loads(row["properties"]), indent=2, ensure_ascii=False)}
