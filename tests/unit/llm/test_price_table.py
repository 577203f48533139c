"""What known calls cost, pinned: a new version of the package or of our overlay that changes a price shows here."""

from datetime import UTC, datetime
from typing import Any

import pytest

from apps.llm.pricing.quoting import quote
from apps.llm.pricing.usage import Call

MILLION: dict[str, Any] = {"input": 1_000_000, "output": 1_000_000}
NOON = "2026-11-22T12:00"


def us(moment: str) -> int:
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1e6)


def total(provider: str, model: str, moment: str = NOON, **usage: Any) -> float | None:  # noqa: ANN401 - any value
    return quote(Call(provider=provider, model=model, **(usage or MILLION)), us(moment)).total


@pytest.mark.parametrize(
    ("provider", "model", "moment", "usage", "usd"),
    [
        ("openai", "gpt-4o", NOON, MILLION, 12.5),
        ("openai", "o1", NOON, MILLION, 75.0),
        ("openai", "o3", NOON, MILLION, 10.0),
        ("openai", "o3", "2025-05-15T12:00", MILLION, 50.0),
        ("openai", "o1", NOON, {"input": 1_000, "output": 5_000}, 0.315),
        ("openai", "o1", NOON, {"input": 1_000, "output": 5_000, "reasoning": 4_500}, 0.315),
        # Anthropic counts its cache beside the input: 10,000 in all.
        (
            "anthropic",
            "claude-sonnet-4-5",
            NOON,
            {"input": 1_000, "cache_read": 8_000, "cache_write": 1_000, "output": 500},
            0.01665,
        ),
        (
            "anthropic",
            "claude-sonnet-4-5",
            NOON,
            {"input": 6_000, "cache_write": 4_000, "cache_write_1h": 4_000, "output": 0},
            0.042,
        ),
        ("openai", "gpt-4o", NOON, {"input": 10_000, "cache_read": 8_000, "output": 500}, 0.02),
        ("gemini", "gemini-2.5-pro", NOON, {"input": 150_000, "output": 1_000}, 0.1975),
        ("gemini", "gemini-2.5-pro", NOON, {"input": 250_000, "output": 1_000}, 0.64),
        ("deepseek", "deepseek-chat", NOON, MILLION, 1.37),
        ("deepseek", "deepseek-chat", "2026-11-22T20:00", MILLION, 0.685),
        ("deepseek", "deepseek-reasoner", NOON, MILLION, 2.74),
        ("moonshotai", "kimi-k2", NOON, MILLION, 2.87),
        ("moonshotai", "kimi-k3", NOON, MILLION, 18.0),
        ("moonshotai", "moonshot-v1-8k", NOON, MILLION, 2.2),
        ("openrouter", "qwen/qwen3-235b-a22b", NOON, MILLION, 0.73),
        ("groq", "qwen/qwen3-32b", NOON, MILLION, 0.88),
        ("bedrock", "qwen.qwen3-32b-v1:0", NOON, MILLION, 0.75),
        ("openai", "gpt-5", NOON, MILLION, 11.25),
        # The package calls a batch `processing`; under the name the API gives it, it would ignore it.
        ("openai", "gpt-5", NOON, {**MILLION, "service_tier": "batch"}, 5.625),
        ("openai", "gpt-5", NOON, {**MILLION, "parameters": {"service_tier": "batch"}}, 5.625),
    ],
)
def test_price__of_a_known_call__is_what_it_was(
    provider: str, model: str, moment: str, usage: dict[str, Any], usd: float
) -> None:
    assert total(provider, model, moment, **usage) == usd


@pytest.mark.parametrize(
    ("model", "moment", "usd"),
    [
        # Before there was a peak price, at every hour.
        ("deepseek-v4-pro", "2026-05-15T02:00", 1.305),
        ("deepseek-v4-pro", "2026-05-15T12:00", 1.305),
        ("deepseek-v4-pro", "2026-08-16T15:59", 1.305),
        # From midnight in Beijing on 17 August.
        ("deepseek-v4-pro", "2026-08-16T16:00", 2.64),
        ("deepseek-v4-pro", "2026-08-17T01:00", 5.28),
        ("deepseek-v4-pro", "2026-08-17T04:00", 2.64),
        ("deepseek-v4-pro", "2026-08-17T06:00", 5.28),
        ("deepseek-v4-pro", "2026-08-17T10:00", 2.64),
        # A Saturday of the first week was billed like any day; from 23 August weekends are off-peak.
        ("deepseek-v4-pro", "2026-08-22T02:00", 5.28),
        ("deepseek-v4-pro", "2026-08-23T02:00", 2.64),
        ("deepseek-v4-pro", "2026-11-20T02:00", 5.28),
        ("deepseek-v4-pro", "2026-11-21T02:00", 2.64),
        ("deepseek-v4-pro", "2026-11-22T02:00", 2.64),
        # National Day, a Friday.
        ("deepseek-v4-pro", "2026-10-02T02:00", 2.64),
        ("deepseek-v4-pro-0813", "2026-11-20T12:00", 2.64),
        ("deepseek-v4-flash", "2026-05-15T02:00", 0.42),
        ("deepseek-v4-flash", "2026-08-20T02:00", 1.76),
        ("deepseek-v4-flash", "2026-08-20T12:00", 0.88),
        ("deepseek-v4-flash", "2026-11-20T02:00", 1.5),
        ("deepseek-v4-flash", "2026-11-21T02:00", 0.75),
        ("deepseek-flash", "2026-11-20T02:00", 1.5),
        ("deepseek-flash", "2026-11-20T12:00", 0.75),
        ("deepseek-v4.1-flash", "2026-11-21T02:00", 0.75),
    ],
)
def test_deepseek_v4__peak_hours__hold_only_when_and_where_they_exist(model: str, moment: str, usd: float) -> None:
    # When
    answer = quote(Call(provider="deepseek", model=model, **MILLION), us(moment))

    # Then
    assert (answer.total, answer.source, answer.status) == (usd, "overlay", "exact")


@pytest.mark.parametrize(
    ("model", "usage", "usd"),
    [
        ("qwen3-max", {"input": 10_000, "output": 1_000}, 0.018),
        ("qwen3-max", {"input": 40_000, "output": 1_000}, 0.108),
        ("qwen-max", MILLION, 8.0),
        ("qwen-plus", {"input": 10_000, "output": 1_000}, 0.0052),
        # All output of a call that thought costs the price of thinking.
        ("qwen-plus", {"input": 10_000, "output": 1_000, "reasoning": 600}, 0.008),
        ("qwen-flash", {"input": 10_000, "output": 1_000}, 0.0009),
        ("qwen3-coder-plus", {"input": 300_000, "output": 1_000}, 1.86),
        ("qwen3.5-plus", {"input": 10_000, "output": 1_000, "cache_read": 5_000}, 0.0046),
    ],
)
def test_alibaba__called_directly__is_priced_by_our_overlay(model: str, usage: dict[str, Any], usd: float) -> None:
    # When
    address = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
    answer = quote(Call(provider="openai", model=model, base_url=address, **usage), us(NOON))

    # Then
    assert (answer.total, answer.source, answer.provider, answer.status) == (usd, "overlay", "alibaba", "exact")


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("groq", "qwen3-32b", 0.88),
        ("groq", "gpt-oss-120b", total("groq", "openai/gpt-oss-120b")),
        ("groq", "kimi-k2", total("groq", "moonshotai/kimi-k2-instruct")),
        ("together", "DeepSeek-R1", 10.0),
        ("together", "deepseek-ai/DeepSeek-R1", 10.0),
        ("together", "DeepSeek-V3", 2.5),
        ("together", "gpt-oss-120b", total("together", "openai/gpt-oss-120b")),
        ("fireworks_ai", "kimi-k2.6", total("fireworks", "kimi-k2p6")),
        ("novita", "deepseek-v3", total("novita", "deepseek/deepseek_v3")),
        ("litellm", "groq/qwen3-32b", 0.88),
        ("", "groq/qwen3-32b", 0.88),
    ],
)
def test_open_models__called_by_another_name__are_found(provider: str, model: str, usd: float) -> None:
    # When
    answer = quote(Call(provider=provider, model=model, **MILLION), us(NOON))

    # Then
    assert usd
    assert (answer.total, answer.status) == (usd, "exact")


@pytest.mark.parametrize(
    ("provider", "model", "reason"),
    [
        ("openai", "gpt-99", "model_unknown"),
        ("groq", "gpt-4o", "model_unknown"),
        ("ollama", "llama3.3", "own_server"),
        ("", "something-of-ours", "provider_unknown"),
        ("openai", "", "model_missing"),
        ("openrouter", "deepseek/deepseek-r1:free", "price_missing"),
        # A host nobody knows asks what it likes for an open model.
        ("somebody", "DeepSeek-R1", "model_unknown"),
    ],
)
def test_price__of_what_nobody_lists__is_unknown_and_never_zero(provider: str, model: str, reason: str) -> None:
    # When
    answer = quote(Call(provider=provider, model=model, **MILLION), us(NOON))

    # Then
    assert (answer.status, answer.total, answer.reason) == ("unpriced", None, reason)


@pytest.mark.parametrize(
    ("provider", "model", "address", "usd"),
    [
        ("somebody", "gpt-4o", None, 12.5),
        ("ai_gateway", "anthropic/claude-opus-4-1", None, 90.0),
        ("openai", "deepseek-chat", None, 1.37),
        ("", "gpt-4o", None, 12.5),
        ("openai", "gpt-4o", "http://localhost:4000", 12.5),
        ("openai", "gpt-4o", "https://models.example.com/v1", 12.5),
        ("dashscope", "qwen-max", None, 8.0),
    ],
)
def test_price__whose_seller_is_only_likely__is_an_estimate(
    provider: str, model: str, address: str | None, usd: float
) -> None:
    # When
    answer = quote(Call(provider=provider, model=model, base_url=address, **MILLION), us(NOON))

    # Then
    assert (answer.total, answer.status, answer.reason) == (usd, "estimated", "provider_assumed")


@pytest.mark.parametrize(
    ("address", "model", "provider"),
    [
        ("https://api.groq.com/openai/v1", "qwen3-32b", "groq"),
        ("https://api.together.ai/v1", "gpt-oss-120b", "together"),
        ("https://acme.openai.azure.com/openai/deployments/x", "gpt-4o", "azure"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws"),
        ("https://europe-west1-aiplatform.googleapis.com/v1", "gemini-2.5-pro", "google"),
        ("https://openrouter.ai/api/v1", "qwen/qwen3-235b-a22b", "openrouter"),
    ],
)
def test_price__of_a_client_that_speaks_to_everybody__goes_by_the_address(
    address: str, model: str, provider: str
) -> None:
    # When
    answer = quote(Call(provider="openai", model=model, base_url=address, **MILLION), us(NOON))

    # Then
    assert (answer.provider, answer.status) == (provider, "exact")
