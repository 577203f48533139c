"""Pricing stored calls again, over REST and down to the rows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.accounts.contracts import SYSTEM
from apps.accounts.models import AuditEntry
from apps.clickhouse import client
from apps.clickhouse.errors import ClickHouseUnavailableError
from apps.clickhouse.rewriting import rewriting
from apps.clickhouse.statement import Statement
from apps.common.errors import UnavailableError
from apps.llm import selectors, services
from apps.llm.models import Repricing
from apps.llm.services import repricings
from tests.factories.accounts import Cast, post
from tests.factories.generations import Event, stored, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("stack")]

RANGE = {"date_from": "2026-11-20T00:00:00Z", "date_to": "2026-11-22T00:00:00Z"}
OPENAI = {"$ai_provider": "openai"}
ELSEWHERE = 10_000_000
"""Leads to a project no test has."""
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def path(cast: Cast, rest: str) -> str:
    return f"/api/projects/{cast.project.pk}/llm/{rest}"


def call(number: int = 0, model: str = "our-model", given: Mapping[str, Any] | None = None) -> Event:
    usual = {"$ai_provider": "acme", "$ai_model": model, "$ai_input_tokens": 1_000, "$ai_output_tokens": 1_000}
    return Event(
        "$ai_generation", usual | dict(given or {}), NOON + timedelta(hours=number), distinct_id=f"person {number % 7}"
    )


def set_price(cast: Cast, per_mtok: float, **fields: Any) -> None:  # noqa: ANN401 - any field
    body = {"model": "our-model", "input_per_mtok": per_mtok, "output_per_mtok": per_mtok} | fields
    assert post(cast.ben.client, path(cast, "prices/"), body).status_code == 201


def start(cast: Cast, **asked: Any) -> Repricing:  # noqa: ANN401 - any field
    answer = post(cast.ada.client, path(cast, "repricings/"), RANGE | asked)
    assert answer.status_code == 202, answer.content
    return Repricing.objects.get(pk=answer.json()["id"])


def rows(cast: Cast) -> int:
    statement = Statement(
        "SELECT count() FROM events FINAL WHERE project_id = %(project_id)s", {"project_id": cast.project.pk}
    )
    return int(client.run(statement).rows[0][0])


def test_repricing__after_a_price_was_set__prices_what_had_none_and_leaves_a_receipt(cast: Cast) -> None:
    # Given calls of two days without a price, one before the range, and one that has a price already
    calls = [call(number) for number in range(0, 30, 3)]
    before, listed = call(-24), call(model="gpt-4o", given=OPENAI)
    write(cast.project.pk, [*calls, before, listed])
    write(cast.project.pk + ELSEWHERE, [theirs := call()])
    set_price(cast, 2.0)

    # When
    run = start(cast)
    services.run_repricing(run.pk, page=3)

    # Then
    for one in calls:
        found = stored(cast.project.pk, one)
        assert (found["$ai_total_cost_usd"], found["$ai_cost_status"]) == (0.004, "exact")
        assert (found["$ai_previous_cost_status"], found["$ai_repricing_id"]) == ("unpriced", run.pk)
        assert "$ai_cost_reason" not in found
        assert "$ai_previous_total_cost_usd" not in found
    assert stored(cast.project.pk, before)["$ai_cost_status"] == "unpriced"
    assert "$ai_repricing_id" not in stored(cast.project.pk, listed)
    assert stored(cast.project.pk + ELSEWHERE, theirs)["$ai_cost_status"] == "unpriced"
    assert rows(cast) == 12
    shown = cast.vera.client.get(path(cast, f"repricings/{run.pk}/")).json()
    assert (shown["status"], shown["events_total"], shown["events_seen"]) == ("done", 11, 11)
    assert (shown["events_changed"], shown["usd_before"], shown["usd_difference"]) == (10, 0.0, 0.04)
    entry = AuditEntry.objects.get(action="llm_repricing.finished")
    assert entry.changes["events_changed"] == 10
    assert AuditEntry.objects.get(action="llm_repricing.started").actor_email == "ada@example.com"


def test_repricing__again_with_another_price__keeps_the_cost_before(cast: Cast) -> None:
    # Given
    write(cast.project.pk, [one := call()])
    set_price(cast, 2.0, valid_to="2026-11-20T12:00:01Z")
    services.run_repricing(start(cast).pk)
    price = selectors.list_prices(cast.project.pk)[0]
    services.update_price(project=cast.project.context, price=price, actor=SYSTEM, values={"input_per_mtok": 3})

    # When
    run = start(cast)
    services.run_repricing(run.pk)

    # Then
    found = stored(cast.project.pk, one)
    assert (found["$ai_total_cost_usd"], found["$ai_previous_total_cost_usd"]) == (0.005, 0.004)
    assert found["$ai_previous_cost_model_source"] == "project"
    run.refresh_from_db()
    assert (float(run.usd_before), float(run.usd_after)) == (0.004, 0.005)


def test_repricing__done_twice__changes_nothing_the_second_time(cast: Cast) -> None:
    # Given
    write(cast.project.pk, [call(number) for number in range(5)])
    set_price(cast, 2.0)
    first = start(cast)
    services.run_repricing(first.pk)

    # When the same job comes again, and then another run over the same range
    services.run_repricing(first.pk)
    second = start(cast)
    services.run_repricing(second.pk)

    # Then
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.events_changed, second.events_seen, second.events_changed) == (5, 5, 0)


@pytest.mark.parametrize("only_unpriced", [False, True])
def test_repricing__killed_after_a_page_was_written__goes_on_and_counts_each_once(
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    only_unpriced: bool,  # noqa: FBT001 - a case
) -> None:
    # Given a run that dies between the write of its second page and the note of it
    calls = [call(number) for number in range(10)]
    write(cast.project.pk, calls)
    set_price(cast, 2.0)
    run = start(cast, only_unpriced=only_unpriced)
    write_page, written = repricings._write, []

    def die_at_the_second(*args: Any) -> None:  # noqa: ANN401 - as it is called
        write_page(*args)
        written.append(args)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(repricings, "_write", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        services.run_repricing(run.pk, page=4)
    run.refresh_from_db()
    assert (run.status, run.events_seen) == (Repricing.RUNNING, 4)

    # When beat has it go on
    monkeypatch.setattr(repricings, "_write", write_page)
    services.run_repricing(run.pk, page=4)

    # Then
    run.refresh_from_db()
    assert (run.status, run.events_seen, run.events_changed) == (Repricing.DONE, 10, 10)
    assert float(run.usd_after) == pytest.approx(0.04)
    assert rows(cast) == 10
    assert {stored(cast.project.pk, one)["$ai_total_cost_usd"] for one in calls} == {0.004}


def test_repricing__that_needs_longer_than_a_job__is_done_by_several(cast: Cast) -> None:
    # Given
    write(cast.project.pk, [call(number) for number in range(6)])
    set_price(cast, 2.0)
    run = start(cast)

    # When the first job has no time at all
    services.run_repricing(run.pk, seconds=-1)
    run.refresh_from_db()
    assert (run.status, run.events_seen) == (Repricing.RUNNING, 0)
    services.run_repricing(run.pk)

    # Then
    run.refresh_from_db()
    assert (run.status, run.events_changed) == (Repricing.DONE, 6)


def test_repricing__while_clickhouse_is_away__waits_for_beat(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    write(cast.project.pk, [call()])
    set_price(cast, 2.0)
    run = start(cast)

    def away(*_: object, **__: object) -> None:
        raise ClickHouseUnavailableError(210, "away")

    with monkeypatch.context() as patched:
        patched.setattr(client, "insert", away)
        services.run_repricing(run.pk)
    run.refresh_from_db()
    assert run.status == Repricing.RUNNING

    # When
    services.run_repricing(run.pk)

    # Then
    run.refresh_from_db()
    assert (run.status, run.events_changed) == (Repricing.DONE, 1)


def test_repricing__of_one_model__leaves_the_others_alone(cast: Cast) -> None:
    # Given
    write(cast.project.pk, [one := call(), other := call(model="our-model-2")])
    set_price(cast, 2.0, model="our-*")

    # When
    services.run_repricing(start(cast, model="Our-Model").pk)

    # Then
    assert stored(cast.project.pk, one)["$ai_cost_status"] == "exact"
    assert stored(cast.project.pk, other)["$ai_cost_status"] == "unpriced"


def test_repricing__of_a_cost_the_sender_gave__leaves_it(cast: Cast) -> None:
    # Given
    write(cast.project.pk, [one := call(given={"$ai_input_cost_usd": 0.5, "$ai_output_cost_usd": 0.5})])
    set_price(cast, 2.0)

    # When
    run = start(cast)
    services.run_repricing(run.pk)

    # Then
    run.refresh_from_db()
    assert (run.events_seen, run.events_changed) == (1, 0)
    assert stored(cast.project.pk, one)["$ai_total_cost_usd"] == 1


def test_repricing__of_numbers_that_were_normalised__does_not_normalise_them_twice(cast: Cast) -> None:
    # Given a call of Anthropic's whose cache was counted beside its input
    usage = {"$ai_provider": "anthropic", "$ai_cache_read_input_tokens": 9_000}
    write(cast.project.pk, [one := call(model="claude-of-ours", given=usage)])
    set_price(cast, 1.0, model="claude-of-ours", cache_read_per_mtok=0.1)

    # When
    services.run_repricing(start(cast).pk)

    # Then
    found = stored(cast.project.pk, one)
    assert found["$ai_input_tokens"] == 10_000
    assert found["$ai_total_cost_usd"] == pytest.approx(0.001 + 0.0009 + 0.001)


def test_repricing__while_another_is_not_finished__is_refused(cast: Cast) -> None:
    # Given
    start(cast)

    # When
    answer = post(cast.ada.client, path(cast, "repricings/"), RANGE)

    # Then
    assert (answer.status_code, answer.json()["code"]) == (409, "repricing_running")


@pytest.mark.parametrize(
    ("asked", "attr"),
    [
        ({}, "date_from"),
        ({"date_from": "2026-01-02", "date_to": "2026-01-01"}, "date_to"),
        ({"date_from": "0001-01-01", "date_to": "2026-01-01"}, "date_from"),
        ({"date_from": "yesterday", "date_to": "2026-01-01"}, "date_from"),
        (RANGE | {"models": ["a"]}, "models"),
    ],
)
def test_repricing__of_no_range__names_the_field(cast: Cast, asked: dict[str, Any], attr: str) -> None:
    # When
    answer = post(cast.ada.client, path(cast, "repricings/"), asked)

    # Then
    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


def test_repricing__is_for_those_who_administer(cast: Cast) -> None:
    assert post(cast.ben.client, path(cast, "repricings/"), RANGE).status_code == 403
    assert cast.eve.client.get(path(cast, "repricings/")).status_code == 404
    assert cast.vera.client.get(path(cast, "repricings/")).json() == {"results": []}
    assert cast.vera.client.get(path(cast, "repricings/7/")).status_code == 404


def test_rewriting__held_by_another__is_waited_for_and_then_refused() -> None:
    with rewriting(), pytest.raises(UnavailableError), rewriting(wait=0.2):
        pass
    with rewriting(wait=0.2):
        pass


def test_unpriced_models__lists_who_has_no_price__by_name_provider_and_host(cast: Cast) -> None:
    # Given
    local = {"$ai_provider": "openai", "$ai_base_url": "http://gpu-box:8000/v1"}
    failed = {"$ai_input_tokens": None, "$ai_is_error": True}
    write(
        cast.project.pk,
        [call(0), call(3), call(5, given=local), call(6, "gpt-4o", OPENAI), call(7, given=failed)],
    )

    # When
    query = "?date_from=2026-11-20T00:00:00Z&date_to=2026-11-22T00:00:00Z"
    found = cast.vera.client.get(path(cast, f"unpriced_models/{query}")).json()["results"]

    # Then
    assert found == [
        {
            "model": "our-model",
            "provider": "acme",
            "host": "",
            "reason": "model_unknown",
            "reasons": [{"reason": "model_unknown", "calls": 2}],
            "calls": 2,
            "input_tokens": 2_000,
            "output_tokens": 2_000,
            "first_seen": "2026-11-20T12:00:00Z",
            "last_seen": "2026-11-20T15:00:00Z",
        },
        {
            "model": "our-model",
            "provider": "openai",
            "host": "gpu-box",
            "reason": "own_server",
            "reasons": [{"reason": "own_server", "calls": 1}],
            "calls": 1,
            "input_tokens": 1_000,
            "output_tokens": 1_000,
            "first_seen": "2026-11-20T17:00:00Z",
            "last_seen": "2026-11-20T17:00:00Z",
        },
    ]
    assert cast.eve.client.get(path(cast, "unpriced_models/")).status_code == 404
    assert cast.vera.client.get(path(cast, "unpriced_models/?date_from=x")).json()["attr"] == "date_from"


def test_spend__by_day_and_model__adds_up(cast: Cast) -> None:
    # Given
    write(cast.project.pk, [call(0, "gpt-4o", OPENAI), call(1, "gpt-4o", OPENAI), call(13, "gpt-4o", OPENAI), call(2)])

    # When
    query = "?date_from=2026-11-20T00:00:00Z&date_to=2026-11-22T00:00:00Z"
    found = cast.vera.client.get(path(cast, f"spend/{query}")).json()["results"]

    # Then
    assert [(row["day"], row["model"], row["calls"], row["cost_usd"], row["unpriced_calls"]) for row in found] == [
        ("2026-11-20", "gpt-4o", 2, 0.025, 0),
        ("2026-11-20", "our-model", 1, 0.0, 1),
        ("2026-11-21", "gpt-4o", 1, 0.0125, 0),
    ]


def test_unpriced_models__for_several_reasons__counts_each_apart(cast: Cast) -> None:
    # Given one model called well, without usage, with impossible usage and in vain
    nothing = {"$ai_input_tokens": None, "$ai_output_tokens": None}
    calls = [call(0), call(1), call(2, given=nothing), call(3, given={"$ai_input_tokens": 10**30})]
    write(cast.project.pk, [*calls, call(4, given=nothing | {"$ai_is_error": True})])

    # When
    query = "?date_from=2026-11-20T00:00:00Z&date_to=2026-11-22T00:00:00Z"
    (found,) = cast.vera.client.get(path(cast, f"unpriced_models/{query}")).json()["results"]

    # Then
    assert found["reasons"] == [
        {"reason": "model_unknown", "calls": 2},
        {"reason": "usage_impossible", "calls": 1},
        {"reason": "usage_missing", "calls": 1},
    ]
    assert (found["reason"], found["calls"]) == ("model_unknown", 4)
    assert (found["input_tokens"], found["output_tokens"]) == (2_000, 2_000)


@pytest.mark.parametrize("number", [10**30, 10**10, -1_000, 0.5, "many", 1e300])
@pytest.mark.parametrize("given_cost", [{}, {"$ai_input_cost_usd": 1, "$ai_output_cost_usd": 1}], ids=["ours", "sent"])
def test_spend__with_a_number_no_call_can_have__leaves_it_out(
    cast: Cast, number: object, given_cost: dict[str, object]
) -> None:
    # Given
    hostile = OPENAI | given_cost | {"$ai_input_tokens": number}
    write(cast.project.pk, [call(0, "gpt-4o", OPENAI), call(1, "gpt-4o", hostile)])

    # When
    query = "?date_from=2026-11-20T00:00:00Z&date_to=2026-11-22T00:00:00Z"
    (found,) = cast.vera.client.get(path(cast, f"spend/{query}")).json()["results"]

    # Then
    assert (found["calls"], found["input_tokens"]) == (2, 1_000)
