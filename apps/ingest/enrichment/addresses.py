"""What may be kept of the address an event came from, and whether it can be looked up on a map."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

REMEMBERED: Final = 50_000
LOOPBACK: Final = "127.0.0.1"

_KEPT_BITS: Final = {4: 24, 6: 48}
"""What "truncate" leaves: the network a provider hands to a few hundred customers, in both versions."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address: in full, shortened to its network, and whether it is of the public internet."""

    text: str
    truncated: str
    is_public: bool


@lru_cache(maxsize=REMEMBERED)
def read(text: str) -> Address | None:
    """Read an address as a sender or a socket wrote it; None when it is none."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    network = ip_network(f"{address}/{_KEPT_BITS[address.version]}", strict=False)
    return Address(str(address), str(network.network_address), address.is_global and not address.is_multicast)
