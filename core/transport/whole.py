"""Whether a file ends where its format says that it does: asked where nothing else tells that all of it has come."""

import re
from collections.abc import Callable, Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Literal, TypeAlias

Bytes: TypeAlias = bytes | mmap

MOST_STEPS = 1 << 20
"""Pieces of a file that are gone through; one of more pieces is taken at its word, or it would take minutes."""

REACH = 1 << 20
"""Bytes in which a marker is looked for at a time, so that other threads get their turn."""


def is_whole(path: Path, media_type: str) -> bool:
    """Return whether a file has come to its end; a format that does not tell is taken at its word.

    Whatever the file holds, this takes about a second at most.
    """
    check = CHECKS.get(media_type)
    if check is None:
        return True
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return check(data)


def _number(data: Bytes, at: int, size: int, order: Literal["big", "little"] = "big") -> int:
    return int.from_bytes(data[at : at + size], order)


def _png(data: Bytes) -> bool:
    at = 8
    for _ in range(MOST_STEPS):
        if at + 12 > len(data):
            return False
        length, kind = _number(data, at, 4), data[at + 4 : at + 8]
        at += 12 + length
        if kind == b"IEND":
            return at <= len(data)
    return True


_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""A marker inside the picture of a JPEG: no escaped FF, no restart, no filling."""

_ALONE = (0x01, 0xD8)
"""Markers without a length."""


def _jpeg(data: Bytes) -> bool:
    at = 2
    for _ in range(MOST_STEPS):
        if at >= len(data):
            return False
        found = _MARKER.search(data, at, at + REACH)
        if found is None:
            at += REACH - 1  # a marker may begin with the last byte
            continue
        marker = data[found.end() - 1]
        if marker == 0xD9:
            return True
        at = found.end() + (0 if marker in _ALONE else max(_number(data, found.end(), 2), 2))
    return True


def _gif(data: Bytes) -> bool:
    at, inside = 13 + _colours(data[10:11]), False
    for _ in range(MOST_STEPS):
        if at >= len(data):
            return False
        kind = data[at]
        if inside:
            inside, at = kind != 0, at + 1 + kind
        elif kind == 0x3B:
            return True
        else:
            inside, at = True, at + (2 if kind == 0x21 else 11 + _colours(data[at + 9 : at + 10]))
    return True


def _colours(flags: bytes) -> int:
    """Return the bytes of a colour table."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _riff(data: Bytes) -> bool:
    size = _number(data, 4, 4, "little")
    streamed = size in (0, 0xFFFF_FFFF)  # nobody knew the length when the file was begun
    return streamed or len(data) + 1 >= size + 8  # the last byte may be filling


BOXES = frozenset(
    (
        *(b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"free", b"skip", b"wide", b"meta", b"uuid", b"udta", b"styp"),
        *(b"sidx", b"ssix", b"pdin", b"prft", b"emsg", b"meco", b"mere", b"bloc", b"iods", b"pnot", b"PICT", b"jP  "),
        *(b"JXL ", b"jxlc", b"jxlp", b"jxll", b"jxli", b"jbrd", b"brob", b"Exif", b"xml ", b"idat", b"etyp", b"imda"),
    )
)
"""The boxes of which an ISO file is a row; what else stands behind them is no part of it."""


def _boxes(*needed: bytes) -> Callable[[Bytes], bool]:
    """Return the check of an ISO file, which has to hold some boxes."""

    def check(data: Bytes) -> bool:
        at, kinds = 0, set()
        for _ in range(MOST_STEPS):
            if at + 8 > len(data) or data[at + 4 : at + 8] not in BOXES:
                break
            size = _number(data, at, 4)
            kinds.add(data[at + 4 : at + 8])
            if size == 1:
                size = _number(data, at + 8, 8) if at + 16 <= len(data) else len(data)
            at = at + size if size >= 8 else len(data)  # 0: up to the end
        return at <= len(data) and kinds.issuperset(needed)

    return check


def _glb(data: Bytes) -> bool:
    return len(data) >= 12 and len(data) >= _number(data, 8, 4, "little")


def _zip(data: Bytes) -> bool:
    at = data.rfind(b"PK\x05\x06")
    return at >= 0 and at + 22 + _number(data, at + 20, 2, "little") <= len(data)


def _ogg(data: Bytes) -> bool:
    at, last = 0, False
    for _ in range(MOST_STEPS):
        if at + 27 > len(data) or data[at : at + 4] != b"OggS":
            return last and at <= len(data)
        segments = data[at + 27 : at + 27 + data[at + 26]]
        last = bool(data[at + 5] & 4)
        at += 27 + data[at + 26] + sum(segments)
    return True


def _ebml(data: Bytes) -> bool:
    head, size = _vint(data, 4)
    at = head + size
    if data[at : at + 4] != b"\x18\x53\x80\x67":
        return False
    begin, size = _vint(data, at + 4)
    unknown = size == (1 << 7 * (begin - at - 4)) - 1
    return unknown or begin + size <= len(data)


def _vint(data: Bytes, at: int) -> tuple[int, int]:
    """Return where a number of variable length ends, and the number."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length()
    return at + length, _number(data, at, length) & ((1 << 7 * length) - 1)


def _svg(data: Bytes) -> bool:
    return re.search(rb"</(\w+:)?svg\s*>", data[-4096:]) is not None


CHECKS: Mapping[str, Callable[[Bytes], bool]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _riff,
    "audio/wav": _riff,
    "image/avif": _boxes(b"mdat"),
    "image/heic": _boxes(b"mdat"),
    "image/heif": _boxes(b"mdat"),
    "audio/webm": _ebml,
    "audio/x-matroska": _ebml,
    "audio/mp4": _boxes(b"moov", b"mdat"),
    "video/mp4": _boxes(b"moov", b"mdat"),
    "video/quicktime": _boxes(b"moov", b"mdat"),
    "model/gltf-binary": _glb,
    "application/zip": _zip,
    "audio/ogg": _ogg,
    "video/webm": _ebml,
    "video/x-matroska": _ebml,
    "image/svg+xml": _svg,
}
"""By media type; MP3, AAC, FLAC and JPEG XL do not tell where they end."""
