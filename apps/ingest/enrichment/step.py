"""Put together what is known of each event's sender and page, and write down only what the sender left open.

An event costs a few comparisons here unless there is something to add; every answer that takes work is remembered by
its text. What a sender wrote always stands, with one exception: `$ip`, of which a project may want less.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import msgspec
from django.db import DatabaseError, close_old_connections
from msgspec import Raw

from apps.common.errors import UnavailableError
from apps.ingest import controls
from apps.ingest.batch import REMOVED, EventBatch
from apps.ingest.controls.names import Names
from apps.ingest.controls.rules import IpPolicy
from apps.ingest.enrichment import addresses, agents, places, urls
from apps.ingest.peek import Peek

_SERVERS: Final = frozenset(
    {
        "baleen-python",
        "posthog-dotnet",
        "posthog-edge",
        "posthog-elixir",
        "posthog-go",
        "posthog-java",
        "posthog-node",
        "posthog-php",
        "posthog-python",
        "posthog-ruby",
        "posthog-rs",
        "posthog-server",
    }
)
"""`$lib` of SDKs that run on servers: address and user agent of their requests are the server's, not a person's."""

_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])
_NULL: Final = Raw(b"null")


def enrich(batch: EventBatch) -> None:
    """Add address, place, browser, system, device, bot and URL parts to the events of a batch.

    Raises UnavailableError when the projects' rules cannot be read.
    """
    database = places.places()
    if database is not None:
        database.refresh()
    rules = {project_id: _rules(project_id, database) for project_id in set(batch.project_ids)}
    columns = zip(batch.peeks, batch.ips, batch.user_agents, batch.project_ids, strict=True)
    for row, (peek, ip, header, project_id) in enumerate(columns):
        added: dict[str, object] = {}
        is_server = peek.is_server is True or (peek.lib.__class__ is str and peek.lib in _SERVERS)
        if peek.ip or (ip and not is_server) or peek.capture_internal is not None:
            _locate(added, peek, batch.properties[row], ip, rules[project_id])
        if peek.raw_user_agent or (header and not is_server):
            _describe_client(added, peek, batch.properties[row], header)
        url = peek.current_url
        if url.__class__ is str and (peek.host is None or peek.pathname is None or urls.may_have_campaign(url)):
            _split_url(added, peek, batch.properties[row], url)
        if peek.referring_domain is None and peek.referrer.__class__ is str and (domain := urls.domain(peek.referrer)):
            added["$referring_domain"] = domain
        if added:
            if rules[project_id].unwanted:
                _withhold(added, rules[project_id].unwanted)
            batch.put_all(row, added)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a project says about what may be added to its events, and where places are looked up."""

    ip_policy: IpPolicy
    unwanted: Names
    places: places.Places | None


def _rules(project_id: int, database: places.Places | None) -> _Rules:
    try:
        found = controls.for_project(project_id)
    except DatabaseError as exc:
        close_old_connections()
        raise UnavailableError("The rules of projects cannot be read for now.") from exc
    names = (*found.denied_properties, *(rule.match for rule in found.masking))
    return _Rules(found.ip_policy, _unwanted(names), database)


@lru_cache(maxsize=1_024)
def _unwanted(names: tuple[str, ...]) -> Names:
    return Names(names)


def _withhold(added: dict[str, object], unwanted: Names) -> None:
    """Take back what the project does not want to be told, or wants masked: what we would add, nobody masks."""
    for name in [name for name, value in added.items() if value is not REMOVED and name in unwanted]:
        del added[name]


def _locate(added: dict[str, object], peek: Peek, properties: bytes, request_ip: str, rules: _Rules) -> None:
    """Note the address as the project wants it, and where it is."""
    is_hidden = peek.capture_internal is not None
    ip = addresses.LOOPBACK if is_hidden else peek.ip or request_ip
    address = addresses.read(ip) if isinstance(ip, str) else None
    if rules.places and address is not None and address.is_public and not _is_true(peek.geoip_disable):
        _fill(added, properties, rules.places.find(address.text), b'"$geoip_')
    if rules.ip_policy is IpPolicy.KEEP:
        if address is not None and (is_hidden or not peek.ip):
            added["$ip"] = address.text
    elif rules.ip_policy is IpPolicy.TRUNCATE and address is not None:
        added["$ip"] = address.truncated
    elif peek.ip is not None:
        added["$ip"] = REMOVED


def _describe_client(added: dict[str, object], peek: Peek, properties: bytes, header: str) -> None:
    """Note browser, system and device, each as a whole, and whether a bot is behind it."""
    said = peek.raw_user_agent
    agent = agents.read(said) if said.__class__ is str and said else agents.read_header(header)
    if agent.bot:
        if peek.is_bot is None:
            _fill(added, properties, agent.bot, b"bot")
        return
    if peek.browser is None and agent.browser:
        _fill(added, properties, agent.browser, b'"$browser')
    if peek.os is None and agent.os:
        _fill(added, properties, agent.os, b'"$os')
    if peek.device_type is None and agent.device_type:
        added["$device_type"] = agent.device_type


def _split_url(added: dict[str, object], peek: Peek, properties: bytes, url: str) -> None:
    page = urls.page(url)
    if page is None:
        return
    if peek.host is None:
        added["$host"] = page.host
    if peek.pathname is None:
        added["$pathname"] = page.pathname
    if page.campaign:
        _fill(added, properties, page.campaign, *page.marks)


def _fill(added: dict[str, object], properties: bytes, found: Mapping[str, object], *marks: bytes) -> None:
    """Add what the sender did not say: a property that is not there, or null. Each name found has one of the marks."""
    for mark in marks:
        if mark in properties:
            members = _MEMBERS.decode(properties)
            found = {name: value for name, value in found.items() if members.get(name, _NULL) == _NULL}
            break
    added.update(found)


def _is_true(value: object) -> bool:
    return value is True or value == "true"
