"""The files that a request names: where they are, and whether a provider could take them.

A simulator reaches its own uploads and this machine, and nothing else. What lies at a public address is taken unseen,
and noted in the bills.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Literal
from urllib.parse import unquote_to_bytes, urlsplit

from attrs import field, frozen

from .picture import measured

Trouble = Literal["unreachable", "unreadable"]

MEGABYTE = 1_000_000
MEGAPIXEL = 1024 * 1024


@frozen
class Fetched:
    """What is at a link: its content, or why it could not be had; neither where nobody looked."""

    content: bytes | None = field(default=None, repr=False)
    why: str = ""


class Wanted(Exception):
    """What has to be fetched before a request can be answered."""

    def __init__(self, links: Sequence[str]) -> None:
        super().__init__(f"to be fetched first: {', '.join(links)}")
        self.links: Sequence[str] = links


@frozen
class Takes:
    """The files that a field takes: media types, and megabytes at most (of 1,000,000 bytes).

    Of PNG, JPEG and GIF the least and the most pixels of a side, and megapixels at most (of 1024 × 1024), too.
    """

    types: Sequence[str]
    megabytes: float | None = None
    sides: tuple[int, int] | None = None
    megapixels: float | None = None

    def wrong(self, there: Fetched) -> tuple[Trouble, str] | None:
        """Why a file cannot be taken: the cause and a predicate."""
        if there.why:
            return "unreachable", f"could not be fetched: {there.why}"
        if there.content is None:
            return None
        if not there.content:
            return "unreadable", "is an empty file"
        if self.megabytes is not None and len(there.content) > self.megabytes * MEGABYTE:
            return "unreadable", f"must have at most {self.megabytes:g} MB"
        if (kind := media_type(there.content)) not in self.types:
            return "unreadable", f"must be one of {', '.join(self.types)}, not {kind or 'a file of another type'}"
        size = measured(there.content) if self.sides or self.megapixels else None
        return None if size is None else self._too(*size)

    def _too(self, width: int, height: int) -> tuple[Trouble, str] | None:
        """Why a picture is too small or too large."""
        least, most = self.sides or (0, max(width, height))
        if min(width, height) < least or max(width, height) > most:
            return "unreadable", f"must have {least} to {most} pixels a side, not {width}x{height}"
        if self.megapixels is not None and width * height > self.megapixels * MEGAPIXEL:
            return "unreadable", f"must have at most {self.megapixels:g} megapixels, not {width}x{height}"
        return None


PICTURES = Takes(("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/heic"))
"""Every picture that we know, of any size: our choice where a page does not say."""

FILMS = Takes(("video/mp4", "video/quicktime", "video/webm"))
"""Every film that we know: our choice where a page does not say."""

SOUNDS = Takes(("audio/mpeg", "audio/wav", "audio/mp4", "audio/aac", "audio/flac", "audio/ogg"))
"""Every sound that we know: our choice where a page does not say."""

_TYPES: Mapping[str, str] = {
    r"\x89PNG\r\n\x1a\n": "image/png",
    r"\xff\xd8\xff": "image/jpeg",
    r"GIF8[79]a": "image/gif",
    r"RIFF....WEBP": "image/webp",
    r"....ftypavi[fs]": "image/avif",
    r"....ftyp(?:hei|hev|mif)": "image/heic",
    r"....ftypqt  ": "video/quicktime",
    r"....ftypM4A ": "audio/mp4",
    r"....ftyp": "video/mp4",
    r"\x1a\x45\xdf\xa3": "video/webm",
    r"RIFF....WAVE": "audio/wav",
    r"OggS": "audio/ogg",
    r"fLaC": "audio/flac",
    r"\xff[\xf0\xf1\xf8\xf9]": "audio/aac",
    r"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]": "audio/mpeg",
}
_STARTS = [(re.compile(start.encode("latin-1"), re.DOTALL), kind) for start, kind in _TYPES.items()]


def media_type(content: bytes) -> str:
    """The media type that the first bytes tell; empty where they tell none."""
    return next((kind for start, kind in _STARTS if start.match(content)), "")


def from_base64(text: object) -> bytes | None:
    """The bytes of a text in base64, plain or as a data URI; None where it is no such text."""
    if not isinstance(text, str):
        return None
    return from_data_uri(text) if text[:5].lower() == "data:" else _decoded(text)


def from_data_uri(text: str) -> bytes | None:
    """The bytes of a data URI; None where it is none."""
    head, comma, data = text.partition(",")
    if not comma or head[:5].lower() != "data:":
        return None
    return _decoded(data) if head.lower().endswith(";base64") else unquote_to_bytes(data)


def _decoded(text: str) -> bytes | None:
    """The bytes of plain base64; None where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def is_inline(text: str, forms: Sequence[str] = ("data", "base64")) -> bool:
    """Whether a text is the file itself in one of the forms, and no link to it: a data URI, or what may be base64."""
    return ("data" if text[:5].lower() == "data:" else "base64") in forms and "://" not in text[:16]


def from_inline(text: str) -> bytes | None:
    """The bytes of a text that is the file itself; None where it is none."""
    return from_base64(text) if is_inline(text) else None


Reach = Literal["loopback", "public", "nowhere"]


def reach(url: str) -> Reach:
    """Whether a link leads to this machine, to the web, or to where no provider can go: a private network."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if is_loopback(host):
        return "loopback"
    try:
        return "public" if ip_address(host).is_global else "nowhere"
    except ValueError:
        return "public" if "." in host and not host.endswith((".local", ".internal", ".localhost")) else "nowhere"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def links(value: object) -> Iterator[str]:
    """The links in a field: one, or a list of them."""
    yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
