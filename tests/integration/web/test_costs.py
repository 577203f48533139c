"""The pages of model costs."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.llm import selectors, services
from apps.llm.models import Price, Repricing
from tests.factories.accounts import Cast, Person
from tests.factories.generations import Event, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stack")]

PAGES = ["costs/", "costs/result/", "costs/prices/", "costs/again/", "costs/again/runs/"]


@pytest.fixture
def cast(project_id: int) -> Cast:
    selectors.forget_prices()
    return Cast(project_id=project_id)


def call(model: str, provider: str = "openai") -> Event:
    usage = {"$ai_input_tokens": 1_000_000, "$ai_output_tokens": 100_000}
    yesterday = datetime.now(tz=UTC) - timedelta(days=1)
    return Event("$ai_generation", {"$ai_model": model, "$ai_provider": provider, **usage}, yesterday)


def shown(person: Person, path: str) -> str:
    answer = person.browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def send(person: Person, path: str, **fields: object) -> int:
    browser = person.browser
    browser.get(path.replace("delete/", "") if path.endswith("delete/") else path)
    if "csrftoken" not in browser.cookies:
        browser.get("/two-factor/")
    return browser.post(path, {**fields, "csrfmiddlewaretoken": browser.cookies["csrftoken"].value}).status_code


@pytest.mark.parametrize("page", PAGES)
def test_page__for_a_viewer_and_for_others__is_there_and_is_not(cast: Cast, page: str) -> None:
    # When / Then
    path = f"/projects/{cast.project.pk}/{page}"
    assert cast.vera.browser.get(path).status_code == 200
    assert cast.eve.browser.get(path).status_code == 404


def test_spend__of_calls__shows_sums_and_what_is_not_in_them(cast: Cast) -> None:
    # Given
    write(cast.project.pk, [call("gpt-4o"), call("gpt-4o"), call("<b>our</b>-model", "acme"), call("")])

    # When
    page = shown(cast.ben, f"/projects/{cast.project.pk}/costs/result/?days=7")

    # Then
    assert re.search(r'data-key="total">\s*\$7<', page)
    assert re.search(r'data-key="unpriced">\s*50.0 %', page)
    assert "no list has this model of this provider" in page
    assert "<b>our</b>" not in page
    assert f"/projects/{cast.project.pk}/costs/prices/?model=%3Cb%3Eour%3C%2Fb%3E-model&amp;provider=acme" in page
    assert "Set a price" not in shown(cast.vera, f"/projects/{cast.project.pk}/costs/result/")


def test_spend__without_calls__says_so(cast: Cast) -> None:
    assert "No calls of models" in shown(cast.vera, f"/projects/{cast.project.pk}/costs/result/?days=nonsense")


def test_prices__set_and_taken_away__by_a_member_alone(cast: Cast) -> None:
    # Given
    path = f"/projects/{cast.project.pk}/costs/prices/"
    price = {
        "model": "our-model",
        "kind": "tokens",
        "input_per_mtok": "0.5",
        "output_per_mtok": "2",
        "gpu_hour_usd": "9",
    }

    # When / Then
    assert send(cast.vera, path, **price) == 403
    assert send(cast.ben, path, **price, valid_from="2026-11-01") == 302
    made = Price.objects.get()
    assert (made.input_per_mtok, made.gpu_hour_usd) == (Decimal("0.5"), None)
    page = shown(cast.vera, path)
    assert "$0.50 in, $2 out" in page
    assert "2026-11-01 to further notice" in page
    assert send(cast.vera, f"{path}{made.pk}/delete/") == 403
    assert send(cast.ben, f"{path}{made.pk}/delete/") == 302
    assert not Price.objects.exists()


def test_prices__that_cannot_be__are_refused_at_their_field(cast: Cast) -> None:
    # Given
    path = f"/projects/{cast.project.pk}/costs/prices/"
    assert send(cast.ben, path, model="our-model", kind="gpu_hour", gpu_hour_usd="2.5") == 302

    # When
    browser = cast.ben.browser
    token = browser.get(path).cookies["csrftoken"].value
    fields = {"model": "our-model", "kind": "gpu_hour", "gpu_hour_usd": "3", "csrfmiddlewaretoken": token}
    answer = browser.post(path, fields)

    # Then
    assert answer.status_code == 200
    assert "already holds" in answer.content.decode()


def test_prices__asked_for_from_the_list__fill_the_form(cast: Cast) -> None:
    # When
    page = shown(cast.ben, f"/projects/{cast.project.pk}/costs/prices/?model=qwen3&host=gpu-box&kind=gpu_hour")

    # Then
    assert 'value="qwen3"' in page
    assert 'value="gpu-box"' in page


def test_repricings__started_by_an_admin__are_listed_with_their_receipt(cast: Cast) -> None:
    # Given
    path = f"/projects/{cast.project.pk}/costs/again/"
    write(cast.project.pk, [call("our-model", "acme")])
    days = {"date_from": f"{datetime.now(tz=UTC) - timedelta(days=2):%F}", "date_to": f"{datetime.now(tz=UTC):%F}"}

    # When
    assert send(cast.ben, path, **days) == 403
    assert send(cast.grace, path, **days) == 302
    run = Repricing.objects.get()
    price = {"model": "our-model", "kind": "tokens", "input_per_mtok": "1", "output_per_mtok": "1"}
    send(cast.ben, f"/projects/{cast.project.pk}/costs/prices/", **price)
    waiting = shown(cast.vera, f"{path}runs/")
    services.run_repricing(run.pk)

    # Then
    assert "waiting" in waiting
    done = shown(cast.vera, f"{path}runs/")
    assert f"{days['date_from']} to {days['date_to']}" in done
    assert "+$1.10" in done
