"""What is left of a network address under a project's policy."""

import ipaddress
from typing import Final

from apps.ingest.controls.rules import IpPolicy

_KEPT_BITS: Final = {4: 24, 6: 48}


def hidden(address: object, policy: IpPolicy) -> str:
    """Give an address as the policy lets it be stored: whole, without its last part (IPv4 /24, IPv6 /48), or empty."""
    if not isinstance(address, str) or policy is IpPolicy.DROP:
        return ""
    if policy is IpPolicy.KEEP:
        return address
    try:
        whole = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    if isinstance(whole, ipaddress.IPv6Address) and whole.ipv4_mapped is not None:
        whole = whole.ipv4_mapped
    network = ipaddress.ip_network((whole, _KEPT_BITS[whole.version]), strict=False)
    return str(network.network_address)
