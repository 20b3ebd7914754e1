"""Which hosts are public, by their address or by no more than their name; nobody is asked for a host here."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_NAT64 = ip_network("64:ff9b::/96")

_GLOBAL_UNICAST = ip_network("2000::/3")
"""Where every public IPv6 address lies: what is outside of it names this machine, a link, a site or a translator."""

_SPECIAL = tuple(
    map(ip_network, ("0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4", "3fff::/20"))
)
"""What some versions of Python take for public, and is not."""

_PRIVATE_NAMES = frozenset(
    ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa")
)


def is_public(address: str) -> bool:
    """Return whether an IP address is public; an IPv4 address inside an IPv6 one counts as itself."""
    ip: Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        ip = _hidden(ip) or ip
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_UNICAST:
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _SPECIAL)


def _hidden(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to an IPv6 one end at."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def literal(host: str) -> str | None:
    """Return the IP address that a host is, in any of the forms that a resolver takes (127.1, 0x7f000001); or None."""
    try:
        return str(ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


def is_private_name(host: str) -> bool:
    """Return whether a name is one of a private network: one word, or below an ending that is nobody's."""
    name = host.lower().rstrip(".")
    return "." not in name or any(name == each or name.endswith("." + each) for each in _PRIVATE_NAMES)
