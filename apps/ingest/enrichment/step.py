"""Put together what is known of each event's sender and page, and write down only what the sender left open.

An event costs a few comparisons here unless there is something to add; every answer that takes work is remembered by
its text. What a sender wrote always stands, with one exception: `$ip`, of which a project may want less.
"""

from collections.abc import Iterable
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
    rules = {project_id: _rules(project_id) for project_id in set(batch.project_ids)}
    ips, headers, projects, changes = batch.ips, batch.user_agents, batch.project_ids, batch.changes
    for row, peek in enumerate(batch.peeks):
        is_server = peek.is_server is True or (peek.lib.__class__ is str and peek.lib in _SERVERS)
        ip = peek.ip or ("" if is_server else ips[row])
        if ip or peek.capture_internal is not None:
            _locate(batch, row, ip, rules[projects[row]].ip_policy, database)
        if peek.raw_user_agent or not (is_server or not headers[row]):
            _describe_client(batch, row, headers[row])
        url = peek.current_url
        if url.__class__ is str and (peek.host is None or peek.pathname is None or urls.has_campaign(url)):
            _split_url(batch, row, url)
        if peek.referrer.__class__ is str and peek.referring_domain is None:
            _name_referrer(batch, row, peek.referrer)
        changed = changes[row]
        if changed is not None and rules[projects[row]].withholds:
            _withhold(changed, rules[projects[row]].unwanted)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a project says about what may be added to its events."""

    ip_policy: IpPolicy
    withholds: bool
    unwanted: Names


def _rules(project_id: int) -> _Rules:
    try:
        found = controls.for_project(project_id)
    except DatabaseError as exc:
        close_old_connections()
        raise UnavailableError("The rules of projects cannot be read for now.") from exc
    names = (*found.denied_properties, *(rule.match for rule in found.masking))
    return _Rules(found.ip_policy, bool(names), _unwanted(names))


@lru_cache(maxsize=1_024)
def _unwanted(names: tuple[str, ...]) -> Names:
    return Names(names)


def _withhold(changed: dict[str, object], unwanted: Names) -> None:
    """Take back what the project does not want to be told, or wants masked: what we would add, nobody masks."""
    for name in [name for name, value in changed.items() if value is not REMOVED and name in unwanted]:
        del changed[name]


def _locate(batch: EventBatch, row: int, ip: object, policy: IpPolicy, database: places.Places | None) -> None:
    """Note the address as the project wants it, and where it is."""
    peek = batch.peeks[row]
    if peek.capture_internal is not None:
        ip = addresses.LOOPBACK
    address = addresses.read(ip) if isinstance(ip, str) else None
    if database is not None and address is not None and address.is_public and not _is_true(peek.geoip_disable):
        _fill(batch, row, database.find(address.text), b'"$geoip_')
    if policy is IpPolicy.KEEP:
        if address is not None and (not peek.ip or peek.capture_internal is not None):
            batch.put(row, "$ip", address.text)
    elif policy is IpPolicy.TRUNCATE and address is not None:
        batch.put(row, "$ip", address.truncated)
    elif peek.ip is not None:
        batch.remove(row, "$ip")


def _describe_client(batch: EventBatch, row: int, header: str) -> None:
    """Note browser, system and device, each as a whole, and whether a bot is behind it."""
    peek = batch.peeks[row]
    said = peek.raw_user_agent
    agent = agents.read(said) if isinstance(said, str) and said else agents.read_header(header)
    if agent.bot:
        if peek.is_bot is None:
            _fill(batch, row, agent.bot, b"bot")
        return
    if peek.browser is None and agent.browser:
        _fill(batch, row, agent.browser, b'"$browser')
    if peek.os is None and agent.os:
        _fill(batch, row, agent.os, b'"$os')
    if peek.device_type is None and agent.device_type:
        batch.put(row, "$device_type", agent.device_type)


def _split_url(batch: EventBatch, row: int, url: str) -> None:
    page = urls.page(url)
    if page is None:
        return
    peek = batch.peeks[row]
    if peek.host is None:
        batch.put(row, "$host", page.host)
    if peek.pathname is None:
        batch.put(row, "$pathname", page.pathname)
    if page.campaign:
        _fill(batch, row, page.campaign, b'"')


def _name_referrer(batch: EventBatch, row: int, referrer: str) -> None:
    domain = urls.domain(referrer)
    if domain:
        batch.put(row, "$referring_domain", domain)


def _fill(batch: EventBatch, row: int, found: Iterable[tuple[str, object]], mark: bytes) -> None:
    """Set what the sender did not: a property that is not there, or null. The mark is in every name found."""
    if mark in batch.properties[row]:
        members = _MEMBERS.decode(batch.properties[row])
        found = [(name, value) for name, value in found if members.get(name, _NULL) == _NULL]
    for name, value in found:
        batch.put(row, name, value)


def _is_true(value: object) -> bool:
    return value is True or value == "true"
