"""WAV, FLAC and Ogg: what their headers say of their length."""

from .format import Format
from .pictures import riff_chunks
from .window import HEAD, Window

_OPEN = (0, 0xFFFF_FFFF)
"""The length of data where nobody knew it when the file was begun."""

_PLAIN = (1, 3, 6, 7, 0xFFFE)
"""Codes of sound in which each sample has as many bytes as every other."""


def wav(window: Window, found: Format) -> Format:
    """Return a WAV with its seconds."""
    code = rate = bytes_a_second = samples = long = 0
    for chunk in riff_chunks(window):
        match chunk.kind:
            case b"fmt ":
                code, rate, bytes_a_second = (
                    window.number(chunk.begin + at, size, "little") for at, size in ((0, 2), (4, 4), (8, 4))
                )
            case b"fact":
                samples = window.number(chunk.begin, 4, "little")
            case b"ds64":
                long = window.number(chunk.begin + 8, 8, "little")
            case b"data":
                if samples and code not in _PLAIN:
                    return found.lasting(samples, rate)
                told, there = chunk.end - chunk.begin, window.size - chunk.begin
                told = (long or there) if told in _OPEN else told
                return found.lasting(min(told, there), bytes_a_second)
    return found


def flac(window: Window, found: Format, begin: int) -> Format:
    """Return a FLAC with its seconds; `begin` is where it begins, behind a tag."""
    return found.lasting(*_stream_info(window, begin + 8))


def _stream_info(window: Window, at: int) -> tuple[int, int]:
    """Return the samples and the rate that a FLAC's first block tells."""
    said = window.number(at + 10, 8)
    return said & 0xF_FFFF_FFFF, said >> 44


_PAGE = b"OggS"
_LAST = 0x1_0200
"""Bytes from the end within which the last page begins: none is longer than 65,307."""

_OPUS_RATE = 48_000


def ogg(window: Window, found: Format) -> Format:
    """Return an Ogg file with the seconds of its first sound."""
    at = 0
    while (head := window.take(at, 27))[:4] == _PAGE and len(head) == 27 and head[5] & 2:
        rows = window.take(at + 27, head[26])
        begin = at + 27 + head[26]
        rate, before = _sound(window, begin)
        if rate:
            return found.lasting(max(_last(window, head[14:18]) - before, 0), rate)
        at = begin + sum(rows)
    return found


def _sound(window: Window, at: int) -> tuple[int, int]:
    """Return the rate of the sound that a first packet is of, and its samples before what is heard; 0 for no sound."""
    packet = window.take(at, 64)
    if packet.startswith(b"\x01vorbis"):
        return int.from_bytes(packet[12:16], "little"), 0
    if packet.startswith(b"OpusHead"):
        return _OPUS_RATE, int.from_bytes(packet[10:12], "little")
    if packet.startswith(b"Speex   "):
        return int.from_bytes(packet[36:40], "little"), 0
    if packet.startswith(b"\x7fFLAC"):
        return _stream_info(window, at + 17)[1], 0
    return 0, 0


def _last(window: Window, stream: bytes) -> int:
    """Return the sample at which the last page of a stream ends."""
    begin = max(window.size - _LAST, 0)
    tail = window.take(begin, HEAD) + window.take(begin + HEAD, HEAD)
    at = len(tail)
    while (at := tail.rfind(_PAGE, 0, at)) >= 0:
        moment = tail[at + 6 : at + 14]
        if tail[at + 14 : at + 18] == stream and len(moment) == 8 and moment != b"\xff" * 8:
            return int.from_bytes(moment, "little")
    return 0
