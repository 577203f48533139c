"""Who sold a call, and which of a project's prices is about it."""

import time

import pytest

from apps.llm.pricing import finding, overlay, servers
from apps.llm.pricing.finding import Key, find_in_passing
from apps.llm.pricing.projects import OwnPrice, OwnPrices
from apps.llm.pricing.rates import Rates


@pytest.mark.parametrize(
    ("address", "host", "is_private"),
    [
        ("http://localhost:11434/v1", "localhost", True),
        ("http://127.0.0.1:8000", "127.0.0.1", True),
        ("http://[::1]:8000/v1", "::1", True),
        ("http://10.1.2.3/v1", "10.1.2.3", True),
        ("http://vllm:8000", "vllm", True),
        ("http://llm.ml.svc", "llm.ml.svc", True),
        ("http://gpu.internal", "gpu.internal", True),
        ("gpu-box:8000/v1", "gpu-box", True),
        ("https://api.openai.com/v1", "api.openai.com", False),
        ("https://8.8.8.8/v1", "8.8.8.8", False),
        ("https://user:word@models.example.com/v1", "models.example.com", False),
    ],
)
def test_host__of_an_address__is_told_private_from_public(address: str, host: str, is_private: bool) -> None:  # noqa: FBT001 - a case
    assert servers.host_of(address) == host
    assert servers.is_private(host) is is_private


@pytest.mark.parametrize("address", ["", "http://[", "//", "::::"])
def test_host__of_no_address__is_none(address: str) -> None:
    assert servers.host_of(address) == ""


@pytest.mark.parametrize(
    ("provider", "host", "is_own"),
    [("ollama", "", True), ("ollama", "ollama.com", False), ("vllm", "gpu.example.com", True), ("groq", "", False)],
)
def test_server__of_a_runtime__is_one_s_own_unless_it_is_sold(provider: str, host: str, is_own: bool) -> None:  # noqa: FBT001 - a case
    assert servers.is_own(provider, host) is is_own


@pytest.mark.parametrize(
    ("model", "is_closed"),
    [
        ("gpt-4o", True),
        ("openai/gpt-5", True),
        ("o3", True),
        ("claude-opus-4-1", True),
        ("gemini-2.5-pro", True),
        ("grok-4", True),
        ("gpt-oss-120b", False),
        ("openai/gpt-oss-20b", False),
        ("grok-1", False),
        ("gemma-3-27b", False),
        ("llama3", False),
        ("o1ama", False),
    ],
)
def test_model__whose_weights_nobody_else_has__is_closed(model: str, is_closed: bool) -> None:  # noqa: FBT001 - a case
    assert servers.is_closed(model) is is_closed


def test_own_prices__several_that_hold__the_most_exact_counts() -> None:
    # Given
    rates = Rates(input=1.0, output=1.0)
    prices = OwnPrices(
        [
            OwnPrice(1, "*", rates=rates),
            OwnPrice(2, "gpt-*", rates=rates),
            OwnPrice(3, "gpt-4*", rates=rates),
            OwnPrice(4, "gpt-4o", rates=rates, start_us=10, end_us=20),
            OwnPrice(5, "gpt-4o", "azure", rates=rates),
            OwnPrice(6, "gpt-4o", host="eu.example.com", rates=rates),
            OwnPrice(7, "*", gpu_hour_usd=1.0, rates=None),
        ]
    )

    def found(model: str, provider: str = "openai", address: str = "", moment: int = 0) -> int | None:
        price = prices.find(Key(provider, model, address), moment)
        return price.id if price is not None else None

    # When / Then
    assert found("gpt-4o", moment=15) == 4
    assert found("gpt-4o", moment=20) == 3
    assert found("gpt-5") == 2
    assert found("gpt-4o", "azure") == 5
    assert found("gpt-4o", "azure", "https://eu.example.com/v1") == 6
    assert found("llama") == 1
    assert OwnPrices().find(Key("openai", "gpt-4o", ""), 0) is None


def test_find_in_passing__of_made_up_names__looks_only_so_many_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given names nobody has seen, within one second
    monkeypatch.setattr(time, "monotonic", lambda: 1e9)
    names = [f"made-up-{number}" for number in range(finding._NEW_A_SECOND + 50)]

    # When
    reasons = [find_in_passing(Key("openai", name, "")).reason for name in names]

    # Then
    assert reasons.count("too_many_names") == 50
    assert reasons[: finding._NEW_A_SECOND] == ["model_unknown"] * finding._NEW_A_SECOND
    assert find_in_passing(Key("openai", names[0], "")).reason == "model_unknown"
    monkeypatch.setattr(time, "monotonic", lambda: 1e9 + 1)
    assert find_in_passing(Key("openai", names[-1], "")).reason == "model_unknown"


def test_overlay__every_entry__names_its_source_and_is_found_by_each_of_its_names() -> None:
    # When
    entries = overlay.entries()

    # Then
    assert len(entries) > 10
    for entry in entries:
        assert "http" in entry.source
        assert str(entry.read) >= "2026"
        for name in entry.names:
            found = overlay.find(entry.provider, name.removesuffix("*").upper())
            assert found is not None
            assert found.model == entry.id


def test_names__lead_to_providers_and_models_that_exist() -> None:
    # Given
    from apps.llm.pricing import package

    ids = {provider.id: {model.id for model in provider.models} for provider in package.snapshot().providers}
    names = overlay.names()

    # When / Then
    lists = set(names.also_listed)
    assert set(names.providers.values()) - set(ids) - overlay.providers() == set()
    assert set(names.hosts.values()) - set(ids) - overlay.providers() - lists == set()
    assert set(names.also_listed.values()) - set(ids) == set()
    for provider, models in names.models.items():
        known = ids[provider] | ids.get(names.also_listed.get(provider, ""), set())
        assert [model for model in models.values() if model not in known] == []
    texts = [*names.providers, *names.hosts, *(name for models in names.models.values() for name in models)]
    assert [text for text in texts if text != text.lower()] == []
