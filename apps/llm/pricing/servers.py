"""Which servers are somebody's own: nobody bills tokens there, a machine is paid by the hour."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

RUNTIMES: Final = frozenset(
    {
        "gpt4all",
        "hosted_vllm",
        "jan",
        "koboldcpp",
        "llama-cpp",
        "llama.cpp",
        "llama_cpp",
        "llamacpp",
        "lm studio",
        "lm-studio",
        "lm_studio",
        "lmstudio",
        "local",
        "localai",
        "mlx",
        "ollama",
        "ollama_chat",
        "self-hosted",
        "sglang",
        "text-generation-inference",
        "tgi",
        "vllm",
    }
)
"""Providers that are programs one runs, not companies one pays."""

_SOLD_BY_RUNTIMES: Final = frozenset({"ollama.com", "api.ollama.com"})
"""Clouds that go by the name of such a program."""

_PRIVATE_SUFFIXES: Final = (".local", ".internal", ".lan", ".home", ".localhost", ".home.arpa", ".svc")
_CLOSED: Final = re.compile(r"^(?:[\w.-]+/)?(?:gpt-(?!oss)|chatgpt|o[134](?:-|$)|claude|gemini|grok-(?![12](?:-|$)))")
"""Models whose weights nobody else has: where they answer from a private address, there is a gateway."""


def host_of(base_url: str) -> str:
    """Give the host of an address, without its port; empty when there is none."""
    try:
        return urlsplit(base_url if "//" in base_url else f"//{base_url}").hostname or ""
    except ValueError:
        return ""


def is_own(provider: str, host: str) -> bool:
    """Say whether a call went to a server of the sender's own; both names in lower case."""
    if host and is_private(host):
        return True
    return provider in RUNTIMES and host not in _SOLD_BY_RUNTIMES


def is_closed(model: str) -> bool:
    """Say whether a model can only be had from its maker; the name in lower case."""
    return _CLOSED.match(model) is not None


def is_private(host: str) -> bool:
    """Say whether a host is one that only its neighbours reach."""
    try:
        address = ip_address(host)
    except ValueError:
        # A name without a dot is one of a network of containers.
        return "." not in host or host.endswith(_PRIVATE_SUFFIXES)
    return address.is_private or address.is_loopback or address.is_link_local
