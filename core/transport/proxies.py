"""Which proxy a URL is asked through."""

from ipaddress import ip_address, ip_network

from anymedia.model.urls import NO_PROXY_URL, is_loopback, proxy_url
from anymedia.network import Network

from .faults import Permanent


def proxy_for(scheme: str, host: str, port: int | None, network: Network, own: str | None) -> str | None:
    """Return the proxy for a host: an account's `own` ("": none), else the one that the environment names.

    This machine is reached directly, whatever the environment says. Errors: Permanent for a proxy that is none.
    """
    if own is not None:
        return own or None
    if is_loopback(host) or _is_excepted(host, port, network.no_proxy):
        return None
    for name in (scheme, "all"):
        if found := network.proxies.get(name):
            try:
                return proxy_url(found)
            except ValueError:  # what it may hold of a user and password is not shown
                raise Permanent(f"{name.upper()}_PROXY {NO_PROXY_URL}") from None
    return None


def _is_excepted(host: str, port: int | None, exceptions: str) -> bool:
    """Return whether NO_PROXY names a host: it, a name above it, its network, or `*`."""
    return any(_names(entry, host.lower(), port) for entry in exceptions.replace(",", " ").lower().split())


def _names(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        pass
    name, _, at = entry.rpartition(":") if entry.count(":") == 1 else (entry, "", "")
    name = name.removeprefix("*").removeprefix(".")
    return (not at or at == str(port)) and (host == name or host.endswith("." + name))
