"""The page of refused events, asked in this process; `test_dashboard.py` looks at it in a browser."""

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.test import Client

from apps.common import clock
from apps.ingest import insertion, timestamps
from apps.ingest.contracts import DeadLetter, Rejection
from apps.ingest.dead_letters import selectors
from apps.ingest.dead_letters.contracts import ACCEPTED, Search
from tests.factories.accounts import Cast, make_cast

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

pytestmark = [pytest.mark.usefixtures("stack"), pytest.mark.django_db]


@pytest.fixture
def cast(project_id: int) -> Cast:
    """A project with one letter that can get through and one that cannot."""
    cast = make_cast(project_id=project_id)
    now_us = timestamps.to_us(clock.now())
    payloads = [{"event": "answer rated", "distinct_id": "ada"}, {"event": "nobody"}]
    letters = [
        DeadLetter(project_id, now_us, "5-0", "/batch/", refusal(index, payload))
        for index, payload in enumerate(payloads)
    ]
    insertion.store_dead_letters(letters, uuid4().hex)
    return cast


def refusal(index: int, payload: dict[str, str]) -> Rejection:
    return Rejection(index, "event_too_large", "No.", event=payload["event"], payload=json.dumps(payload).encode())


def page(cast: Cast, tail: str = "") -> str:
    return f"/projects/{cast.project.pk}/rejected/{tail}"


def test_rejected__filters__show_what_matches_and_stay_chosen(cast: Cast) -> None:
    # When
    found = cast.vera.browser.get(page(cast, "?code=event_too_large&q=NOBODY&state=open")).content.decode()
    nothing = cast.vera.browser.get(page(cast, "?q=nowhere")).content.decode()
    # Then
    assert "nobody" in found
    assert "answer rated" not in found
    assert 'value="event_too_large" selected' in found
    assert "Nothing matches" in nothing


def test_rejected__viewer__sees_no_button_and_may_not_press_it(cast: Cast) -> None:
    assert "Try again" not in cast.vera.browser.get(page(cast)).content.decode()
    assert "Try again" in cast.ben.browser.get(page(cast)).content.decode()
    assert post(cast, cast.vera.browser, {}).status_code == 403
    assert post(cast, cast.eve.browser, {}).status_code == 404


def test_try_again__one_and_then_all__tells_what_came_of_it(cast: Cast) -> None:
    # Given
    letters = {one.index: one for one in selectors.search(cast.project.pk, Search())}
    good, ben = letters[0], cast.ben.browser

    # When one is tried, then the rest
    one = post(
        cast, ben, {"received_at": good.received_at.isoformat(), "entry": good.entry, "index": "0", "q": "rated"}
    )
    told = ben.get(page(cast)).content.decode()
    rest = post(cast, ben, {})
    none = post(cast, ben, {"code": "no_such_code"})

    # Then the page says so and the filters are kept
    assert one["Location"] == page(cast, "?q=rated")
    assert "1 event got through" in told
    assert (rest.status_code, none.status_code) == (302, 302)
    outcomes = {letter.index: letter.outcome for letter in selectors.search(cast.project.pk, Search())}
    assert outcomes == {0: ACCEPTED, 1: "distinct_id_missing"}
    shown = cast.ben.browser.get(page(cast)).content.decode()
    assert "got through since" in shown
    assert "refused again" in shown


@pytest.mark.parametrize(
    "fields", [{"entry": "5-0"}, {"entry": "5-0", "received_at": "soon", "index": "0"},
               {"entry": "5-0", "received_at": "2026-01-01", "index": "-1"},
               {"entry": "5-0", "received_at": "2026-01-01", "index": "9" * 40}],
    ids=["nothing", "moment", "minus", "huge"],
)  # fmt: skip
def test_try_again__senseless_name__is_not_found(cast: Cast, fields: dict[str, str]) -> None:
    assert post(cast, cast.ben.browser, fields).status_code == 404


def post(cast: Cast, browser: Client, fields: dict[str, str]) -> "Answer":
    """Press the button with the page's own CSRF token."""
    browser.get("/two-factor/")
    token = browser.cookies["csrftoken"].value
    return browser.post(page(cast, "again/"), fields | {"csrfmiddlewaretoken": token})
