"""REST of a project's own prices, and what the writer makes of them."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from apps.accounts.models import AuditEntry
from apps.common.clock import now
from apps.llm import selectors, services
from apps.llm.models import Price, Repricing
from tests.factories.accounts import Cast, patch, post
from tests.factories.generations import Event, stored, write

pytestmark = pytest.mark.django_db

OWN = {"model": "our-model", "input_per_mtok": 1.5, "output_per_mtok": 6}


def path(cast: Cast, rest: str = "") -> str:
    return f"/api/projects/{cast.project.pk}/llm/prices/{rest}"


def test_price__set__is_shown_listed_and_audited(cast: Cast) -> None:
    # When
    made = post(cast.ben.client, path(cast), OWN | {"provider": "OpenAI", "valid_from": "2026-11-01T00:00:00Z"})

    # Then
    assert made.status_code == 201, made.content
    shown = made.json()
    assert (shown["model"], shown["provider"], shown["input_per_mtok"], shown["output_per_mtok"]) == (
        "our-model", "openai", 1.5, 6.0,
    )  # fmt: skip
    assert cast.vera.client.get(path(cast)).json() == [shown]
    assert cast.vera.client.get(path(cast, f"{shown['id']}/")).json() == shown
    entry = AuditEntry.objects.get(action="llm_price.created")
    assert entry.changes["input_per_mtok"] == [None, 1.5]
    assert entry.target_id == str(shown["id"])


def test_price__changed_and_deleted__leaves_its_history_in_the_audit_log(cast: Cast) -> None:
    # Given
    number = post(cast.ben.client, path(cast), OWN).json()["id"]

    # When
    changed = patch(cast.ben.client, path(cast, f"{number}/"), {"output_per_mtok": 7, "note": "new contract"})
    gone = cast.ben.client.delete(path(cast, f"{number}/"))

    # Then
    assert (changed.status_code, changed.json()["output_per_mtok"]) == (200, 7.0)
    assert gone.status_code == 204
    assert cast.ben.client.get(path(cast, f"{number}/")).status_code == 404
    entry = AuditEntry.objects.get(action="llm_price.updated")
    assert entry.changes == {"output_per_mtok": [6.0, 7.0], "note": ["", "new contract"]}
    assert AuditEntry.objects.filter(action="llm_price.deleted").exists()


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({}, "model", "required"),
        ({"model": " ", "input_per_mtok": 1}, "model", "blank"),
        ({"model": "a*b", "input_per_mtok": 1}, "model", "invalid_price"),
        ({"model": "a"}, "input_per_mtok", "invalid_price"),
        ({"model": "a", "input_per_mtok": -1}, "input_per_mtok", "min_value"),
        ({"model": "a", "input_per_mtok": "1"}, "input_per_mtok", "invalid"),
        ({"model": "a", "input_per_mtok": 1e9}, "input_per_mtok", "max_value"),
        ({"model": "a", "input_per_mtok": 1, "price": 1}, "price", "unknown_field"),
        ({"model": "a", "input_per_mtok": 1, "host": "https://x/v1"}, "host", "invalid_price"),
        ({"model": "a", "input_per_mtok": 1, "gpu_hour_usd": 1}, "gpu_hour_usd", "invalid_price"),
        ({"model": "a", "kind": "gpu_hour"}, "gpu_hour_usd", "invalid_price"),
        ({"model": "a", "kind": "gpu_hour", "gpu_hour_usd": 1, "concurrency": 0}, "concurrency", "invalid_price"),
        ({"model": "a", "kind": "gpu_hour", "gpu_hour_usd": 1, "per_request": 1}, "per_request", "invalid_price"),
        (
            {"model": "a", "input_per_mtok": 1, "valid_from": "2026-02-01", "valid_to": "2026-02-01"},
            "valid_to",
            "invalid_price",
        ),
    ],
)
def test_price__that_means_nothing__is_refused_by_field(cast: Cast, body: dict[str, Any], attr: str, code: str) -> None:
    # When
    answer = post(cast.ben.client, path(cast), body)

    # Then
    assert (answer.status_code, answer.json()["attr"], answer.json()["code"]) == (400, attr, code)
    assert not Price.objects.exists()


@pytest.mark.parametrize("field", ["input_per_mtok", "gpu_hour_usd", "concurrency"])
@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("1e300", "max_value"),
        ("-1e300", "min_value"),
        ("1e13", "max_value"),
        ("-1", "min_value"),
        ("1" + "0" * 400, "invalid"),
        ("true", "invalid"),
    ],
)
def test_price__of_an_amount_nobody_pays__is_refused_by_field(cast: Cast, field: str, number: str, code: str) -> None:
    # Given a price, and a body as it is written, since such numbers are no values of ours
    known = post(cast.ben.client, path(cast), OWN).json()["id"]
    body = f'{{"model": "a", "{field}": {number}}}'
    changed = f'{{"{field}": {number}}}'

    # When
    answers = [
        cast.ben.client.post(path(cast), body, content_type="application/json"),
        cast.ben.client.patch(path(cast, f"{known}/"), changed, content_type="application/json"),
    ]

    # Then
    told = [(answer.status_code, answer.json()["attr"], answer.json()["code"]) for answer in answers]
    assert told == [(400, field, code)] * 2
    assert Price.objects.count() == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "-1e400"])
def test_price__of_no_json__is_refused(cast: Cast, number: str) -> None:
    # When
    body = f'{{"model": "a", "input_per_mtok": {number}}}'
    answer = cast.ben.client.post(path(cast), body, content_type="application/json")

    # Then
    assert answer.status_code == 400
    assert not Price.objects.exists()


@pytest.mark.parametrize("number", ["1" + "0" * 400, '"3"'], ids=["long", "text"])
def test_price_check__of_endless_seconds__is_refused_by_field(cast: Cast, number: str) -> None:
    # When
    body = f'{{"model": "gpt-4o", "usage": {{"input_tokens": 1}}, "latency": {number}}}'
    url = f"/api/projects/{cast.project.pk}/llm/price_check/"
    answer = cast.ben.client.post(url, body, content_type="application/json")

    # Then
    assert (answer.status_code, answer.json()["attr"]) == (400, "latency")


@pytest.mark.parametrize(
    ("first", "second", "overlaps"),
    [
        ((None, None), (None, None), True),
        ((None, "2026-02-01"), ("2026-02-01", None), False),
        ((None, "2026-02-01"), ("2026-01-31", None), True),
        (("2026-02-01", "2026-03-01"), ("2026-02-10", "2026-02-11"), True),
        (("2026-02-01", "2026-03-01"), ("2026-01-01", "2026-02-01"), False),
        (("2026-02-01", "2026-03-01"), ("2026-01-01", None), True),
    ],
)
def test_price__for_the_same_calls__may_not_hold_at_the_same_time(
    cast: Cast,
    first: tuple[str | None, str | None],
    second: tuple[str | None, str | None],
    overlaps: bool,  # noqa: FBT001 - a case
) -> None:
    # Given
    def body(span: tuple[str | None, str | None]) -> dict[str, Any]:
        return OWN | {"valid_from": span[0], "valid_to": span[1]}

    assert post(cast.ben.client, path(cast), body(first)).status_code == 201

    # When
    answer = post(cast.ben.client, path(cast), body(second) | {"model": "OUR-Model"})

    # Then
    if overlaps:
        assert (answer.status_code, answer.json()["code"]) == (409, "price_overlaps")
        assert answer.json()["attr"] == "valid_from"
    else:
        assert answer.status_code == 201
    assert post(cast.ben.client, path(cast), body(first) | {"provider": "groq"}).status_code == 201


def test_price__of_another_project__is_out_of_reach(cast: Cast) -> None:
    # Given
    number = post(cast.ben.client, path(cast), OWN).json()["id"]

    # When / Then
    assert cast.eve.client.get(path(cast)).status_code == 404
    theirs = f"/api/projects/{cast.eves_project.pk}/llm/prices/{number}/"
    assert cast.eve.client.get(theirs).status_code == 404
    assert cast.eve.client.delete(theirs).status_code == 404
    assert post(cast.vera.client, path(cast), OWN).status_code == 403
    assert cast.ben.client.get(path(cast, "x/")).status_code == 404
    assert Price.objects.filter(pk=number).exists()


def test_price__of_a_deleted_project__is_erased_with_its_runs(cast: Cast, settings: Settings) -> None:
    # Given
    assert "apps.llm.services.purge_project" in settings.PROJECT_PURGERS
    assert post(cast.ben.client, path(cast), OWN).status_code == 201
    Price.objects.create(project=cast.eves_project, kind=Price.TOKENS, model="theirs")
    days = {"date_from": now() - timedelta(days=1), "date_to": now()}
    Repricing.objects.create(project=cast.project, **days)

    # When
    services.purge_project(cast.project.pk)

    # Then
    assert [price.model for price in Price.objects.all()] == ["theirs"]
    assert not Repricing.objects.exists()


@pytest.mark.usefixtures("stack")
def test_price__that_holds_at_the_time_of_a_call__comes_before_every_list(cast: Cast) -> None:
    # Given gpt-4o at half the price from noon on, and a general price that says less
    general = {"model": "gpt-*", "input_per_mtok": 900, "output_per_mtok": 900}
    exact = {"model": "gpt-4o", "input_per_mtok": 1.25, "output_per_mtok": 5, "valid_from": "2026-11-20T12:00:00Z"}
    ids = [post(cast.ben.client, path(cast), body).json()["id"] for body in (general, exact)]
    given = {"$ai_provider": "openai", "$ai_model": "GPT-4o", "$ai_input_tokens": 1_000_000, "$ai_output_tokens": 0}
    at_noon = Event("$ai_generation", given)
    other = Event("$ai_generation", given | {"$ai_model": "gpt-5"})
    elsewhere = Event("$ai_generation", given)

    # When
    selectors.forget_prices()
    write(cast.project.pk, [at_noon, other])
    write(cast.project.pk + 10_000_000, [elsewhere])

    # Then
    found = stored(cast.project.pk, at_noon)
    assert (found["$ai_total_cost_usd"], found["$ai_cost_status"]) == (1.25, "exact")
    assert (found["$ai_cost_model_source"], found["$ai_cost_version"]) == ("project", f"price {ids[1]}")
    assert stored(cast.project.pk, other)["$ai_total_cost_usd"] == 900
    assert stored(cast.project.pk + 10_000_000, elsewhere)["$ai_total_cost_usd"] == 2.5


@pytest.mark.usefixtures("stack")
def test_price__by_the_hour__prices_the_seconds_of_own_servers_alone(cast: Cast) -> None:
    # Given a machine at 3.60 dollars an hour that serves four calls at once
    body = {"model": "*", "kind": "gpu_hour", "gpu_hour_usd": 3.6, "concurrency": 4}
    assert post(cast.ben.client, path(cast), body).status_code == 201
    given = {"$ai_model": "qwen3-32b", "$ai_input_tokens": 100, "$ai_output_tokens": 100}
    local = {"$ai_provider": "openai", "$ai_base_url": "http://10.0.0.7:8000/v1", "$ai_latency": 8}
    timed = Event("$ai_generation", given | local | {"$ai_time_to_first_token": 2})
    plain = Event("$ai_generation", given | {"$ai_provider": "ollama", "$ai_latency": 4})
    untimed = Event("$ai_generation", given | {"$ai_provider": "vllm"})
    rented = Event("$ai_generation", given | {"$ai_provider": "groq", "$ai_latency": 8})

    # When
    selectors.forget_prices()
    write(cast.project.pk, [timed, plain, untimed, rented])

    # Then
    found = stored(cast.project.pk, timed)
    assert (found["$ai_total_cost_usd"], found["$ai_cost_status"]) == (0.002, "estimated")
    assert (found["$ai_input_cost_usd"], found["$ai_output_cost_usd"]) == (0.0005, 0.0015)
    assert found["$ai_cost_reason"] == "machine_time"
    assert stored(cast.project.pk, plain)["$ai_total_cost_usd"] == 0.001
    assert "$ai_input_cost_usd" not in stored(cast.project.pk, plain)
    assert stored(cast.project.pk, untimed)["$ai_cost_reason"] == "latency_missing"
    assert stored(cast.project.pk, rented)["$ai_cost_model_source"] == "package"


def test_price_check__of_a_call__says_what_it_costs_and_why(cast: Cast) -> None:
    # Given
    number = post(cast.ben.client, path(cast), OWN).json()["id"]

    def check(**asked: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        body = {"usage": {"input_tokens": 1_000_000, "output_tokens": 1_000_000}} | asked
        answer = post(cast.vera.client, f"/api/projects/{cast.project.pk}/llm/price_check/", body)
        assert answer.status_code == 200, answer.content
        result: dict[str, Any] = answer.json()
        return result

    # When / Then
    own = check(model="our-model")
    assert (own["total_cost_usd"], own["source"], own["version"]) == (7.5, "project", f"price {number}")
    assert own["rates"]["output"] == 6.0
    past = check(model="o3", provider="openai", time="2025-05-15T12:00:00Z")
    assert (past["total_cost_usd"], past["source"], past["model"]) == (50.0, "package", "o3")
    cached = check(
        model="claude-sonnet-4-5",
        provider="anthropic",
        usage={"input_tokens": 1_000, "output_tokens": 500, "cache_read_input_tokens": 8_000,
               "cache_creation_input_tokens": 1_000},
    )  # fmt: skip
    assert (cached["total_cost_usd"], cached["usage"]["input"]) == (0.01665, 10_000)
    unknown = check(model="gpt-99", provider="openai")
    assert (unknown["status"], unknown["total_cost_usd"], unknown["reason"]) == ("unpriced", None, "model_unknown")
    odd = check(model="gpt-4o", provider="openai", usage={"input_tokens": "many", "output_tokens": {}})
    assert (odd["status"], odd["reason"], odd["usage"]) == ("unpriced", "usage_impossible", None)


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"usage": {}}, "model"),
        ({"model": "a"}, "usage"),
        ({"model": "a", "usage": {"tokens": 1}}, "usage.tokens"),
        ({"model": "a", "usage": {}, "latency": "x"}, "latency"),
        ({"model": "a", "usage": {}, "time": 5}, "time"),
    ],
)
def test_price_check__of_no_call__names_the_field(cast: Cast, body: dict[str, Any], attr: str) -> None:
    # When
    answer = post(cast.vera.client, f"/api/projects/{cast.project.pk}/llm/price_check/", body)

    # Then
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)
