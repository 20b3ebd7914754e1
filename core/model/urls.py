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


def is_path(value: Any) -> bool:
    """Return whether a value is a path, perhaps with a query, that leads nowhere but to the origin it is put behind."""
    return isinstance(value, str) and _PATH.fullmatch(value) is not None


def origin_of(url: str) -> tuple[str, str, int | None] | None:
    """Return the scheme, the host and the port of a URL; None for what is no URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        return None


def relative(url: str, origin: str) -> str:
    """Return a URL without the origin, where it is on it: so it holds at another origin too."""
    return url[len(origin) :] if url.startswith(origin + "/") else url


_PATH = re.compile(r"/(?!/)(?:(?![#\\])[!-~])*")
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
