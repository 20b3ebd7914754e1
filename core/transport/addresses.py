"""Guard of addresses: result files come from public addresses, and from those that the configuration allows."""

import errno
import socket
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, TypeAlias

import attrs

from anymedia.model.hosts import is_private_name, is_public, literal

from .faults import ALLOWED_BY, NOT_PUBLIC, Permanent

Network: TypeAlias = IPv4Network | IPv6Network


@attrs.frozen
class Guard:
    """Which addresses may be connected to: public ones, and those in `networks`."""

    networks: tuple[Network, ...] = ()

    def admits(self, address: str) -> bool:
        """Return whether an IP address may be connected to."""
        ip = ip_address(address.partition("%")[0])
        return any(ip in network for network in self.networks) or is_public(address)

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """Open a socket to an admitted address; aiohttp calls this with every address just before it connects."""
        family, kind, protocol, _, where = address
        if not self.admits(where[0]):
            raise OSError(errno.EACCES, f"{where[0]} {NOT_PUBLIC}")
        return socket.socket(family, kind, protocol)

    def check_name(self, host: str) -> None:
        """Check a host that a proxy will look up, of which no more than the name is known here. Errors: Permanent."""
        address = literal(host)
        private = is_private_name(host) if address is None else not self.admits(address)
        if private:
            raise Permanent(f"{host} {NOT_PUBLIC}; {ALLOWED_BY}")


def is_below(host: str, names: Sequence[str]) -> bool:
    """Return whether a host is one of some names, or below one."""
    host = host.lower().rstrip(".")
    return any(host == name or host.endswith("." + name) for name in names)
