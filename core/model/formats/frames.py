"""MP3 and AAC: rows of frames without a header that tells their length, but for what encoders put in an MP3's first."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import attrs

from .format import Format
from .window import Piece, Window


def behind_tags(window: Window) -> int:
    """Return where a file goes on behind the ID3 tags that it begins with."""
    at = 0
    while (end := _behind_tag(window, at)) > at:
        at = end
    return at


def tag_frames(window: Window) -> Iterator[Piece]:
    """Yield the frames of the ID3 tag that a file begins with."""
    head = window.take(0, 10)
    end, at = _behind_tag(window, 0), 10
    while at + 10 <= end and (frame := window.take(at, 10)).strip(b"\0"):
        size = _seven_bits(frame[4:8]) if head[3] >= _ID3_4 else int.from_bytes(frame[4:8], "big")
        yield Piece(frame[:4], at + 10, at + 10 + size)
        at += 10 + size


_ID3_4 = 4


def _seven_bits(written: bytes) -> int:
    """Return a number of which each byte holds seven bits."""
    return sum((each & 0x7F) << 7 * place for place, each in enumerate(reversed(written)))


def _behind_tag(window: Window, at: int) -> int:
    head = window.take(at, 10)
    if head[:3] != b"ID3" or len(head) < 10:
        return at
    return at + 10 + _seven_bits(head[6:]) + (10 if head[5] & 0x10 else 0)


@attrs.frozen
class _Frame:
    """A frame: its bytes, its samples, and samples a second; `size` is 0 where nobody can tell."""

    size: int
    samples: int
    rate: int


_Read: TypeAlias = Callable[[bytes], _Frame | None]


def mp3(window: Window, found: Format, begin: int) -> Format:
    """Return an MP3 with its seconds: as its first frame tells, or as its frames add up; it begins behind its tags."""
    first = _mpeg(window.take(begin, 4))
    if first is None:
        return found
    told, size, is_header = _told(window, begin)
    rest = window.size - begin
    if told and (not size or rest - size <= max(rest // 50, _BESIDE)):
        return found.lasting(told * first.samples, first.rate)
    return _added(window, found, begin + (first.size if is_header else 0), _mpeg)


def aac(window: Window, found: Format, begin: int) -> Format:
    """Return an AAC with its seconds, which its frames add up to; it begins behind its tags."""
    return _added(window, found, begin, _adts)


_BESIDE = 4096
"""Bytes of tags that an MP3 may have beside the frames that its first frame tells of; if there are more, its parts were
put one behind the other, and the first frame tells of the first part alone."""


def _added(window: Window, found: Format, begin: int, read: _Read) -> Format:
    """Add the frames up. Where the file is too long for that, frames that are all of one size tell for the rest."""
    at, seconds = begin, 0.0
    sizes: set[int] = set()
    while True:
        frame = read(window.take(at, 7))
        if frame is None and (behind := _behind_tag(window, at)) > at:
            at = behind
            continue
        if frame is None or not frame.size:
            break
        sizes.add(frame.size)
        seconds += frame.samples / frame.rate
        at += frame.size
    if not window.spent:
        return found.lasting(seconds)
    steady = max(sizes) - min(sizes) <= 1  # one byte fills up where a frame has no whole number of them
    return found.lasting(seconds * (window.size - begin), at - begin) if steady else found


_RATES = (44_100, 48_000, 32_000)
_KBITS = (
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)
_MPEG_1, _RESERVED = 3, 1
_HALVED = {_MPEG_1: 0, 2: 1, 0: 2}
"""How often a rate is halved, by version."""


def _mpeg(head: bytes) -> _Frame | None:
    """Return the frame of layer III that begins with four bytes."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, bits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == _RESERVED or bits == 15 or rate == 3:
        return None
    full = version == _MPEG_1
    hertz = _RATES[rate] >> _HALVED[version]
    samples = 1152 if full else 576
    size = samples // 8 * _KBITS[full][bits] * 1000 // hertz + (head[2] >> 1 & 1 if bits else 0)
    return _Frame(size, samples, hertz)


_SIDES = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}
"""Bytes between a frame's header and what is in it, by whether it is MPEG 1, and one channel."""


def _told(window: Window, begin: int) -> tuple[int, int, bool]:
    """Return the frames and the bytes that the first frame tells of, and whether it is such a header at all."""
    head = window.take(begin, 4)
    at = begin + 4 + _SIDES[head[1] >> 3 & 3 == _MPEG_1, head[3] >> 6 == 3]
    if window.take(at, 4) in (b"Xing", b"Info"):
        flags = window.number(at + 4, 4)
        frames = window.number(at + 8, 4) if flags & 1 else 0
        size = window.number(at + (12 if flags & 1 else 8), 4) if flags & 2 else 0
        return frames, size, True
    if window.take(begin + 36, 4) == b"VBRI":
        return window.number(begin + 50, 4), window.number(begin + 46, 4), True
    return 0, 0, False


_HERTZ = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)


def _adts(head: bytes) -> _Frame | None:
    """Return the frame of AAC that begins with seven bytes."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 >= len(_HERTZ):
        return None
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return _Frame(size, 1024 * ((head[6] & 3) + 1), _HERTZ[head[2] >> 2 & 15])
