"""What a whole file is, with its size and length."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from .films import iso
from .format import Format
from .frames import aac, behind_tags, mp3
from .matroska import ebml
from .pictures import gif, jpeg, png, webp
from .recognise import MP3, recognise
from .sounds import flac, ogg, wav
from .text import svg
from .window import HEAD, Window


def measured(file: BinaryIO) -> Format | None:
    """Return what a file is, its pixels and its seconds; None for what is no known media.

    The file can be sought in, and is read from its beginning. Nothing of it is decoded, whatever it claims to be; at
    most 4096 pages of 4 KiB are read, one at a time, and what is not told within these is None. What is spoilt never
    breaks it. Errors: OSError, as the file itself has them.
    """
    window = Window(file)
    begin = behind_tags(window)
    found = recognise(window.take(begin, HEAD))
    if begin and (found is None or found.type not in _BEHIND_TAGS):
        found = MP3
    if found is None:
        return None
    if found.type in _BEHIND_TAGS:
        return _BEHIND_TAGS[found.type](window, found, begin)
    return _MEASURES.get(found.type, _as_it_is)(window, found)


def _as_it_is(_: Window, found: Format) -> Format:
    return found


_BEHIND_TAGS: Mapping[str, Callable[[Window, Format, int], Format]] = {
    "audio/mpeg": mp3,
    "audio/aac": aac,
    "audio/flac": flac,
}
"""Sounds that may have ID3 tags before them."""

_MEASURES: Mapping[str, Callable[[Window, Format], Format]] = {
    "image/png": png,
    "image/jpeg": jpeg,
    "image/gif": gif,
    "image/webp": webp,
    "image/svg+xml": svg,
    **dict.fromkeys(("image/avif", "image/heic", "image/heif"), iso),
    **dict.fromkeys(("video/mp4", "video/quicktime", "audio/mp4"), iso),
    **dict.fromkeys(("video/webm", "video/x-matroska"), ebml),
    "audio/wav": wav,
    "audio/ogg": ogg,
}
