"""Whether a file carries a C2PA mark, which says who made it and with what; the mark is not checked."""

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from .frames import tag_frames
from .pictures import blocks, chunks, riff_chunks, segments
from .recognise import recognise
from .tree import boxes
from .window import HEAD, Window


def has_c2pa(file: BinaryIO) -> bool:
    """Return whether a file holds a C2PA manifest store, read within the same bounds as `measured`.

    Looked for in PNG, JPEG, GIF, WebP, WAV, SVG, AVIF, HEIC, JPEG XL, MP4, MOV and M4A, and in the ID3 tag of an MP3 or
    FLAC. False where there is none, or none within the bounds. Errors: OSError, as the file itself has them.
    """
    window = Window(file)
    found = recognise(window.take(0, HEAD))
    return found is not None and any(_PLACES.get(found.type, _nowhere)(window))


def _nowhere(_: Window) -> Iterator[bool]:
    return iter(())


_NAME = b"c2pa"
_STORE = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""The box of an ISO file that holds a manifest store."""

_BEGIN = 64
"""Bytes of a box within which it says what it holds."""


def _png(window: Window) -> Iterator[bool]:
    return (chunk.kind == b"caBX" for chunk in chunks(window))


def _jpeg(window: Window) -> Iterator[bool]:
    return (
        segment.kind == b"\xeb" and _NAME in window.take(segment.begin, min(segment.end - segment.begin, _BEGIN))
        for segment in segments(window)
    )


def _gif(window: Window) -> Iterator[bool]:
    return (block.kind == b"\x21\xff" and window.take(block.begin + 1, 8) == b"C2PA_GIF" for block in blocks(window))


def _riff(window: Window) -> Iterator[bool]:
    return (chunk.kind == b"C2PA" for chunk in riff_chunks(window))


def _iso(window: Window) -> Iterator[bool]:
    for box in boxes(window, 0, window.size):
        head = window.take(box.begin, min(box.end - box.begin, _BEGIN))
        yield (box.kind == b"uuid" and head.startswith(_STORE)) or (box.kind == b"jumb" and _NAME in head)


def _id3(window: Window) -> Iterator[bool]:
    return (
        frame.kind == b"GEOB" and _NAME in window.take(frame.begin, min(frame.end - frame.begin, _BEGIN))
        for frame in tag_frames(window)
    )


def _svg(window: Window) -> Iterator[bool]:
    yield b"<c2pa:manifest" in window.take(0, HEAD)


_PLACES: Mapping[str, Callable[[Window], Iterator[bool]]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _riff,
    "audio/wav": _riff,
    "audio/mpeg": _id3,
    "image/svg+xml": _svg,
    **dict.fromkeys(("image/avif", "image/heic", "image/heif", "image/jxl"), _iso),
    **dict.fromkeys(("video/mp4", "video/quicktime", "audio/mp4"), _iso),
}
