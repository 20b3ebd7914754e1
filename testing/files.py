"""Small real files of any size: what is put in where an offer takes no URL, and on both sides of each bound."""

import io
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TypeAlias

from PIL import Image

from anymedia.declare import File, Files
from anymedia.declare.files import MEGA
from anymedia.simulators.film import Film
from anymedia.simulators.picture import Picture
from anymedia.simulators.sound import Sound

Takes: TypeAlias = File | Files
Size: TypeAlias = tuple[int, int]

FORMS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
"""The types of pictures that are made here, by Pillow's names."""

FILM, MP3, WAV = "video/mp4", "audio/mpeg", "audio/wav"

MADE: Mapping[str, Sequence[str]] = {"image": (*FORMS,), "video": (FILM,), "audio": (MP3, WAV)}
"""The media types that are made here, by medium."""

OTHERS: Mapping[str, Sequence[str]] = {"image": (), "video": (), "audio": (FILM,)}
"""What some page forbids where it takes a medium; what is plainly of another medium no request can hold."""

OF_FIELD = {"video": "video", "videos": "video", "audios": "audio"}
"""The medium of what is put into a field, where it is no picture."""

SIDE = 64
"""Pixels of a side where nothing is said."""

SECONDS = 4.0
"""How long films and sounds are."""

USUAL: tuple[Size, ...] = ((16, 16), (8192, 64), (5000, 5000))
"""Sizes of pictures that some page forbids."""

USUAL_BYTES = tuple(megabytes * MEGA + 1 for megabytes in (12, 25))
"""Bytes of a picture that some page forbids."""

LARGEST = 60
"""Megabytes of the largest bound that is tried: more takes too long."""


def medium(field: str) -> str:
    """Return what is put into a field: image, video or audio."""
    return OF_FIELD.get(field, "image")


def made(media_type: str, size: Size, length: int = 0) -> bytes:
    """Return a file of a type; what is missing of a length is filled up behind its end."""
    return _whole(media_type, size).ljust(length, b"\0")


@cache
def _whole(media_type: str, size: Size) -> bytes:
    if media_type in FORMS:
        return _png(*size) if media_type == "image/png" else _drawn(FORMS[media_type], size)
    if media_type == FILM:
        return Film(Picture("suite", 0, "film", "t", 0, "film", size, "jpeg"), SECONDS, sound=False).draw()
    return Sound("suite", "sound", "t", 0, "sound", SECONDS, "mp3" if media_type == MP3 else "wav").draw()


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


def makes(takes: Takes, what: str) -> str | None:
    """Return the first type of a field's that is made here, of a medium; None where there is none."""
    return next((kind for kind in takes.types or MADE[what] if kind in MADE[what]), None)


def fitting(takes: Takes, what: str, length: int = 0) -> bytes:
    """Return a small file of a medium that a field takes, of at least a length.

    Errors: LookupError where none is made here.
    """
    kind = makes(takes, what)
    if kind is None:
        raise LookupError(f"this suite makes no {' and no '.join(takes.types)}")
    return made(kind, (_side(takes), _side(takes)), length)


def _side(takes: Takes) -> int:
    """Return a side that a field takes."""
    return SIDE if takes.sides is None else max(SIDE, takes.sides[0])


def tried(takes: Takes, what: str) -> Iterator[bytes]:
    """Yield files on both sides of each bound, and others that some page forbids. Errors: as fitting."""
    fitting(takes, what)
    kind, side = makes(takes, what) or "", _side(takes)
    yield from (made(each, (side, side)) for each in (*MADE[what], *OTHERS[what]))
    lengths, sizes = (USUAL_BYTES, USUAL) if what == "image" else ((), ())
    if takes.megabytes and takes.megabytes <= LARGEST:  # where both agree on both sides of it, they do beyond them
        lengths = (int(takes.megabytes * MEGA), int(takes.megabytes * MEGA) + 1)
    yield from (made(kind, (side, side), length) for length in lengths)
    yield from (made(kind, size) for size in (*sizes, *_sizes(takes, side)))


def _sizes(takes: Takes, side: int) -> Iterator[Size]:
    """Yield sizes at both sides of each bound of a field; `side` is one that it takes."""
    for bound in takes.sides or ():
        yield from ((max(bound + step, 1), side) for step in (-1, 0, 1))
    if takes.megapixels is not None:
        most = int(takes.megapixels * (1 << 20))
        wide = int(most**0.5)
        yield from ((wide, most // wide + more) for more in (0, 1))
