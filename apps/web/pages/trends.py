"""Trends: how a number develops."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.catalog.selectors import list_event_names, list_property_names
from apps.common.clock import now
from apps.web.pages.asking import answered, ask, readable, wants_fresh, with_chosen
from apps.web.pages.ranges import CHOICES
from apps.web.pages.shell import Visit, project_page, show
from apps.web.pages.trend_question import CHARTS, INTERVALS, MATHS, MAX_SERIES, MEASURING, Series, TrendQuestion


@project_page()
def trends(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the question; the answer is asked for by the page itself, so that a slow one never holds the form back."""
    question = TrendQuestion.read(request.GET)
    names = [seen.name for seen in list_event_names(visit.project.pk)]
    properties = list_property_names(visit.project.pk)
    context = {
        "heading": "Trends",
        "question": question,
        "blank": Series(),
        "events": with_chosen(names, *(series.event for series in question.series)),
        "properties": with_chosen(properties, question.breakdown, *(series.measured for series in question.series)),
        "ranges": CHOICES,
        "maths": MATHS.items(),
        "measuring": MEASURING,
        "intervals": INTERVALS.items(),
        "charts": CHARTS.items(),
        "max_series": MAX_SERIES,
    }
    return show(request, "web/trends.html", context, visit=visit, active="trends")


@project_page()
def result(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Answer the question: chart, table, and the SQL behind them."""
    question = TrendQuestion.read(request.GET)

    def render_answer() -> HttpResponse:
        answer = ask(visit, question.query(), fresh=wants_fresh(request))
        unfinished = question.range.reaches(now(), visit.project.timezone)
        drawing = draw(answer["results"], question.chart, question.interval, unfinished=unfinished)
        context = {
            "drawing": drawing,
            "has_data": any(any(series["data"]) for series in drawing["series"]),
            "question": question,
            "visit": visit,
            "answer": answer,
        }
        return render(request, "web/trends_result.html", context)

    return answered(request, reverse("web:trends", args=[visit.project.pk]), question, render_answer)


def draw(results: list[dict[str, Any]], chart: str, interval: str, *, unfinished: bool) -> dict[str, Any]:
    """Turn the engine's series into what the chart draws and the table lists."""
    present = [series for series in results if series.get("compare_label") != "previous"]
    days: list[str] = present[0]["days"] if present else []
    labels: list[str] = present[0]["labels"] if present else []
    ticks = [_tick(*each, interval) for each in zip(days, labels, strict=True)]
    if interval in {"day", "week"} and len({day[:4] for day in days}) > 1:
        ticks = [f"{tick}, {day[:4]}" for tick, day in zip(ticks, days, strict=True)]
    return {
        "type": chart,
        "labels": ticks,
        "columns": [day[:16] for day in days] if interval == "hour" else ticks,
        "titles": days if interval == "hour" else labels,
        "unfinished": unfinished,
        "series": [_line(series, index, len(present)) for index, series in enumerate(results)],
    }


def _line(series: dict[str, Any], index: int, present: int) -> dict[str, Any]:
    earlier = series.get("compare_label") == "previous"
    data = series["data"]
    return {
        "name": readable(series["label"]) + (" (before)" if earlier else ""),
        "data": data,
        "total": series["count"],
        "average": sum(data) / len(data) if data else 0,
        "color": index % present if present else index,
        "swatch": (index % present if present else index) % 10,
        "earlier": earlier,
    }


def _tick(day: str, label: str, interval: str) -> str:
    """Shorten a bucket's name to what fits under an axis."""
    match interval:
        case "hour":
            return datetime.fromisoformat(day).strftime("%H:%M")
        case "day":
            moment = date.fromisoformat(day)
            return f"{moment:%b} {moment.day}"
        case _:
            return label
