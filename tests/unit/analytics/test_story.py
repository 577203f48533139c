from collections import Counter
from datetime import UTC, datetime, timedelta

from analytics.demo.story import tell

END = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_story__same_seed_and_end__same_events() -> None:
    # Given two tellings of one story
    first, second = (list(tell(people=40, days=30, end=END)) for _ in range(2))
    # Then they agree, ids included
    assert first == second
    assert first != list(tell(people=40, days=30, end=END, seed=8))


def test_story__every_event__lies_inside_its_days_and_has_its_own_id() -> None:
    # When
    events = list(tell(people=200, days=30, end=END))
    # Then
    assert all(END - timedelta(days=30) <= event.timestamp <= END for event in events)
    assert len({event.uuid for event in events}) == len(events)


def test_story__of_a_product__has_a_funnel_that_narrows() -> None:
    # When
    reached = Counter[str]()
    seen: dict[str, set[str]] = {}
    for event in tell(people=400, days=60, end=END):
        seen.setdefault(event.distinct_id, set()).add(event.name)
    for names in seen.values():
        reached.update(names)
    # Then
    assert reached["$pageview"] > reached["user signed up"] > reached["chat started"] > reached["upgraded to pro"] > 0
    assert reached["answer rated"] > 0


def test_story__generations__carry_model_tokens_and_latency() -> None:
    # When
    generations = [event for event in tell(people=200, days=30, end=END) if event.name == "$ai_generation"]
    # Then
    assert {event.properties["$ai_model"] for event in generations} >= {"gpt-4o", "deepseek-chat"}
    answered = [event.properties for event in generations if not event.properties["$ai_is_error"]]
    assert all("$ai_output_tokens" in properties and "$ai_input_tokens" in properties for properties in answered)
    assert all("$ai_output_tokens" not in event.properties for event in generations if event.properties["$ai_is_error"])
