"""Numbers of senders, brought to one convention."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.llm.pricing.usage import Call, Usage, read

ANTHROPIC = {"provider": "anthropic", "model": "claude-sonnet-4-5"}
OPENAI = {"provider": "openai", "model": "gpt-4o"}
GEMINI = {"provider": "gemini", "model": "gemini-2.5-pro"}


@pytest.mark.parametrize(
    ("call", "usage"),
    [
        (OPENAI | {"input": 100, "output": 20}, Usage(100, 20)),
        (OPENAI | {"input": 100, "output": 20, "cache_read": 60}, Usage(100, 20, 60)),
        (OPENAI | {"input": 100.0, "output": "20"}, Usage(100, 20)),
        # Beside the input: said so, by the provider's habit, or because it cannot be otherwise.
        (OPENAI | {"input": 100, "output": 20, "cache_read": 60, "exclusive": True}, Usage(160, 20, 60)),
        (ANTHROPIC | {"input": 100, "output": 20, "cache_read": 60, "cache_write": 5}, Usage(165, 20, 60, 5)),
        (ANTHROPIC | {"input": 165, "output": 20, "cache_read": 60, "exclusive": False}, Usage(165, 20, 60)),
        (
            {"provider": "bedrock", "model": "global.anthropic.claude-x", "input": 1, "output": 2, "cache_read": 3},
            Usage(4, 2, 3),
        ),
        (OPENAI | {"input": 10, "output": 2, "cache_read": 60}, Usage(70, 2, 60)),
        # Only the cache was used.
        (ANTHROPIC | {"input": 0, "output": 2, "cache_read": 60}, Usage(60, 2, 60)),
        # Parts of what was written.
        (
            ANTHROPIC | {"input": 1, "output": 2, "cache_write_5m": 3, "cache_write_1h": 4},
            Usage(8, 2, 0, 7, 4),
        ),
        (
            ANTHROPIC | {"input": 1, "output": 2, "cache_write": 7, "cache_write_5m": 3, "cache_write_1h": 4},
            Usage(8, 2, 0, 7, 4),
        ),
        # Reasoning within the output, beside it as the sum shows, beside it as Gemini does.
        (OPENAI | {"input": 100, "output": 20, "reasoning": 15}, Usage(100, 20, reasoning=15)),
        (
            {"provider": "x-ai", "model": "grok-4", "input": 100, "output": 20, "reasoning": 50, "total": 170},
            Usage(100, 70, reasoning=50),
        ),
        (GEMINI | {"input": 100, "output": 20, "reasoning": 15}, Usage(100, 35, reasoning=15)),
        (GEMINI | {"input": 100, "output": 20, "reasoning": 15, "total": 120}, Usage(100, 20, reasoning=15)),
        (
            GEMINI | {"input": 100, "output": 20, "reasoning": 15, "ingestion_source": "otel"},
            Usage(100, 20, reasoning=15),
        ),
    ],
)
def test_read__numbers_of_any_convention__are_inclusive(call: dict[str, Any], usage: Usage) -> None:
    assert read(Call(**call)).usage == usage


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (OPENAI, "usage_missing"),
        (OPENAI | {"input": None, "output": 5}, "usage_missing"),
        (OPENAI | {"input": 5}, "usage_missing"),
        # Wrappers write 0 when a stream told them nothing.
        (OPENAI | {"input": 0, "output": 0}, "usage_missing"),
        (OPENAI | {"input": 0, "output": 7}, "usage_missing"),
        (OPENAI | {"input": -1, "output": 7}, "usage_impossible"),
        (OPENAI | {"input": 1.5, "output": 7}, "usage_impossible"),
        (OPENAI | {"input": True, "output": 7}, "usage_impossible"),
        (OPENAI | {"input": "many", "output": 7}, "usage_impossible"),
        (OPENAI | {"input": [1], "output": 7}, "usage_impossible"),
        (OPENAI | {"input": 1 << 70, "output": 7}, "usage_impossible"),
        (OPENAI | {"input": 10, "output": 7, "cache_read": 60, "exclusive": False}, "usage_impossible"),
        (OPENAI | {"input": 10, "output": 7, "reasoning": 8}, "usage_impossible"),
        (OPENAI | {"input": 10, "output": 7, "audio": 11}, "usage_impossible"),
        (ANTHROPIC | {"input": 1, "output": 2, "cache_write": 3, "cache_write_1h": 4}, "usage_impossible"),
    ],
)
def test_read__numbers_no_call_can_have__give_no_usage(call: dict[str, Any], problem: str) -> None:
    # When
    reading = read(Call(**call))

    # Then
    assert (reading.usage, reading.problem, reading.changed) == (None, problem, {})


def test_read__numbers_that_change__are_kept_as_they_were_sent() -> None:
    # When
    reading = read(Call(**ANTHROPIC, input=100, output=20, cache_read=60, total=120))

    # Then
    assert reading.changed == {
        "$ai_input_tokens": 160,
        "$ai_cache_reporting_exclusive": False,
        "$ai_total_tokens": 180,
        "$ai_reported_usage": {
            "$ai_input_tokens": 100,
            "$ai_cache_reporting_exclusive": None,
            "$ai_total_tokens": 120,
        },
    }


def test_read__numbers_that_are_ours_already__stay_as_they_are() -> None:
    # Given: an event as it is stored, priced a second time
    stored = Call(**ANTHROPIC, input=160, output=20, cache_read=60, reported={"$ai_input_tokens": 100})

    # When
    reading = read(stored)

    # Then
    assert (reading.usage, reading.changed) == (Usage(160, 20, 60), {})


@pytest.mark.parametrize("field", ["usage_source", "tokens_source"])
def test_read__usage_that_was_estimated__says_so(field: str) -> None:
    assert read(Call(**OPENAI, input=10, output=5, **{field: "estimated"})).note == "usage_estimated"


def test_read__an_embedding__needs_no_output() -> None:
    assert read(Call(**OPENAI, input=10), is_embedding=True).usage == Usage(10, 0)


_ANY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.lists(st.none(), max_size=1)
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the numbers
@given(
    st.fixed_dictionaries(
        {
            name: _ANY | st.integers(0, 1_000)
            for name in (
                *("input", "output", "total", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h"),
                *("exclusive", "reasoning", "audio", "image", "cached_audio", "web_searches", "provider", "model"),
            )
        }
    )
)
def test_read__anything_at_all__gives_a_usage_that_adds_up_or_none(values: dict[str, Any]) -> None:
    # When
    usage = read(Call(**values)).usage

    # Then
    if usage is not None:
        assert usage.input > 0
        assert usage.cache_read + usage.cache_write <= usage.input
        assert 0 <= usage.cache_write_1h <= usage.cache_write
        assert 0 <= usage.reasoning <= usage.output
