"""Paths: where people go from one thing to the next."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.web.pages import ranges
from apps.web.pages.asking import answered, ask, wants_fresh
from apps.web.pages.path_question import CHOICES, STEPS, PathQuestion
from apps.web.pages.shell import Visit, project_page, show
from apps.web.templatetags.baleen import duration

_COLORS = 10


@project_page()
def paths(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the question; the answer is asked for by the page itself."""
    context = {
        "heading": "Paths",
        "question": PathQuestion.read(request.GET),
        "kinds": CHOICES,
        "steps": STEPS,
        "ranges": ranges.CHOICES,
    }
    return show(request, "web/paths.html", context, visit=visit, active="paths")


@project_page()
def result(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Answer the question: the flow, its edges as a table, and the SQL behind them."""
    question = PathQuestion.read(request.GET)

    def render_answer() -> HttpResponse:
        answer = ask(visit, question.query(), fresh=wants_fresh(request))
        drawing = draw(answer["results"])
        context = {"drawing": drawing, "question": question, "visit": visit, "answer": answer}
        return render(request, "web/paths_result.html", context)

    return answered(request, reverse("web:paths", args=[visit.project.pk]), question, render_answer)


def draw(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Turn the engine's edges into the nodes and links a flow draws; an item has one color at every step."""
    nodes: dict[str, dict[str, Any]] = {}
    colors: dict[str, int] = {}
    links = []
    for edge in results:
        ends = []
        for name in (edge["source"], edge["target"]):
            step, item = _read(name)
            color = colors.setdefault(item, len(colors))
            nodes.setdefault(name, {"name": name, "label": item, "depth": step - 1, "color": color % _COLORS})
            ends.append(nodes[name])
        seconds = edge["average_conversion_time"] / 1000
        links.append(
            {
                "source": edge["source"],
                "target": edge["target"],
                "value": edge["value"],
                "step": ends[0]["depth"] + 1,
                "from": ends[0]["label"],
                "to": ends[1]["label"],
                "color": ends[0]["color"],
                "seconds": seconds,
                "took": duration(seconds),
            }
        )
    return {"type": "flow", "nodes": [*nodes.values()], "links": links}


def _read(name: str) -> tuple[int, str]:
    step, _, item = name.partition("_")
    return int(step), item
