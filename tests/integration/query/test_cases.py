"""The public behaviour, case by case: small worlds with one query each and the numbers it must give, over HTTP."""

from datetime import datetime
from typing import Any

import pytest
import time_machine

from tests.factories.accounts import Cast
from tests.factories.events import Sent, at, insert
from tests.factories.mirrors import insert_groups, insert_persons
from tests.integration.query.case_book import KINDS, Case, check, load
from tests.integration.query.conftest import Ask

CASES = [pytest.param(case, id=case["id"]) for kind in KINDS for case in load(kind)]


@pytest.mark.parametrize("case", CASES)
def test_case__asked_over_http__gives_what_the_contract_says(case: Case, cast: Cast, ask: Ask) -> None:
    # Given / When
    build_world(case, cast)
    status, answer = put_question(case, ask)

    # Then
    check(case, status, answer)


def build_world(case: Case, cast: Cast) -> None:
    """Put a case's events into a fresh project with its settings."""
    cast.project.timezone = case["timezone"]
    cast.project.week_start_day = (case.get("project") or {}).get("week_start_day", 0)
    cast.project.save()
    owners = {name: person["distinct_ids"][0] for person in case["persons"] for name in person["distinct_ids"]}
    insert(
        cast.project.pk,
        [
            Sent(
                event["event"],
                event["distinct_id"],
                at(event["timestamp"]),
                event["properties"] | groups_of(event, case),
                owners.get(event["distinct_id"], ""),
            )
            for event in case["events"]
        ],
    )
    insert_persons(
        cast.project.pk,
        {person["distinct_ids"][0]: person["properties"] for person in case["persons"]},
        {person["distinct_ids"][0]: made_at(person, case) for person in case["persons"]},
    )
    insert_groups(cast.project.pk, {(group["index"], group["key"]): group["properties"] for group in case["groups"]})


def made_at(person: dict[str, Any], case: Case) -> datetime:
    """Say when a person was made: as the case tells, else with their first event."""
    if "created_at" in person:
        return at(person["created_at"])
    own = [at(event["timestamp"]) for event in case["events"] if event["distinct_id"] in person["distinct_ids"]]
    return min(own, default=at("2020-01-01"))


def groups_of(event: dict[str, Any], case: Case) -> dict[str, str]:
    """Say which groups an event happened in, as the writer does."""
    places = {group["type"]: group["index"] for group in case["groups"]}
    named = event["properties"].get("$groups", {})
    return {f"$group_{places[kind]}": key for kind, key in named.items() if kind in places}


def put_question(case: Case, ask: Ask) -> tuple[int, dict[str, Any]]:
    """Ask a case's question, at its moment when that matters."""
    if case.get("requires_now"):
        with time_machine.travel(at(case["now"]), tick=False):
            response = ask(case["query"])
    else:
        response = ask(case["query"])
    return response.status_code, response.json()
