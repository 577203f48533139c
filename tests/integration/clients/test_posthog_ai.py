"""PostHog's wrappers of OpenAI's and Anthropic's Python clients, unmodified, against the running server."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from posthog import Posthog
from posthog.ai.anthropic import Anthropic, AsyncAnthropic
from posthog.ai.openai import AsyncOpenAI, OpenAI

from tests.live import Live, LiveProject
from tests.providers import ProviderServer

ASKED: Any = [{"role": "user", "content": "Good morning"}]
TOLD: Any = {"posthog_distinct_id": "ada", "posthog_trace_id": "trace 1", "posthog_properties": {"plan": "pro"}}


@contextmanager
def posthog_of(project: LiveProject) -> Iterator[Posthog]:
    """Open PostHog's client; leaving sends what it has."""
    failures: list[object] = []
    client = Posthog(project.token, host=project.live.url, on_error=lambda error, _: failures.append(error))
    try:
        yield client
    finally:
        client.shutdown()
    assert failures == []


def rows(project: LiveProject, count: int) -> list[dict[str, Any]]:
    """Give the properties of the stored events, oldest first."""
    project.wait_for(count)
    return sorted(project.events(), key=lambda row: row["timestamp"])


def text_of(row: dict[str, Any]) -> str:
    """Give the text of the answer."""
    content = row["properties"]["$ai_output_choices"][0]["content"]
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] == "text")


def test_openai__chat_with_and_without_streaming__is_stored(live: Live, provider: ProviderServer) -> None:
    # Given the wrapper around OpenAI's client
    project = live.new_project()
    with posthog_of(project) as posthog:
        client: Any = OpenAI(api_key="sk-test", base_url=provider.openai_url, posthog_client=posthog, max_retries=0)

        # When it answers at once, then piece by piece with usage and without
        client.chat.completions.create(model="gpt-5-cached", messages=ASKED, temperature=0.5, **TOLD)
        list(client.chat.completions.create(model="gpt-5", messages=ASKED, stream=True, **TOLD))
        list(client.chat.completions.create(model="gpt-silent", messages=ASKED, stream=True, **TOLD))
        client.close()

    # Then each is an event of that person and trace
    stored = rows(project, 3)
    assert {row["event"] for row in stored} == {"$ai_generation"}
    assert {row["distinct_id"] for row in stored} == {"ada"}
    assert [text_of(row) for row in stored] == ["You said: Good morning"] * 3
    whole, streamed, silent = (row["properties"] for row in stored)
    for properties in (whole, streamed, silent):
        assert properties["$ai_trace_id"] == "trace 1"
        assert properties["$ai_provider"] == "openai"
        assert properties["$ai_input"] == ASKED
        assert properties["$ai_base_url"].startswith(provider.url)
        assert properties["$ai_latency"] > 0
        assert properties["plan"] == "pro"
    assert (whole["$ai_input_tokens"], whole["$ai_output_tokens"]) == (21, 9)
    assert whole["$ai_cache_read_input_tokens"] == 16
    assert whole["$ai_model_parameters"]["temperature"] == 0.5
    assert (streamed["$ai_input_tokens"], streamed["$ai_output_tokens"]) == (21, 9)
    assert silent["$ai_usage_source"] == "estimated"
    assert silent["$ai_output_tokens"] > 0


def test_openai__tools_responses_embeddings_and_errors__are_stored(live: Live, provider: ProviderServer) -> None:
    # Given
    project = live.new_project()
    tools: Any = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
    with posthog_of(project) as posthog:
        client: Any = OpenAI(api_key="sk-test", base_url=provider.openai_url, posthog_client=posthog, max_retries=0)

        # When
        weather: Any = [{"role": "user", "content": "How is the weather?"}]
        client.chat.completions.create(model="gpt-5", messages=weather, tools=tools, **TOLD)
        client.responses.create(model="gpt-5", input="Good morning", **TOLD)
        list(client.responses.create(model="gpt-5", input="Good morning", stream=True, **TOLD))
        client.embeddings.create(model="text-embedding-3-small", input="one", **TOLD)
        with pytest.raises(Exception, match="Too many requests"):
            client.chat.completions.create(model="gpt-failing", messages=ASKED, **TOLD)
        client.close()

    # Then
    stored = rows(project, 5)
    assert [row["event"] for row in stored] == [*["$ai_generation"] * 3, "$ai_embedding", "$ai_generation"]
    called, response, streamed, embedded, failed = (row["properties"] for row in stored)
    assert "get_weather" in str(called["$ai_output_choices"])
    assert called["$ai_tools"] == tools
    assert text_of(stored[1]) == text_of(stored[2]) == "You said: Good morning"
    assert (response["$ai_output_tokens"], streamed["$ai_output_tokens"]) == (9, 9)
    assert embedded["$ai_input"] == "one"
    assert embedded["$ai_input_tokens"] == 4
    assert failed["$ai_is_error"] is True
    assert failed["$ai_http_status"] == 429


def test_openai__async_client__is_stored(live: Live, provider: ProviderServer) -> None:
    # Given
    project = live.new_project()

    async def ask(posthog: Posthog) -> None:
        client: Any = AsyncOpenAI(
            api_key="sk-test", base_url=provider.openai_url, posthog_client=posthog, max_retries=0
        )
        await client.chat.completions.create(model="gpt-5", messages=ASKED, **TOLD)
        stream = await client.chat.completions.create(model="gpt-5", messages=ASKED, stream=True, **TOLD)
        assert [chunk async for chunk in stream]
        await client.close()

    # When
    with posthog_of(project) as posthog:
        asyncio.run(ask(posthog))

    # Then
    stored = rows(project, 2)
    assert [text_of(row) for row in stored] == ["You said: Good morning"] * 2
    assert [row["properties"]["$ai_output_tokens"] for row in stored] == [9, 9]


def _anthropic_whole(client: Any, **told: Any) -> None:  # noqa: ANN401 - what the wrapper takes is not in its types
    client.messages.create(model="claude-opus-5-cached", max_tokens=50, messages=ASKED, **told)


def _anthropic_stream(client: Any, **told: Any) -> None:  # noqa: ANN401 - as above
    list(client.messages.create(model="claude-opus-5-cached", max_tokens=50, messages=ASKED, stream=True, **told))


@pytest.mark.parametrize("ask", [_anthropic_whole, _anthropic_stream], ids=["whole", "stream"])
def test_anthropic__message__is_stored_with_its_cache(
    live: Live, provider: ProviderServer, ask: Callable[..., None]
) -> None:
    # Given
    project = live.new_project()

    # When
    with posthog_of(project) as posthog:
        client = Anthropic(api_key="sk-test", base_url=provider.url, posthog_client=posthog, max_retries=0)
        ask(client, **TOLD)
        client.close()

    # Then
    [row] = rows(project, 1)
    properties = row["properties"]
    assert row["event"] == "$ai_generation"
    assert text_of(row) == "You said: Good morning"
    assert properties["$ai_provider"] == "anthropic"
    assert properties["$ai_model"] == "claude-opus-5-cached"
    assert properties["$ai_cache_read_input_tokens"] == 16
    assert properties["$ai_output_tokens"] == 9
    assert properties["$ai_trace_id"] == "trace 1"


def test_anthropic__async_client_without_a_person__is_stored_without_a_profile(
    live: Live, provider: ProviderServer
) -> None:
    # Given
    project = live.new_project()

    async def ask(posthog: Posthog) -> None:
        client: Any = AsyncAnthropic(api_key="sk-test", base_url=provider.url, posthog_client=posthog, max_retries=0)
        await client.messages.create(model="claude-opus-5", max_tokens=50, messages=ASKED, posthog_trace_id="trace 2")
        await client.close()

    # When nobody says for whom
    with posthog_of(project) as posthog:
        asyncio.run(ask(posthog))

    # Then the trace stands for the person
    [row] = rows(project, 1)
    assert row["distinct_id"] == "trace 2"
    assert row["properties"]["$process_person_profile"] is False


def test_privacy_mode__of_the_wrapper__keeps_the_keys_and_no_content(live: Live, provider: ProviderServer) -> None:
    # Given
    project = live.new_project()
    with posthog_of(project) as posthog:
        client: Any = OpenAI(api_key="sk-test", base_url=provider.openai_url, posthog_client=posthog)

        # When
        client.chat.completions.create(model="gpt-5", messages=ASKED, posthog_privacy_mode=True, **TOLD)
        client.close()

    # Then
    [row] = rows(project, 1)
    assert row["properties"]["$ai_output_tokens"] == 9
    assert "Good morning" not in str(row["properties"])
