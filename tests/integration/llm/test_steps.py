"""What the writer makes of AI events, up to what a reader of the event sees."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from pytest_django import Settings

from apps.clickhouse import client, texts
from apps.common.errors import UnavailableError
from apps.ingest.batch import EventBatch
from apps.llm import ingest, selectors
from apps.llm.texts import LAST_DAY
from apps.query.selectors import find_event
from tests.factories.accounts import Cast
from tests.factories.generations import Event, stored, write

pytestmark = pytest.mark.usefixtures("stack")

MESSAGES = [{"role": "user", "content": "Where do whales sleep? " * 100}]
ANSWER = [{"role": "assistant", "content": [{"type": "text", "text": "In the sea. " * 100}]}]


def generation(**properties: Any) -> Event:  # noqa: ANN401 - any property
    given = {"$ai_provider": "openai", "$ai_model": "gpt-4o", "$ai_input_tokens": 1_000, "$ai_output_tokens": 100}
    return Event("$ai_generation", {"$ai_trace_id": "trace-1"} | given | properties)


def test_generation__of_a_listed_model__carries_its_cost_and_where_it_is_from(cast: Cast) -> None:
    # Given
    event = generation()

    # When
    write(cast.project.pk, [event, Event("chat opened")])

    # Then
    found = stored(cast.project.pk, event)
    assert {name: value for name, value in found.items() if "cost" in name} == {
        "$ai_input_cost_usd": 0.0025,
        "$ai_output_cost_usd": 0.001,
        "$ai_total_cost_usd": 0.0035,
        "$ai_cost_status": "exact",
        "$ai_cost_model_source": "package",
        "$ai_cost_version": found["$ai_cost_version"],
        "$ai_cost_model_provider": "openai",
        "$ai_model_cost_used": "gpt-4o",
    }
    assert found["$ai_cost_version"].startswith("genai-prices ")


def test_generation__of_anthropic__counts_its_cache_within_the_input_and_keeps_what_was_sent(cast: Cast) -> None:
    # Given
    usage = {"input_tokens": 1_000, "cache_read_input_tokens": 8_000}
    event = generation(**{
        "$ai_provider": "anthropic",
        "$ai_model": "claude-sonnet-4-5",
        "$ai_cache_read_input_tokens": 8_000,
        "$ai_cache_creation_input_tokens": 1_000,
        "$ai_output_tokens": 500,
        "$ai_usage": usage,
    })  # fmt: skip

    # When
    write(cast.project.pk, [event])

    # Then
    found = stored(cast.project.pk, event)
    assert (found["$ai_input_tokens"], found["$ai_total_cost_usd"]) == (10_000, 0.01665)
    assert found["$ai_cache_reporting_exclusive"] is False
    assert found["$ai_reported_usage"] == {"$ai_input_tokens": 1_000}
    assert found["$ai_usage"] == usage


@pytest.mark.parametrize(
    ("given", "total"),
    [
        ({"$ai_input_cost_usd": 0.5, "$ai_output_cost_usd": 0.25}, 0.75),
        ({"$ai_input_cost_usd": 0.5, "$ai_output_cost_usd": 0.25, "$ai_request_cost_usd": 0.1}, 0.85),
        ({"$ai_input_cost_usd": 0.5, "$ai_output_cost_usd": 0.25, "$ai_total_cost_usd": 0.7}, 0.7),
        ({"$ai_model": "nobody-lists-it", "$ai_total_cost_usd": 0.7}, 0.7),
    ],
)
def test_generation__whose_sender_knows_the_cost__keeps_it(cast: Cast, given: dict[str, Any], total: float) -> None:
    # Given
    event = generation(**given)

    # When
    write(cast.project.pk, [event])

    # Then
    found = stored(cast.project.pk, event)
    assert (found["$ai_total_cost_usd"], found["$ai_cost_status"]) == (total, "provider_reported")
    assert found["$ai_cost_model_source"] == "sender"
    assert found.get("$ai_list_total_cost_usd") == (None if "$ai_model" in given else 0.0035)


def test_generation__whose_sender_knows_only_a_total__is_priced_and_the_total_kept_beside(cast: Cast) -> None:
    # Given
    event = generation(**{"$ai_total_cost_usd": 0.7})

    # When
    write(cast.project.pk, [event])

    # Then
    found = stored(cast.project.pk, event)
    assert (found["$ai_total_cost_usd"], found["$ai_cost_status"]) == (0.0035, "exact")
    assert found["$ai_reported_cost"] == {"$ai_total_cost_usd": 0.7}


def test_generation__whose_sender_knows_half_of_a_cost__keeps_it_beside(cast: Cast) -> None:
    # Given
    event = generation(**{"$ai_model": "nobody-lists-it", "$ai_input_cost_usd": 0.7})

    # When
    write(cast.project.pk, [event])

    # Then
    found = stored(cast.project.pk, event)
    assert found["$ai_cost_status"] == "unpriced"
    assert "$ai_input_cost_usd" not in found
    assert found["$ai_reported_cost"] == {"$ai_input_cost_usd": 0.7}


def test_generation__with_prices_of_its_own__uses_them(cast: Cast) -> None:
    # Given
    event = generation(
        **{"$ai_input_token_price": 0.000001, "$ai_output_token_price": 0.00001, "$ai_request_price": 0.1}
    )

    # When
    write(cast.project.pk, [event])

    # Then
    found = stored(cast.project.pk, event)
    assert (found["$ai_total_cost_usd"], found["$ai_cost_model_source"]) == (0.102, "custom")
    assert found["$ai_request_cost_usd"] == 0.1


def test_generation__with_usage_nobody_can_have__is_unpriced_with_a_warning(cast: Cast) -> None:
    # Given
    event = generation(**{"$ai_cache_read_input_tokens": 5_000, "$ai_cache_reporting_exclusive": False})

    # When
    write(cast.project.pk, [event])

    # Then
    found = stored(cast.project.pk, event)
    assert (found["$ai_cost_status"], found["$ai_cost_reason"]) == ("unpriced", "usage_impossible")
    assert found["$ingestion_warnings"] == ["ai_usage_impossible"]
    assert "$ai_total_cost_usd" not in found
    assert found["$ai_input_tokens"] == 1_000


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        ({"$ai_model": "gpt-99"}, "unpriced", "model_unknown"),
        ({"$ai_input_tokens": 0, "$ai_output_tokens": 0}, "unpriced", "usage_missing"),
        ({"$ai_input_tokens": None, "$ai_is_error": True}, "unpriced", "call_failed"),
        ({"$ai_base_url": "http://gpu-box:8000/v1", "$ai_model": "qwen3-32b"}, "unpriced", "own_server"),
        ({"$ai_usage_source": "estimated"}, "estimated", "usage_estimated"),
        ({"$ai_base_url": "https://models.example.com/v1"}, "estimated", "provider_assumed"),
        ({"$ai_web_search_count": 2, "$ai_model": "gpt-4"}, "estimated", "web_search_unpriced"),
    ],
)
def test_generation__whose_cost_is_not_sure__says_why(
    cast: Cast, given: dict[str, Any], status: str, reason: str
) -> None:
    # Given
    event = generation(**given)

    # When
    write(cast.project.pk, [event])

    # Then
    found = stored(cast.project.pk, event)
    assert (found["$ai_cost_status"], found["$ai_cost_reason"]) == (status, reason)
    assert ("$ai_total_cost_usd" in found) is (status != "unpriced")


def test_embedding__without_output__is_priced(cast: Cast) -> None:
    # Given
    event = Event(
        "$ai_embedding", {"$ai_provider": "openai", "$ai_model": "text-embedding-3-small", "$ai_input_tokens": 1_000}
    )

    # When
    write(cast.project.pk, [event])

    # Then
    assert stored(cast.project.pk, event)["$ai_total_cost_usd"] == 0.00002


def test_generation__while_the_prices_cannot_be_read__waits(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given
    def away(_project_id: int) -> None:
        raise OperationalError("the database is away")

    event = generation()
    with monkeypatch.context() as patched:
        patched.setattr(selectors, "read_prices", away)
        with pytest.raises(UnavailableError):
            write(cast.project.pk, [event])

    # When it is back
    write(cast.project.pk, [event])

    # Then
    assert stored(cast.project.pk, event)["$ai_cost_status"] == "exact"


def test_span__of_any_kind__is_not_priced(cast: Cast) -> None:
    # Given
    event = Event("$ai_span", {"$ai_model": "gpt-4o", "$ai_input_tokens": 1_000, "$ai_output_tokens": 1})

    # When
    write(cast.project.pk, [event])

    # Then
    assert "$ai_cost_status" not in stored(cast.project.pk, event)


def test_texts__that_are_long__leave_the_event_and_are_there_when_it_is_looked_at(cast: Cast) -> None:
    # Given
    event = generation(**{"$ai_input": MESSAGES, "$ai_output_choices": ANSWER, "$ai_tools": [{"name": "search"}]})

    # When
    write(cast.project.pk, [event])

    # Then the row that is counted holds only their length
    found = stored(cast.project.pk, event)
    assert "$ai_input" not in found
    assert "$ai_output_choices" not in found
    assert found["$ai_tools"] == [{"name": "search"}]
    assert found["$ai_texts_apart"]["$ai_input"] > 2_000
    # and whoever looks at the event sees them
    shown = find_event(cast.project.context, event.uuid, event.timestamp)
    assert shown is not None
    assert (shown.properties["$ai_input"], shown.properties["$ai_output_choices"]) == (MESSAGES, ANSWER)


def test_texts__of_a_trace__are_found_by_its_id_and_by_nobody_else(cast: Cast) -> None:
    # Given
    state = {"$ai_trace_id": 42, "$ai_input_state": {"question": "why " * 300}}
    first, second = Event("$ai_span", state), Event("$ai_trace", state)
    alone = Event("$ai_span", {"$ai_output_state": "x" * 2_000})

    # When
    write(cast.project.pk, [first, second, alone])

    # Then
    assert set(texts.list_texts(cast.project.pk, ["42"])) == {first.uuid, second.uuid}
    assert texts.list_texts(cast.project.pk, [str(alone.uuid)]) == {alone.uuid: {"$ai_output_state": "x" * 2_000}}
    assert texts.list_texts(cast.eves_project.pk, ["42"]) == {}


def test_texts__written_twice__are_read_once(cast: Cast) -> None:
    # Given
    event = generation(**{"$ai_input": MESSAGES})

    # When the writer is handed the same request again
    write(cast.project.pk, [event])
    write(cast.project.pk, [event])

    # Then
    assert texts.list_texts(cast.project.pk, ["trace-1"]) == {event.uuid: {"$ai_input": MESSAGES}}


@pytest.mark.parametrize(("days", "last"), [(90, date(2026, 5, 1)), (0, LAST_DAY)])
def test_texts__expire__counted_from_when_they_came(cast: Cast, settings: Settings, days: int, last: date) -> None:
    # Given
    settings.BALEEN_AI_TEXT_DAYS = days
    old = Event("$ai_span", {"$ai_input_state": "x" * 2_000}, timestamp=datetime(2020, 1, 1, tzinfo=UTC))

    # When
    batch = write(cast.project.pk, [old], received=datetime(2026, 1, 30, 12, tzinfo=UTC))

    # Then
    ((row,),) = batch.beside.values()
    assert row["expires_on"] == last


def test_texts__of_expired_days__are_dropped_by_the_table(cast: Cast) -> None:
    # Given
    long_ago = datetime.now(tz=UTC) - timedelta(days=200)
    event = generation(**{"$ai_input": MESSAGES})
    write(cast.project.pk, [event], received=long_ago)

    # When
    client.command("OPTIMIZE TABLE ai_texts FINAL")

    # Then the event is still there, its text is not
    shown = find_event(cast.project.context, event.uuid, event.timestamp)
    assert shown is not None
    assert "$ai_input" not in shown.properties
    assert shown.properties["$ai_texts_apart"]["$ai_input"] > 2_000


def test_steps__over_properties_that_cannot_be_read__change_nothing_and_break_nothing(cast: Cast) -> None:
    # Given
    batch = EventBatch(
        project_ids=[cast.project.pk],
        uuids=[str(uuid4())],
        events=["$ai_generation"],
        distinct_ids=["ada"],
        timestamps_us=[0],
        received_us=[0],
        properties=[b'{"$ai_input_tokens": 1e999, "$ai_input": ' + b'"x' * 600 + b"}"],
        entries=["1-1"],
    )
    batch.look()

    # When
    ingest.price(batch)
    ingest.set_texts_apart(batch)

    # Then
    assert batch.changes == [{"$ai_cost_status": "unpriced", "$ai_cost_reason": "usage_missing"}]
    assert batch.beside == {}


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        ({"$ai_input": [{"role": "user", "content": "a" * 400}], "$ai_output_choices": ["b" * 40]}, (100, 10)),
        ({"$ai_input": "\u9be8" * 15, "$ai_output": "b" * 4, "$ai_stream": True}, (10, 1)),
        ({"$ai_input_chars": 4_000, "$ai_output_choices_chars": 400}, (1_000, 100)),
        ({"$ai_input": "a" * 400}, None),
        ({"$ai_input": "a" * 400, "$ai_output": "b" * 40, "$ai_is_error": True}, None),
        ({"$ai_input": "a" * 400, "$ai_output": "b" * 40, "$ai_total_tokens": 7}, None),
    ],
)
def test_generation__without_token_counts__is_estimated_from_its_texts(
    cast: Cast, given: dict[str, Any], tokens: tuple[int, int] | None
) -> None:
    # Given
    event = Event("$ai_generation", {"$ai_provider": "openai", "$ai_model": "gpt-4o"} | given)

    # When
    write(cast.project.pk, [event])

    # Then
    found = stored(cast.project.pk, event)
    if tokens is None:
        assert "$ai_usage_source" not in found
        assert (found["$ai_cost_status"], found.get("$ai_input_tokens")) == ("unpriced", None)
    else:
        assert (found["$ai_input_tokens"], found["$ai_output_tokens"]) == tokens
        assert (found["$ai_usage_source"], found["$ai_cost_status"]) == ("estimated", "estimated")
        assert found["$ai_total_cost_usd"] == pytest.approx(tokens[0] * 2.5e-6 + tokens[1] * 1e-5)
