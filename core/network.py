"""How this machine reaches others, for every account: proxies, certificates, and where results may lie."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from .environment import NO_PROXY, PROXIES, REQUESTS_CA_BUNDLE, SSL_CERT_FILE
from .model.errors import ConfigError
from .model.paths import expanded
from .model.spellings import byte_size
from .model.urls import ascii_host
from .tables import Key

LARGEST = 1 << 30
"""Bytes of a result file at most, unless the configuration says otherwise."""

IPNetwork: TypeAlias = IPv4Network | IPv6Network


@attrs.frozen(kw_only=True)
class Network:
    """How other machines are reached.

    `proxies` are by scheme (`http`, `https`, `all`) and `no_proxy` says for which hosts they do not count, as in the
    environment; `ca_file` holds certificates that are trusted beside the system's; result files may come from `hosts`
    (and below them) and from `networks` though their addresses are not public, and take `largest` bytes at most.
    """

    proxies: Mapping[str, str] = attrs.field(factory=dict, hash=False, repr=False)  # they may hold passwords
    no_proxy: str = ""
    ca_file: Path | None = None
    hosts: tuple[str, ...] = ()
    networks: tuple[IPNetwork, ...] = ()
    largest: int = LARGEST


@attrs.frozen(kw_only=True)
class Reached:
    """What answers without an API key: its HTTP `status`.

    `ahead` is by how many seconds this machine's clock is ahead of the one over there, to about a second; below 0 it is
    behind, and None says that the answer names no time.
    """

    status: int
    ahead: float | None = None


NETWORK: Mapping[str, Key] = {
    "ca_file": Key(
        str,
        says="A file of certificates that are trusted beside the system's; a relative path starts beside the file.",
        like='"corporate.pem"',
        default="the file that `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE` names",
    ),
}
DOWNLOAD: Mapping[str, Key] = {
    "hosts": Key(
        list,
        says="Hosts whose result files are fetched though their addresses are not public, and all hosts below them.",
        like='["files.internal.example"]',
        default="none",
    ),
    "networks": Key(
        list,
        says="Networks whose result files are fetched though their addresses are not public.",
        like='["198.18.0.0/15"]',
        default="none",
    ),
    "largest": Key(
        str,
        says="The largest result file that is fetched, in bytes, kB, MB, GB, TB, or KiB, MiB, GiB, TiB.",
        like='"50 MB"',
        default='`"1 GiB"`',
    ),
}
"""The keys of the tables [network] and [download]."""


def network_of(
    environ: Mapping[str, str],
    network: Mapping[str, Any] = MappingProxyType({}),
    download: Mapping[str, Any] = MappingProxyType({}),
    where: str = "config",
    beside: Path = Path(),
) -> Network:
    """Return what the environment and the tables say; a relative path stands `beside` the file. Errors: ConfigError."""
    return Network(
        proxies={scheme: url for scheme, proxy in PROXIES.items() if (url := proxy.read(environ).strip())},
        no_proxy=NO_PROXY.read(environ).strip(),
        ca_file=_ca_file(environ, network.get("ca_file"), beside),
        hosts=tuple(_host(each, f"{where}: download.hosts") for each in download.get("hosts", ())),
        networks=tuple(_network(each, f"{where}: download.networks") for each in download.get("networks", ())),
        largest=_largest(download.get("largest"), f"{where}: download.largest"),
    )


def _ca_file(environ: Mapping[str, str], named: str | None, beside: Path) -> Path | None:
    if named is not None:
        return Path(beside, expanded(named))
    text = SSL_CERT_FILE.read(environ) or REQUESTS_CA_BUNDLE.read(environ)
    return expanded(text) if text else None


def _host(value: Any, where: str) -> str:
    if not isinstance(value, str) or not (host := value.strip().strip(".").lower()) or set(host) & set("/@: "):
        raise ConfigError(f'{where}: must be names of hosts, like "files.internal.example", not {value!r}')
    try:
        return ascii_host(host)
    except ValueError:
        raise ConfigError(f"{where}: {value!r} is no name of a host") from None


def _largest(text: str | None, where: str) -> int:
    if text is None:
        return LARGEST
    if not (found := byte_size(text)):
        raise ConfigError(f'{where}: must be a size above 0, like "50 MB" or "2 GiB", not {text!r}')
    return found


def _network(value: Any, where: str) -> IPNetwork:
    try:
        if not isinstance(value, str):
            raise ValueError
        return ip_network(value)
    except ValueError:
        raise ConfigError(f'{where}: must be networks, like "198.18.0.0/15", not {value!r}') from None
