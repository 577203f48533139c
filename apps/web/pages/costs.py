"""Model costs: what calls of models cost, which have no price, the project's own prices, and pricing again."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from apps.common.clock import now
from apps.common.errors import DomainError
from apps.llm import selectors, services
from apps.llm.models import Repricing
from apps.llm.queries.spend import Spend, by_model
from apps.web.forms import attempt
from apps.web.pages.cost_forms import PriceForm, RepricingForm
from apps.web.pages.shell import Visit, actor_of, project_page, show

PERIODS: Final = {"1": "Today", "7": "7 days", "30": "30 days", "90": "90 days"}
DEFAULT: Final = "30"
TABS: Final = (("spend", "costs", "Spend"), ("prices", "prices", "Own prices"), ("again", "repricings", "Price again"))
DRAWN: Final = 7
"""Models with a colour of their own; the rest is one series, so that a chart stays readable."""
REASONS: Final = {
    "latency_missing": "priced by the hour, but the call says no latency",
    "model_missing": "the call names no model",
    "model_unknown": "no list has this model of this provider",
    "own_server": "your own server: set what an hour of it costs",
    "price_incomplete": "the price does not cover what was used",
    "price_missing": "listed without a price",
    "provider_unknown": "nobody is known to sell this model",
    "too_many_names": "too many new names at once: price again",
    "usage_impossible": "the token counts contradict each other",
    "usage_missing": "the call says no token counts",
}
"""Why a model has no price, for people."""
BEFORE: Final = "written before calls were priced"


@project_page()
def costs(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the frame; the numbers are asked for by the page itself."""
    return _tab(request, visit, "spend", {"periods": PERIODS.items(), "period": _period(request)})


@project_page()
def result(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Answer what was spent, by day and by model, and what has no price."""
    days = int(_period(request))
    dates, start = _days(visit, days)
    end = now() + timedelta(days=1)
    try:
        spent = selectors.list_spend(visit.context, start, end)
        unpriced = selectors.list_unpriced_models(visit.project.pk, start, end)
    except DomainError as error:
        return render(request, "web/parts/failed.html", {"error": error}, status=error.status)
    models = by_model(spent)
    calls = sum(model.calls for model in models)
    context = {
        "visit": visit,
        "project": visit.project,
        "models": [(_swatch(index, model), model) for index, model in enumerate(models)],
        "calls": calls,
        "total": sum(model.cost_usd for model in models),
        "tokens_in": sum(model.input_tokens for model in models),
        "tokens_out": sum(model.output_tokens for model in models),
        "unpriced_share": sum(model.unpriced_calls for model in models) / calls if calls else None,
        "estimated_share": sum(model.estimated_calls for model in models) / calls if calls else None,
        "unpriced": [
            {"model": one, "why": "; ".join(dict.fromkeys(REASONS.get(each.reason, BEFORE) for each in one.reasons))}
            for one in unpriced
        ],
        "drawing": draw(spent, models, dates),
        "period": PERIODS[str(days)],
    }
    return render(request, "web/costs_result.html", context)


def draw(spent: Sequence[Spend], models: Sequence[Spend], dates: Sequence[date]) -> dict[str, Any]:
    """Stack the days of the dearest models, the rest as one."""
    named = [model.model for model in models if model.cost_usd][:DRAWN]
    amounts: dict[str, dict[date, float]] = {name: {} for name in named}
    others: dict[date, float] = {}
    for one in spent:
        if one.day is not None and one.cost_usd:
            line = amounts.get(one.model, others)
            line[one.day] = line.get(one.day, 0.0) + one.cost_usd
    lines = [*amounts.items(), *([("Other models", others)] if others else [])]
    return {
        "type": "bar",
        "stacked": True,
        "unit": "usd",
        "labels": [f"{day:%b} {day.day}" for day in dates],
        "titles": [f"{day:%A}, {day.isoformat()}" for day in dates],
        "unfinished": True,
        "series": [
            {"name": name or "(no model)", "data": [round(line.get(day, 0.0), 6) for day in dates], "color": index}
            for index, (name, line) in enumerate(lines)
        ],
    }


def _swatch(index: int, model: Spend) -> int | str:
    """Give the colour a model is drawn in; all beyond the dearest share one, and what cost nothing has none."""
    if not model.cost_usd:
        return "none"
    return min(index, DRAWN)


@project_page()
def prices(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the project's own prices; a member sets more."""
    if request.method == "POST" and not visit.may_write:
        raise PermissionDenied
    asked = {name: request.GET[name] for name in ("model", "provider", "host", "kind") if name in request.GET}
    form = PriceForm(request.POST if request.method == "POST" else None, initial=asked)
    if request.method == "POST" and form.is_valid():
        made = attempt(
            form,
            lambda: services.create_price(project=visit.context, actor=actor_of(request), values=form.values()),
        )
        if made is not None:
            messages.success(
                request,
                f"Calls of {made.model} that arrive from now on have this price. Earlier ones: price them again.",
            )
            return redirect("web:prices", visit.project.pk)
    context = {"form": form, "prices": selectors.list_prices(visit.project.pk)}
    return _tab(request, visit, "prices", context)


@require_POST
@project_page()
def delete_price(request: HttpRequest, visit: Visit, price_id: int) -> HttpResponse:
    """Take a price away."""
    if not visit.may_write:
        raise PermissionDenied
    try:
        price = selectors.get_price(visit.project.pk, price_id)
        services.delete_price(project=visit.context, price=price, actor=actor_of(request))
        messages.success(request, f"The price of {price.model} is gone; what was priced by it stays as it is.")
    except DomainError as error:
        messages.error(request, error.detail)
    return redirect("web:prices", visit.project.pk)


@project_page()
def repricings(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the runs; an admin starts one."""
    if request.method == "POST" and not visit.may_administer:
        raise PermissionDenied
    form = RepricingForm(request.POST if request.method == "POST" else None, zone=ZoneInfo(visit.project.timezone))
    if request.method == "POST" and form.is_valid():
        run = attempt(
            form,
            lambda: services.start_repricing(project=visit.context, actor=actor_of(request), **form.values()),
        )
        if run is not None:
            return redirect("web:repricings", visit.project.pk)
    return _tab(request, visit, "again", {"form": form, **_runs(visit)})


@project_page()
def runs(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Give the list of runs again, as far as they are now."""
    return render(request, "web/repricing_runs.html", {"project": visit.project, **_runs(visit)})


def _runs(visit: Visit) -> dict[str, object]:
    found = selectors.list_repricings(visit.project.pk, limit=20)
    unfinished = {Repricing.WAITING, Repricing.RUNNING}
    zone = ZoneInfo(visit.project.timezone)
    return {
        "runs": [
            {
                "run": run,
                "first": run.date_from.astimezone(zone).date(),
                "last": (run.date_to - timedelta(microseconds=1)).astimezone(zone).date(),
                "share": min(run.events_seen / run.events_total, 1.0) * 100 if run.events_total else 0,
                "difference": run.usd_after - run.usd_before,
                "is_open": run.status in unfinished,
            }
            for run in found
        ]
    }


def _period(request: HttpRequest) -> str:
    chosen = request.GET.get("days", DEFAULT)
    return chosen if chosen in PERIODS else DEFAULT


def _days(visit: Visit, count: int) -> tuple[list[date], datetime]:
    """List the last days of the project's calendar, today included, and when the first began."""
    zone = ZoneInfo(visit.project.timezone)
    today = now().astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in reversed(range(count))]
    return dates, datetime.combine(dates[0], datetime.min.time(), tzinfo=zone)


def _tab(request: HttpRequest, visit: Visit, tab: str, context: dict[str, object]) -> HttpResponse:
    shown = {"heading": "Model costs", "tab": tab, "tabs": TABS, **context}
    return show(request, f"web/costs_{tab}.html", shown, visit=visit, active="costs")
