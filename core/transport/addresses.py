"""Guard of addresses: result files come from public addresses only."""

import errno
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

NOT_PUBLIC = "is not a public address"


_NAT64 = ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Return whether an IP address is public; an IPv4 address inside an IPv6 one counts as itself."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        hidden = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if hidden is None and ip in _NAT64:
            hidden = IPv4Address(int(ip) & 0xFFFF_FFFF)
        ip = hidden or ip
    return ip.is_global and not ip.is_multicast


def public_socket(address: tuple[Any, ...]) -> socket.socket:
    """Open a socket to a public address; aiohttp calls this with every address just before it connects."""
    family, kind, protocol, _, where = address
    if not is_public(where[0]):
        raise OSError(errno.EACCES, f"{where[0]} {NOT_PUBLIC}")
    return socket.socket(family, kind, protocol)
