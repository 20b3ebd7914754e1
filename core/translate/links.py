"""The links of an answer, in whatever form they stand: the one place where they are read.

A link may be a text, an object that has a `url`, a list of them, or the JSON text of one of these.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import unquote_to_bytes

import attrs

from anymedia.declare.adapter import Adapter
from anymedia.declare.endpoint import Endpoint
from anymedia.declare.path import Content, Place, place
from anymedia.model.inline import Inline
from anymedia.model.strict_json import REPLACED, Json, lenient
from anymedia.model.urls import absolute, hosts_of, permitted, relative

_DEEPEST = 7  # levels of lists, objects and JSON in texts around a link
MOST = 10_000
"""Links of one answer that are read."""

_SEVERAL = re.compile(r"[\s,;|]+(?=https?://)", re.IGNORECASE)  # a link within another one is escaped

_FOR_URLS = bytes.maketrans(b"-_", b"+/")
_SHOWN = 100  # characters of a link that cannot be used


@attrs.frozen
class Links:
    """What stands at a place of links: each URL once, the bytes of each data URI, and what is neither, as text."""

    urls: tuple[str, ...]
    data: tuple[bytes, ...]
    unusable: tuple[str, ...]


def links(where: Place, content: Json | Content, origin: str) -> Links:
    """Return the links at a place; they may be relative to the origin that answered."""
    found = where.find(content)
    if not found:  # an answer has its links at one of several places
        return _NONE
    urls: dict[str, None] = {}
    data: list[bytes] = []
    unusable: list[str] = []
    for link in islice(_texts(found, 0), MOST):
        held = _data(link)
        url = absolute(link, origin) if held is None else None
        if held:
            data.append(held)
        elif url is not None:
            urls[url] = None
        else:
            unusable.append(link[:_SHOWN])
    return Links(tuple(urls), tuple(data), tuple(unusable))


_NONE = Links((), (), ())


def followed(adapter: Adapter, lifecycle: str | None, origin: str, content: Content) -> Iterator[tuple[str, str]]:
    """Yield the links of a submit's answer along which its task is looked at, by name, where the key may go there."""
    for endpoint in adapter.life(lifecycle).looks.values():
        if endpoint.link is not None:
            for url in links(place(endpoint.link), content, origin).urls[:1]:
                if leads(adapter, origin, endpoint, url):
                    yield endpoint.link, relative(url, origin)


def leads(adapter: Adapter, origin: str, endpoint: Endpoint, url: str) -> bool:
    """Return whether a call of an endpoint to a URL may carry the API key of an account with this origin."""
    there = origin_for(adapter, origin, endpoint)
    return permitted(url, origin, hosts_of(endpoint.hosts, origin, adapter.base_url)) or permitted(url, there, ())


def origin_for(adapter: Adapter, origin: str, endpoint: Endpoint) -> str:
    """Return where a call of an endpoint goes for an account with this origin.

    Where the account has an origin of its own in place of the adapter's, like a simulator's, every call goes there.
    """
    return endpoint.origin if endpoint.origin is not None and origin == adapter.base_url else origin


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts that a value holds where a link should be."""
    if isinstance(value, Inline):
        yield value
        return
    if isinstance(value, str):
        held = _inside(value)
        if held is None:
            yield from filter(str.strip, _SEVERAL.split(value))
            return
        value = [held]
    for inner in value if isinstance(value, list) else [value.get("url")] if isinstance(value, dict) else ():
        if depth < _DEEPEST:
            yield from _texts(inner, depth + 1)


def _inside(text: str) -> Json:
    """Return what a text holds as JSON, where it may be that."""
    if text.lstrip()[:1] not in ("[", "{", '"'):
        return None
    try:
        return lenient(text)
    except ValueError:
        return None


def _data(link: str) -> bytes | None:
    """Return the bytes of a data URI, none of them where they cannot be read; None for another link."""
    if isinstance(link, Inline) and link.uri:
        return _decoded(link)
    scheme, comma, data = link.strip().partition(",")
    if not comma or scheme[:5].lower() != "data:" or REPLACED in link:
        return None
    if not scheme.lower().rstrip().endswith(";base64"):
        return unquote_to_bytes(data)
    try:
        written = b"".join(unquote_to_bytes(data).split()).translate(_FOR_URLS)
        return base64.b64decode(written + b"=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _decoded(link: Inline) -> bytes:
    try:
        return link.decoded()
    except ValueError:
        return b""
