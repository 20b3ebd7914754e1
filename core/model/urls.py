"""What can be read off a URL: whether it is one, whether it is on this machine, and whether an API key may go there."""

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit


def permitted(url: str, origin: str, hosts: tuple[str, ...]) -> bool:
    """Return whether a call to a URL may carry the API key: on the origin, or by https at a host or below it."""
    if not (url.isascii() and url.isprintable()) or "\\" in url:
        return False
    if url.startswith(origin + "/"):
        return True
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = (parts.hostname or "").lower()
    named = any(host == name or host.endswith("." + name) for name in hosts)
    return named and parts.scheme == "https" and port in (None, 443) and parts.username is None


def relative(url: str, origin: str) -> str:
    """Return a URL without the origin, where it is on it: so it holds at another origin too."""
    return url[len(origin) :] if url.startswith(origin + "/") else url


_URL = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def is_url(value: Any) -> bool:
    """Return whether a value is an http(s) URL."""
    return isinstance(value, str) and _URL.fullmatch(value) is not None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def ascii_host(host: str) -> str:
    """Return the name of a host as it stands in a URL: in IDNA where it has other letters than ASCII's.

    Errors: ValueError for what is no name.
    """
    if host.isascii():
        return host
    import idna  # which few names need

    return idna.encode(host, uts46=True).decode()


def proxy_url(text: str) -> str:
    """Return the URL of a proxy, which may go without its `http://`. Errors: ValueError for what is none."""
    url = text if "://" in text else f"http://{text}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(NO_PROXY_URL)
    return url


NO_PROXY_URL = "must be a proxy like http://host:port; other kinds (SOCKS) cannot be used"
