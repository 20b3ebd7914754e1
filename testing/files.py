"""Small real files of any size: what is put in where an offer takes no URL, and on both sides of each bound."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import TypeAlias

from PIL import Image

from anymedia.declare import File, Files
from anymedia.declare.files import MEGA

Takes: TypeAlias = File | Files
Size: TypeAlias = tuple[int, int]

FORMS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
"""The media types that are made here, by Pillow's names."""

SIDE = 64
"""Pixels of a side where nothing is said."""

USUAL: tuple[Size, ...] = ((16, 16), (8192, 64), (5000, 5000))
"""Sizes that some page forbids."""

USUAL_MEGABYTES = (12, 25)
"""Megabytes that some page forbids."""


def made(media_type: str, size: Size, length: int = 0) -> bytes:
    """Return a picture of a type; what is missing of a length is filled up behind its end."""
    whole = _png(*size) if media_type == "image/png" else _drawn(FORMS[media_type], size)
    return whole.ljust(length, b"\0")


def _png(width: int, height: int) -> bytes:
    """Return a black picture: of a bit for a pixel, so that it is small whatever its size."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((1 + (width + 7) // 8) * height))
    chunks = ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _drawn(form: str, size: Size) -> bytes:
    file = io.BytesIO()
    Image.new("L", size).save(file, form)
    return file.getvalue()


def makes(takes: Takes) -> str | None:
    """Return the first type of a field's that is made here; None where there is none."""
    return next((kind for kind in takes.types or FORMS if kind in FORMS), None)


def fitting(takes: Takes, length: int = 0) -> bytes:
    """Return a small file that a field takes, of at least a length. Errors: LookupError where none is made here."""
    kind = makes(takes)
    if kind is None:
        raise LookupError(f"this suite makes no {' and no '.join(takes.types)}")
    side = SIDE if takes.sides is None else max(SIDE, takes.sides[0])
    return made(kind, (side, side), length)


def tried(takes: Takes) -> Iterator[bytes]:
    """Yield files on both sides of each bound, and others that some page forbids. Errors: as fitting."""
    kind = makes(takes) or ""
    usual = Image.open(io.BytesIO(fitting(takes))).size
    yield from (made(each, usual) for each in FORMS)
    for megabytes in (*USUAL_MEGABYTES, *((takes.megabytes,) if takes.megabytes else ())):
        bound = int(megabytes * MEGA)
        yield from (made(kind, usual, length) for length in (bound, bound + 1))
    yield from (made(kind, size) for size in (*USUAL, *_sizes(takes, usual[0])))


def _sizes(takes: Takes, side: int) -> Iterator[Size]:
    """Yield sizes at both sides of each bound of a field; `side` is one that it takes."""
    for bound in takes.sides or ():
        yield from ((max(bound + step, 1), side) for step in (-1, 0, 1))
    if takes.megapixels is not None:
        most = int(takes.megapixels * (1 << 20))
        wide = int(most**0.5)
        yield from ((wide, most // wide + more) for more in (0, 1))
