"""A local HTTP server that speaks the formats of OpenAI and Anthropic, so that their real clients can be traced.

It answers by rule, not by wit: the answer repeats the last thing asked. `model` steers it: a name with `silent` in it
tells no usage, `failing` answers 429, `cached` reads from a cache.
"""

from tests.providers.server import ProviderServer, run_provider

__all__ = ["ProviderServer", "run_provider"]
