"""PNG, JPEG, GIF and WebP: the pieces of which each is a row, and what they say of its size."""

from collections.abc import Iterator

from .format import Format
from .window import Piece, Window


def chunks(window: Window) -> Iterator[Piece]:
    """Yield the chunks of a PNG."""
    at = 8
    while at + 12 <= window.size and len(head := window.take(at, 8)) == 8:
        begin, length = at + 8, int.from_bytes(head[:4], "big")
        yield Piece(head[4:], begin, begin + length)
        at = begin + length + 4


def png(window: Window, found: Format) -> Format:
    """Return a PNG with its pixels, and the seconds of one that moves."""
    shows, seconds, moves = 0, 0.0, False
    for chunk in chunks(window):
        if chunk.kind == b"IHDR":
            found = found.sized(window.number(chunk.begin, 4), window.number(chunk.begin + 4, 4))
        moves = moves or chunk.kind == b"acTL"
        if chunk.kind == b"fcTL":
            shows += 1
            seconds += window.number(chunk.begin + 20, 2) / (window.number(chunk.begin + 22, 2) or 100)
        if chunk.kind == (b"IEND" if moves else b"IDAT"):
            return found.lasting(seconds) if shows > 1 else found
    return found


_SCAN = 0xDA
_ALONE = (0x01, *range(0xD0, 0xD9))
"""Markers of a JPEG without a length."""


def segments(window: Window) -> Iterator[Piece]:
    """Yield the segments of a JPEG up to the first of its picture; each kind is one byte."""
    at = 2
    while len(head := window.take(at, 4)) == 4 and head[0] == 0xFF and head[1] != _SCAN:
        if head[1] == 0xFF:  # filling
            at += 1
        elif head[1] in _ALONE:
            at += 2
        else:
            length = max(int.from_bytes(head[2:], "big"), 2)
            yield Piece(head[1:2], at + 4, at + 2 + length)
            at += 2 + length


_FRAMES = frozenset(bytes([each]) for each in range(0xC0, 0xD0) if each not in (0xC4, 0xC8, 0xCC))


def jpeg(window: Window, found: Format) -> Format:
    """Return a JPEG with its pixels, which its frame header holds."""
    for segment in segments(window):
        if segment.kind in _FRAMES:
            return found.sized(window.number(segment.begin + 3, 2), window.number(segment.begin + 1, 2))
    return found


def riff_chunks(window: Window) -> Iterator[Piece]:
    """Yield the chunks of a WebP or a WAV."""
    at = 12
    while len(head := window.take(at, 8)) == 8:
        begin, length = at + 8, int.from_bytes(head[4:], "little")
        yield Piece(head[:4], begin, begin + length)
        at = begin + length + length % 2


def webp(window: Window, found: Format) -> Format:
    """Return a WebP with its pixels, and the seconds of one that moves."""
    shows = thousandths = 0
    for chunk in riff_chunks(window):
        if found.width is None:
            found = found.sized(*_webp_size(chunk, window))
        if chunk.kind == b"ANMF":
            shows += 1
            thousandths += window.number(chunk.begin + 12, 3, "little")
    return found.lasting(thousandths, 1000) if shows > 1 and not window.spent else found


def _webp_size(chunk: Piece, window: Window) -> tuple[int, int]:
    match chunk.kind:
        case b"VP8X":
            width, height = (window.number(chunk.begin + at, 3, "little") + 1 for at in (4, 7))
            return width, height
        case b"VP8 ":
            width, height = (window.number(chunk.begin + at, 2, "little") & 0x3FFF for at in (6, 8))
            return width, height
        case b"VP8L":
            bits = window.number(chunk.begin + 1, 4, "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0


_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL = 0xF9


def blocks(window: Window) -> Iterator[Piece]:
    """Yield the blocks of a GIF up to its end, which is one too: the kind is the first byte, and an extension's next.

    The content is what stands before the rows of data of an image, and all of an extension.
    """
    at = 13 + _colours(window.number(10, 1))
    while head := window.take(at, 10):
        begin = at + 1
        if head[0] == _EXTENSION:
            begin = at = at + 2
        elif head[0] == _IMAGE and len(head) == 10:
            at += 11 + _colours(head[9])
        else:
            yield Piece(head[:1], begin, begin)
            return
        at = _after_data(window, at)
        yield Piece(head[:2] if head[0] == _EXTENSION else head[:1], begin, at)


def _after_data(window: Window, at: int) -> int:
    """Return where the rows of data end that begin somewhere."""
    while length := window.number(at, 1):
        at += 1 + length
    return at + 1


def _colours(flags: int) -> int:
    """Return the bytes of a colour table."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_SHORTEST, _USUAL = 2, 10
"""Hundredths of a second: players show for the usual time what asks for less than the shortest."""


def gif(window: Window, found: Format) -> Format:
    """Return a GIF with its pixels, and the seconds of one that moves."""
    found = found.sized(window.number(6, 2, "little"), window.number(8, 2, "little"))
    shows = hundredths = delay = 0
    for block in blocks(window):
        match tuple(block.kind):
            case (0x21, 0xF9):
                delay = window.number(block.begin + 2, 2, "little")
            case (0x2C,):
                shows += 1
                hundredths += delay if delay >= _SHORTEST else _USUAL
                delay = 0
            case (0x3B,) if shows > 1:
                return found.lasting(hundredths, 100)
    return found
