"""The boxes of an MP4 with pictures (Motion JPEG) and, where there is one, a sound (MP3): what players seek by."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

MILLISECONDS = 1000
MATRIX = b"".join(part.to_bytes(4, "big") for part in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
"""A picture is shown as it lies."""

JPEG, MP3 = 0x6C, 0x6B
"""What a track holds, by the numbers of MPEG-4."""

FTYP_BRANDS = b"isom" + bytes(4) + b"isommp41"


@frozen
class Track:
    """One track: so many units a second, each sample so many units long, all samples in one piece of the file.

    `size` is None for a sound.
    """

    codec: int
    rate: int
    each: int
    samples: Sequence[int]
    """How many bytes each has."""
    at: int
    """Where the first of them begins."""
    size: tuple[int, int] | None = None


def box(kind: bytes, *content: bytes) -> bytes:
    """A box: its length, its kind, and what is in it."""
    body = b"".join(content)
    return _number(8 + len(body)) + kind + body


def moov(seconds: float, tracks: Sequence[Track]) -> bytes:
    """What a film says of itself; its own length does not depend on the numbers."""
    span = round(seconds * MILLISECONDS)
    header = _full(
        b"mvhd", bytes(8), _number(MILLISECONDS, span, 1 << 16), b"\1\0", bytes(10), MATRIX, bytes(24),
        _number(len(tracks) + 1),
    )  # fmt: skip
    return box(b"moov", header, *(_trak(number, track, span) for number, track in enumerate(tracks, 1)))


def ftyp() -> bytes:
    """The head of the file."""
    return box(b"ftyp", FTYP_BRANDS)


def _trak(number: int, track: Track, span: int) -> bytes:
    width, height = track.size or (0, 0)
    loud = bytes(2) if track.size else b"\1\0"
    header = _full(
        b"tkhd", bytes(8), _number(number, 0, span), bytes(12), loud, bytes(2), MATRIX,
        _number(width << 16, height << 16), flags=3,
    )  # fmt: skip
    length = track.each * len(track.samples)
    media = _full(b"mdhd", bytes(8), _number(track.rate, length), b"\x55\xc4", bytes(2))
    kind, shown = (b"vide", _full(b"vmhd", bytes(8), flags=1)) if track.size else (b"soun", _full(b"smhd", bytes(4)))
    handler = _full(b"hdlr", bytes(4), kind, bytes(12), b"\0")
    here = box(b"dinf", _full(b"dref", _number(1), _full(b"url ", flags=1)))
    return box(b"trak", header, box(b"mdia", media, handler, box(b"minf", shown, here, _samples(track))))


def _samples(track: Track) -> bytes:
    """Where the samples are: in one chunk."""
    count = len(track.samples)
    return box(
        b"stbl",
        _full(b"stsd", _number(1), _described(track)),
        _full(b"stts", _number(1, count, track.each)),
        _full(b"stsc", _number(1, 1, count, 1)),
        _full(b"stsz", _number(0, count, *track.samples)),
        _full(b"stco", _number(1, track.at)),
    )


def _described(track: Track) -> bytes:
    head, streams = bytes(6) + b"\0\1", 4 if track.size else 5
    whole = sum(track.samples)
    bits = round(whole * 8 * track.rate / (track.each * len(track.samples)))
    most = max(track.samples).to_bytes(3, "big")
    decoder = _described_as(4, bytes((track.codec, streams << 2 | 1)), most, _number(bits, bits))
    stream = _full(b"esds", _described_as(3, bytes(3), decoder, _described_as(6, b"\2")))
    if track.size is None:
        channel = b"\0\1\0\x10" + bytes(4)
        return box(b"mp4a", head, bytes(8), channel, _number(track.rate << 16), stream)
    sides = b"".join(side.to_bytes(2, "big") for side in track.size)
    inch = _number(72 << 16, 72 << 16, 0)
    return box(b"mp4v", head, bytes(16), sides, inch, b"\0\1", bytes(32), b"\0\x18\xff\xff", stream)


def _described_as(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes((tag, len(body))) + body


def _full(kind: bytes, *content: bytes, flags: int = 0) -> bytes:
    """A box of version 0."""
    return box(kind, _number(flags), *content)


def _number(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)
