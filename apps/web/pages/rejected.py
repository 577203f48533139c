"""The page of refused events: why, what was sent, and another try."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.accounts.contracts import Role
from apps.ingest.dead_letters import replay, selectors
from apps.ingest.dead_letters.contracts import Letter, Name, Search, State
from apps.ingest.errors import LogUnavailableError
from apps.web.pages.moments import read_moment
from apps.web.pages.shell import Visit, actor_of, project_page, show

PAGE_SIZE: Final = 50
_TEXT_LENGTH: Final = 200
_LARGEST_INDEX: Final = 2**32 - 1
_STATES: Final[dict[str, State]] = {"": "all", "open": "open", "replayed": "replayed"}
_STATE_LABELS: Final = (("", "All"), ("open", "Not tried again"), ("replayed", "Tried again"))


@dataclass(frozen=True, slots=True)
class Filters:
    """What the page's form asks for."""

    code: str
    text: str
    state: str

    @classmethod
    def read(cls, request: HttpRequest) -> "Filters":
        """Read the form from the address or the body."""
        given = request.POST if request.method == "POST" else request.GET
        code, text, state = (given.get(name, "").replace("\0", "")[:_TEXT_LENGTH] for name in ("code", "q", "state"))
        return cls(code, text.strip(), state if state in _STATES else "")

    @property
    def search(self) -> Search:
        """The same as the dead letters are asked."""
        return Search(code=self.code, text=self.text, state=_STATES[self.state])

    def address(self, **more: str) -> str:
        """Give the query of an address that shows the same."""
        fields = {"code": self.code, "q": self.text, "state": self.state, **more}
        return urlencode({name: value for name, value in fields.items() if value})


@project_page()
def rejected(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show what was refused, with the reason and what was sent."""
    filters = Filters.read(request)
    letters = selectors.search(visit.project.pk, filters.search, after=_after(request), limit=PAGE_SIZE + 1)
    counts = selectors.count_by_code(visit.project.pk, Search(text=filters.text, state=_STATES[filters.state]))
    shown = letters[:PAGE_SIZE]
    context = {
        "heading": "Rejected events",
        "letters": shown,
        "older": filters.address(**_address(shown[-1])) if len(letters) > PAGE_SIZE else "",
        "filters": filters,
        "is_filtered": bool(filters.address()),
        "counts": counts if not filters.code or filters.code in counts else {**counts, filters.code: 0},
        "states": _STATE_LABELS,
        "replayable": sum(letter.is_replayable for letter in shown),
    }
    return show(request, "web/rejected.html", context, visit=visit, active="rejected")


@require_POST
@project_page(needs=Role.MEMBER)
def try_again(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Send one letter, or all that match the filters, through the door again."""
    filters = Filters.read(request)
    has_more = False
    if "entry" in request.POST:
        letters = selectors.find(visit.project.pk, [_name(request)])
    else:
        letters, has_more = replay.matching(visit.project.pk, filters.search)
    try:
        report = replay.replay(visit.context, letters, actor_of(request))
    except LogUnavailableError as exc:
        messages.error(request, f"{exc.detail} Nothing is lost; try again in a moment.")
    else:
        _tell(request, report, has_more=has_more)
    address = filters.address()
    return redirect(f"{reverse('web:rejected', args=[visit.project.pk])}{'?' + address if address else ''}")


def _tell(request: HttpRequest, report: replay.Report, *, has_more: bool) -> None:
    if report.accepted:
        more = " More match; try again to go on." if has_more else ""
        messages.success(request, f"{_events(report.accepted)} got through and will be counted in a moment.{more}")
    if report.refused:
        _, code, reason = report.refused[0]
        messages.warning(request, f"{_events(len(report.refused))} refused again, the first as {code}: {reason}")
    if not report.accepted and not report.refused:
        messages.info(request, "There is nothing here that can be sent again.")


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count:,} events"


def _address(letter: Letter) -> dict[str, str]:
    return {"before": letter.received_at.isoformat(), "entry": letter.entry, "index": str(letter.index)}


def _after(request: HttpRequest) -> Name | None:
    """Read where a page begins; a moment alone begins just before it."""
    if "before" not in request.GET:
        return None
    moment = read_moment(request.GET["before"])
    return Name(moment, request.GET.get("entry", "")[:_TEXT_LENGTH], _index(request.GET.get("index", "0")))


def _name(request: HttpRequest) -> Name:
    moment = read_moment(request.POST.get("received_at", ""))
    return Name(moment, request.POST["entry"][:_TEXT_LENGTH], _index(request.POST.get("index", "")))


def _index(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:20]) > _LARGEST_INDEX:
        raise Http404
    return int(text)
