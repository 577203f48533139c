"""What pages that put a question share: the address of the answer, and what is said when there is none."""

from collections.abc import Callable
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from apps.common.errors import DomainError
from apps.query import runner
from apps.query.schema import RefreshMode
from apps.web.pages.shell import Visit

NULL: Final = "$$_posthog_breakdown_null_$$"
OTHER: Final = "$$_posthog_breakdown_other_$$"


class Question(Protocol):
    """Something a page asks that its address spells out."""

    @classmethod
    def read(cls, values: QueryDict) -> Self:
        """Read the question from an address."""

    def address(self) -> str:
        """Spell the question as a query string."""


def ask(visit: Visit, query: dict[str, object], *, fresh: bool = False) -> dict[str, Any]:
    """Put a question to the engine; `fresh` does without its memory."""
    return runner.run(visit.context, query, mode=RefreshMode.FORCE_BLOCKING if fresh else RefreshMode.BLOCKING)


def wants_fresh(request: HttpRequest) -> bool:
    """Whether the person asked to have the numbers counted again."""
    return request.GET.get("fresh") == "1"


def answered(
    request: HttpRequest, page: str, question: Question, render_answer: Callable[[], HttpResponse]
) -> HttpResponse:
    """Render an answer, or the sentence of what went wrong.

    A question other than the one in the browser's address bar goes into its history, so that back and sharing work.
    """
    try:
        response = render_answer()
    except DomainError as error:
        response = render(request, "web/parts/failed.html", {"error": error}, status=error.status)
    here = QueryDict(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    if type(question).read(here).address() != question.address():
        response["HX-Push-Url"] = f"{page}?{question.address()}"
    return response


def readable(value: object) -> str:
    """Write a breakdown value as a person reads it."""
    text = " · ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text.replace(NULL, "(none)").replace(OTHER, "Other") or "(empty)"


def with_chosen(names: list[str], *chosen: str) -> list[str]:
    """List what a picker offers: what was seen, and what the address names although nobody sent it yet."""
    return [*dict.fromkeys([*names, *(name for name in chosen if name)])]
