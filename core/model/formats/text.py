"""Files that are texts: an SVG, or a message that came in place of a picture, a film or a sound."""

import re
from collections.abc import Mapping

from anymedia.model.strict_json import REPLACED, decoded

from .format import Format
from .window import HEAD, Window

_ROOT = re.compile(
    rb"(?:<\?xml[^>]*+>\s*+|(?><!--.*?-->)\s*+|<!DOCTYPE[^>\[]*+(?:\[[^\]]*+\][^>]*+)?>\s*+)*+<(?:[\w-]+:)?(\w+)",
    re.DOTALL | re.IGNORECASE,
)


def is_svg(head: bytes) -> bool:
    """Return whether the element that a text of tags begins with is a picture."""
    return _root(_text(head)) is not None


def _root(text: bytes) -> int | None:
    """Return where the name of the element ends that a text begins with; None where it is no `svg`."""
    found = _ROOT.match(text)
    return found.end() if found and found[1].lower() == b"svg" else None


def _text(head: bytes) -> bytes:
    """Return text without blanks before it, nor what marks its encoding."""
    for mark in (b"\xff\xfe", b"\xfe\xff"):
        if head.startswith(mark):
            head = head[: len(head) & ~1].decode("utf-16", "replace").encode("utf-8", "replace")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


_ATTRIBUTE = re.compile(rb"""\s++([\w:.-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_LENGTH = re.compile(rb"\s*+([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(px|in|cm|mm|q|pt|pc|)\s*+", re.IGNORECASE)
_VIEW_BOX = re.compile(rb"[\s,]++")

_PIXELS: Mapping[bytes, float] = {
    b"": 1,
    b"px": 1,
    b"in": 96,
    b"cm": 96 / 2.54,
    b"mm": 96 / 25.4,
    b"q": 96 / 101.6,
    b"pt": 96 / 72,
    b"pc": 16,
}
"""Pixels in each unit of CSS."""


def svg(window: Window, found: Format) -> Format:
    """Return an SVG with the pixels of its width and height; where they are not told, with those of its view box."""
    text = _text(window.take(0, HEAD))
    at, said = _root(text) or len(text), {}
    while attribute := _ATTRIBUTE.match(text, at):
        at = attribute.end()
        said[attribute[1].lower()] = attribute[2] or attribute[3] or b""
    width, height = (_pixels(said.get(name, b"")) for name in (b"width", b"height"))
    box = _VIEW_BOX.split(said.get(b"viewbox", b"").strip())
    if not (width and height) and len(box) == 4:
        width, height = _pixels(box[2]), _pixels(box[3])
    return found.sized(width, height)


def _pixels(length: bytes) -> float:
    """Return the pixels of a length; 0 where it goes by what is around the picture."""
    said = _LENGTH.fullmatch(length)
    return round(float(said[1]) * _PIXELS[said[2].lower()], 6) if said else 0


_LAST = 2
"""Letters at the end, of which one may be cut."""

_BINARY = re.compile(f"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f{REPLACED}]")


def is_message(head: bytes) -> bool:
    """Return whether a file that is no known media is a text (HTML, XML, JSON, a sentence) that came in its place.

    No picture, film or sound is a text but for those that `recognise` knows; what was declared says nothing.
    """
    text = decoded(head)
    return _BINARY.search(text[:-_LAST] if len(text) > _LAST else text) is None
