"""From the provider, model and address of a call to the tariff it was billed by."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from apps.llm.pricing import overlay, package, servers
from apps.llm.pricing.tariffs import Tariff

if TYPE_CHECKING:
    from genai_prices.types import Provider

_REMEMBERED: Final = 20_000
_NEW_A_SECOND: Final = 200
_GUESSABLE: Final = frozenset({"", "openai", "litellm"})
"""Names that say nothing about who sold the tokens: none, and clients that speak to everybody."""


class Key(Struct, frozen=True, gc=False):
    """What a call says about where it went, in lower case."""

    provider: str
    model: str
    base_url: str
    tier: str = ""
    speed: str = ""

    @property
    def host(self) -> str:
        """The host of the address."""
        return servers.host_of(self.base_url)


class Match(Struct, frozen=True):
    """What was found: a tariff, or why there is none."""

    tariff: Tariff | None = None
    reason: str = ""
    """`model_missing`, `own_server`, `provider_unknown`, `model_unknown`, `too_many_names`."""
    is_guess: bool = False
    """The provider was told by the model's name alone."""


_known: dict[Key, Match] = {}


class _Allowance:
    """How many names may be new in a second."""

    def __init__(self, most: int) -> None:
        self._most, self._second, self._left = most, 0, most

    def admit(self) -> bool:
        """Say whether one more may be looked up now."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._left = second, self._most
        self._left -= 1
        return self._left >= 0


_news: Final = _Allowance(_NEW_A_SECOND)
_TOO_MANY: Final = Match(reason="too_many_names")


def find(key: Key) -> Match:
    """Find the list prices of a call; remembered, since an app calls few models."""
    match = _known.get(key)
    if match is None:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        match = _known[key] = _find(key)
    return match


def find_in_passing(key: Key) -> Match:
    """Do the same, but look up only so many new names a second, each of which takes up to a millisecond.

    A sender that makes up a name for every call must not hold up everybody's events.
    """
    return find(key) if key in _known or _news.admit() else _TOO_MANY


def _find(key: Key) -> Match:
    if not key.model:
        return Match(reason="model_missing")
    host, is_gateway = key.host, False
    if servers.is_own(key.provider, host):
        if not servers.is_closed(key.model):
            return Match(reason="own_server")
        is_gateway = True
    names = overlay.names()
    if host in names.unlisted_hosts:
        return Match(reason="model_unknown")
    if host and not is_gateway:
        by_host = names.hosts.get(host)
        sold_by = package.find_by_name(by_host) if by_host else package.find_by_address(key.base_url)
        if by_host or sold_by:
            return _sold(by_host or "", sold_by, key) or Match(reason="model_unknown")
    # At an address nobody lists stands a gateway, which may charge something else.
    return _by_name(key, is_gateway=bool(host))


def _by_name(key: Key, *, is_gateway: bool) -> Match:
    """Find a tariff by what the provider is called, else by what stands before the model's name, else by the name.

    Of a provider nobody knows, only models that their maker alone sells are priced: an open one costs what its host
    asks.
    """
    may_guess = key.provider in _GUESSABLE or servers.is_closed(key.model)
    for name, model in ((key.provider, key.model), *(_prefixed(key) if may_guess else ())):
        provider_id = overlay.names().providers.get(name, name)
        provider = None if provider_id in overlay.providers() else package.find_by_name(provider_id)
        found = _sold(provider_id, provider, Key(name, model, "", key.tier, key.speed))
        if found is not None:
            is_other = name != key.provider and key.provider not in _GUESSABLE
            is_guess = is_gateway or is_other or provider_id in overlay.names().regional
            return Match(found.tariff, is_guess=True) if is_guess else found
        if name not in _GUESSABLE and (provider is not None or provider_id in overlay.providers()):
            return Match(reason="model_unknown")
    maker = package.find_maker(key.model) if may_guess else None
    found = _sold(maker.id, maker, key) if maker is not None else None
    if found is not None:
        return Match(found.tariff, is_guess=True)
    return Match(reason="model_unknown" if key.provider else "provider_unknown")


def _prefixed(key: Key) -> list[tuple[str, str]]:
    """Read `provider/model`, the way gateways write it."""
    prefix, slash, model = key.model.partition("/")
    return [(prefix, model)] if slash else []


def _sold(provider_id: str, provider: "Provider | None", key: Key) -> Match | None:
    """Find a provider's prices of a model: ours first, then the package's, also under the model's other names."""
    provider_id = provider.id if provider is not None else provider_id
    ours = overlay.find(provider_id, key.model)
    if ours is not None:
        return Match(ours)
    lists = [provider] if provider is not None else []
    other = overlay.names().also_listed.get(provider_id)
    if other:
        lists += [one for one in [package.find_by_name(other)] if one is not None]
    called = overlay.names().models.get(provider_id, {}).get(key.model)
    for one in lists:
        for name in filter(None, (key.model, called)):
            model = package.find_model(one, name)
            if model is not None:
                return Match(package.tariff(one, model, _context(key)))
    return None


def _context(key: Key) -> Mapping[str, str]:
    """Say what kind of request it was, in the package's words: a batch is `processing`, whatever the API calls it."""
    context: dict[str, str] = {}
    if key.tier:
        context["service_tier"] = key.tier
        if key.tier == "batch":
            context["processing"] = "batch"
    if key.speed:
        context["speed"] = key.speed
    return context


_keys: dict[tuple[Any, ...], Key] = {}


def key_of(provider: Any, model: Any, base_url: Any, tier: Any, parameters: Any) -> Key:  # noqa: ANN401 - a sender's values
    """Make the key of a call from what its sender wrote; remembered, since an app writes few."""
    speed = None
    if type(parameters) is dict:
        tier, speed = tier or parameters.get("service_tier"), parameters.get("speed")
    said = (provider, model, base_url, tier, speed)
    try:
        key = _keys.get(said)
    except TypeError:  # a list or an object where a word should be
        return Key(*map(_word, said))
    if key is None:
        if len(_keys) >= _REMEMBERED:
            _keys.clear()
        key = _keys[said] = Key(*map(_word, said))
    return key


def _word(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
