"""Funnels: how many people get from a first step to a last."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.catalog.selectors import list_event_names, list_property_names
from apps.web.pages.asking import answered, ask, readable, wants_fresh, with_chosen
from apps.web.pages.funnel_question import MAX_STEPS, UNITS, FunnelQuestion
from apps.web.pages.ranges import CHOICES
from apps.web.pages.shell import Visit, project_page, show


@dataclass(frozen=True, slots=True)
class Bar:
    """One group's people at one step."""

    name: str
    color: int
    count: int
    before: int
    first: int
    median: float | None
    average: float | None

    @property
    def from_first(self) -> float:
        """Share of those who entered the funnel."""
        return self.count / self.first if self.first else 0.0

    @property
    def from_previous(self) -> float:
        """Share of those who were at the step before."""
        return self.count / self.before if self.before else 0.0

    @property
    def lost(self) -> int:
        """How many were at the step before and never came here."""
        return self.before - self.count

    @property
    def height(self) -> float:
        """Height in a drawing of 100, for a bar that grows from the floor."""
        return round(self.from_first * 100, 3)

    @property
    def top(self) -> float:
        """Where the bar begins in a drawing of 100."""
        return round(100 - self.height, 3)


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its bars, one a group."""

    number: int
    name: str
    bars: list[Bar]


@project_page()
def funnels(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the question; the answer is asked for by the page itself."""
    question = FunnelQuestion.read(request.GET)
    names = [seen.name for seen in list_event_names(visit.project.pk)]
    steps = question.steps or tuple(name for name, _ in zip_longest(names[:2], range(2), fillvalue=""))
    context = {
        "heading": "Funnels",
        "question": question,
        "steps": steps,
        "events": with_chosen(names, *question.steps),
        "properties": with_chosen(list_property_names(visit.project.pk), question.breakdown),
        "ranges": CHOICES,
        "units": UNITS.items(),
        "max_steps": MAX_STEPS,
    }
    return show(request, "web/funnels.html", context, visit=visit, active="funnels")


@project_page()
def result(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Answer the question: bars, table, and the SQL behind them."""
    question = FunnelQuestion.read(request.GET)

    def render_answer() -> HttpResponse:
        if not question.is_complete:
            return render(request, "web/funnels_result.html", {"question": question, "visit": visit})
        answer = ask(visit, question.query(), fresh=wants_fresh(request))
        context = {
            "steps": walk(answer["results"]),
            "question": question,
            "visit": visit,
            "answer": answer,
        }
        return render(request, "web/funnels_result.html", context)

    return answered(request, reverse("web:funnels", args=[visit.project.pk]), question, render_answer)


def walk(results: list[Any]) -> list[Step]:
    """Turn the engine's steps (or lists of steps, one a breakdown value) into bars step by step."""
    if not results:
        return []
    groups: list[list[dict[str, Any]]] = results if isinstance(results[0], list) else [results]
    return [
        Step(
            number=index + 1,
            name=str(groups[0][index]["custom_name"] or groups[0][index]["name"]),
            bars=[_bar(group, index, color) for color, group in enumerate(groups)],
        )
        for index in range(len(groups[0]))
    ]


def _bar(group: list[dict[str, Any]], index: int, color: int) -> Bar:
    step = group[index]
    return Bar(
        name=readable(step["breakdown_value"]) if "breakdown_value" in step else "",
        color=color % 10,
        count=step["count"],
        before=group[max(index - 1, 0)]["count"],
        first=group[0]["count"],
        median=step["median_conversion_time"],
        average=step["average_conversion_time"],
    )
