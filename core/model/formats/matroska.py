"""WebM and Matroska: elements with a number, a length and a content, of which a few tell size and length."""

import math
import struct
from collections.abc import Iterator

from .format import Format
from .recognise import as_sound
from .window import Piece, Window

_SEGMENT, _INFO, _TRACKS = b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b"
_SCALE, _DURATION = b"\x2a\xd7\xb1", b"\x44\x89"
_TRACK, _KIND, _VIDEO, _WIDTH, _HEIGHT = b"\xae", b"\x83", b"\xe0", b"\xb0", b"\xba"
_FILM, _SOUND = 1, 2

_USUAL_SCALE = 1_000_000
"""Nanoseconds in one unit of time."""


def ebml(window: Window, found: Format) -> Format:
    """Return a WebM or Matroska file with its pixels and seconds; one that holds sound alone is told as such."""
    left = {_INFO, _TRACKS}
    for segment in (each for each in _elements(window, 0, window.size) if each.kind == _SEGMENT):
        for part in _elements(window, segment.begin, segment.end):
            if part.kind == _INFO:
                found = found.lasting(*_length(window, part))
            elif part.kind == _TRACKS:
                found = _tracks(window, part, found)
            left.discard(part.kind)
            if not left:
                return found
    return found


def _length(window: Window, info: Piece) -> tuple[float, float]:
    scale, amount = _USUAL_SCALE, 0.0
    for each in _elements(window, info.begin, info.end):
        if each.kind == _SCALE:
            scale = window.number(each.begin, each.end - each.begin)
        elif each.kind == _DURATION:
            written = window.take(each.begin, each.end - each.begin)
            amount = struct.unpack({4: ">f", 8: ">d"}[len(written)], written)[0] if len(written) in (4, 8) else 0.0
    return (amount * scale if math.isfinite(amount) else 0), 1_000_000_000


def _tracks(window: Window, tracks: Piece, found: Format) -> Format:
    kinds = set()
    for track in (each for each in _elements(window, tracks.begin, tracks.end) if each.kind == _TRACK):
        for each in _elements(window, track.begin, track.end):
            if each.kind == _KIND:
                kinds.add(window.number(each.begin, each.end - each.begin))
            elif each.kind == _VIDEO and found.width is None:
                found = found.sized(*_size(window, each))
    return as_sound(found) if _SOUND in kinds and _FILM not in kinds else found


def _size(window: Window, video: Piece) -> tuple[int, int]:
    sides = {
        each.kind: window.number(each.begin, each.end - each.begin)
        for each in _elements(window, video.begin, video.end)
    }
    return sides.get(_WIDTH, 0), sides.get(_HEIGHT, 0)


def _elements(window: Window, begin: int, end: int) -> Iterator[Piece]:
    """Yield the elements between two places; one of unknown length goes on to the end."""
    at = begin
    while at < end and (head := window.take(at, 12)):
        name = 9 - head[0].bit_length()
        first = head[name] if name < len(head) else 0
        length = 9 - first.bit_length()
        written = head[name : name + length]
        most = (1 << 7 * length) - 1
        size, content = int.from_bytes(written, "big") & most, at + name + length
        if name > 4 or length > 8 or len(written) < length or content > end:
            return
        stop = end if size == most else min(content + size, end)
        yield Piece(head[:name], content, stop)
        at = stop
