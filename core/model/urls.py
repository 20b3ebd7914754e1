"""What can be read off a URL: whether it is one, where it leads, and whether an API key may go there.

Nothing here raises, whatever the text.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from .strict_json import REPLACED


def permitted(url: str, origin: str, hosts: tuple[str, ...]) -> bool:
    """Return whether a call to a URL may carry the API key: on the origin, or by https at a host or below it."""
    if not (url.isascii() and url.isprintable()) or "\\" in url:
        return False
    if url.startswith(origin + "/"):
        return True
    parts = _parts(url)
    if parts is None:
        return False
    host = (parts.hostname or "").lower()
    named = any(host == name or host.endswith("." + name) for name in hosts)
    return named and parts.scheme == "https" and parts.port in (None, 443) and parts.username is None


def hosts_of(hosts: tuple[str, ...], origin: str, base_url: str) -> tuple[str, ...]:
    """Return the hosts beside the origin that an API key may go to: none where an account has an origin of its own."""
    return hosts if origin == base_url else ()


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


def with_query(url: str, query: Mapping[str, str]) -> str:
    """Return a URL, or a path, with more names in its query; lone surrogates are escaped like other letters."""
    if not query:
        return url
    return url + ("&" if "?" in url else "?") + urlencode(query, errors="surrogatepass")


_PATH = re.compile(r"/(?!/)(?:(?![#\\])[!-~])*")
_PLAIN = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+/(?:[A-Za-z0-9._~/?=%:@,;+-]|&(?!amp;))*")
_BLANK = "".join(map(chr, range(33))) + "\x7f\x85\xa0\u200b\u2028\u2029\u3000\ufeff"
_LINE_ENDS = re.compile(r"[\t\r\n]")
_CONTROL = re.compile(rf"[\x00-\x1f\x7f-\x9f{REPLACED}]")
_RELATIVE = re.compile(r"\.{1,2}/|[\w~-]+/.*\.\w+")
_HOST = re.compile(r"[A-Za-z0-9._~-]+")
_WRITTEN = "".join(map(chr, range(33, 127)))


def absolute(link: str, origin: str) -> str | None:
    """Return the http(s) URL that a provider's link leads to, as it can be fetched; None where it leads nowhere.

    Blanks and quotes around it and line feeds within it are no part of it, other blanks and letters beyond ASCII are
    escaped, and escapes of JSON and HTML are undone. It may begin at the origin ("/a.png", "files/a.png") or with a
    host ("//host/a.png").
    """
    if _PLAIN.fullmatch(link):  # most links: nothing of them is to be read otherwise, told at a tenth of the cost
        return link
    text = _LINE_ENDS.sub("", link.strip(_BLANK)).strip("\"'`<>").replace("\\/", "/").replace("&amp;", "&")
    if _CONTROL.search(text):
        return None
    try:
        if text.startswith("/") or _RELATIVE.match(text):
            text = urljoin(origin + "/", text)
        parts = urlsplit(text)
        where = _where(parts) if parts.scheme in ("http", "https") else None
        if where is None or (text.isascii() and " " not in text):
            return None if where is None else text
        rest = (quote(part, safe=_WRITTEN) for part in (parts.path, parts.query, parts.fragment))
        return urlunsplit((parts.scheme, where, *rest))
    except ValueError:
        return None


def _where(parts: SplitResult) -> str | None:
    """Return the host of a URL in ASCII, with its user and port; None for what is no host. Errors: ValueError."""
    user, at, _ = parts.netloc.rpartition("@")
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{ip_address(host)}]"
    else:
        host = host if host.isascii() else host.encode("idna").decode()
        if not (_HOST.fullmatch(host) and user.isascii() and " " not in user and parts.port != 0):
            return None
    return f"{user}{at}{host}" + (f":{parts.port}" if parts.port else "")


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL whose port is one; None for what has none."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


_URL = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def is_url(value: Any) -> bool:
    """Return whether a value is an http(s) URL."""
    return isinstance(value, str) and _URL.fullmatch(value) is not None


@lru_cache(1024)
def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_on_the_web(url: str) -> bool:
    """Return whether a provider could fetch a URL: it leads to no name or address of this machine or its network.

    One that some programs read as another host is not on the web.
    """
    from .hosts import is_private_name, is_public, literal  # which requests without URLs do not need

    parts = _parts(url)
    try:
        host = "" if parts is None or "\\" in url else ascii_host(unquote(parts.hostname or "")).rstrip(".")
    except ValueError:
        return False
    address = literal(host)
    return not is_private_name(host) if address is None else is_public(address)


_SIGNED = (
    ("x-amz-", "x-amz-signature"),  # S3, version 4
    ("x-goog-", "x-goog-signature"),  # Google Cloud Storage, version 4
    *(
        (name, "sig")
        for name in ("sv", "ss", "srt", "sp", "st", "se", "spr", "sip", "sr", "sig", "sdd", "skoid", "sktid")
    ),
    *((name, "sig") for name in ("skt", "ske", "sks", "skv")),  # Azure
    *((name, "signature") for name in ("awsaccesskeyid", "googleaccessid", "ossaccesskeyid", "key-pair-id")),
    *((name, "signature") for name in ("expires", "policy", "signature")),  # S3 version 2, CloudFront, OSS
    *((name, "q-signature") for name in ("q-", "x-cos-")),  # Tencent
)
"""Parameters (or how they begin) that belong to the signature of a known store, and the one that holds it."""


def unsigned(value: Any) -> Any:
    """Return JSON data with each URL without the parameters with which a known store signs it for a while.

    Without them it names the same file.
    """
    if isinstance(value, dict):
        return {name: unsigned(each) for name, each in value.items()}
    if isinstance(value, list):
        return [unsigned(each) for each in value]
    return _signed(value)[0] if isinstance(value, str) and is_url(value) else value


def signatures(value: Any) -> list[str]:
    """Return the signature of each URL in JSON data that a known store has signed."""
    if isinstance(value, dict | list):
        return [each for inner in (value.values() if isinstance(value, dict) else value) for each in signatures(inner)]
    return [signed] if isinstance(value, str) and is_url(value) and (signed := _signed(value)[1]) else []


def _signed(url: str) -> tuple[str, str]:
    """Return a URL without its signature, and the signature."""
    parts = _parts(url)
    if parts is None or "sig" not in parts.query.lower():
        return url, ""
    pairs = [(pair.partition("=")[0].lower(), pair) for pair in parts.query.split("&")]
    names = {name: pair.partition("=")[2] for name, pair in pairs}
    drop = [(start, holder) for start, holder in _SIGNED if names.get(holder)]
    kept = [pair for name, pair in pairs if not any(_is_named(name, start) for start, _ in drop)]
    without = urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join(kept), parts.fragment))
    return (without, names[drop[0][1]]) if drop else (url, "")


def _is_named(name: str, start: str) -> bool:
    return name.startswith(start) if start.endswith("-") else name == start


@lru_cache(1024)
def is_local(origin: str) -> bool:
    """Return whether an origin is on this machine."""
    return is_loopback(urlsplit(origin).hostname or "")


def ascii_host(host: str) -> str:
    """Return the name of a host as it stands in a URL: in IDNA where it has other letters than ASCII's.

    Errors: ValueError for what is no name.
    """
    if not host.isascii():
        import idna  # which few names need

        host = idna.encode(host, uts46=True).decode()
    if ":" not in host and not (_HOST.fullmatch(host) and host.strip(".")):
        raise ValueError(f"{host!r} is no host")
    return host


def proxy_url(text: str) -> str:
    """Return the URL of a proxy, which may go without its `http://`. Errors: ValueError for what is none."""
    url = text if "://" in text else f"http://{text}"
    parts = urlsplit(url)
    is_word = url != text and parts.port is None  # a bare name is more likely a word for something else
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0 or is_word:
        raise ValueError(NO_PROXY_URL)
    return url


def without_user(url: str) -> str:
    """Return a URL without the user and the password before its host."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


NO_PROXY_URL = "must be a proxy like http://host:port; other kinds (SOCKS) cannot be used"
