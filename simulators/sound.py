"""The sounds that the simulators make: a tune of eight notes that tells one task from another, as MP3 or WAV."""

from __future__ import annotations

import math
import random
import sys
import wave
from array import array
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO

from attrs import frozen

from .picture import Media
from .work import Work, needs_packages

RATE = 48_000
"""Samples a second, in one channel of 16 bits."""

FRAME = 1152
"""Samples of a frame of an MP3: 24 ms."""

KBITS = 128
FRAME_BYTES = FRAME * KBITS * 1000 // 8 // RATE
"""Bytes of a frame of an MP3: at these rates a whole number, so that all frames are of one size."""

STEPS = (0, 2, 4, 7, 9, 12, 14, 16)
"""A pentatonic scale, in semitones: no two of its notes sound badly together."""

NOTE = RATE // 4
LOUD = 9000


@frozen
class Sound(Work):
    """A sound of so many seconds. An MP3 says in its tags who made it, with what, and its title."""

    provider: str
    wire_id: str
    task_id: str
    index: int
    title: str
    seconds: float
    media: Media

    @property
    def size(self) -> int:
        """The bytes of an MP3, which are known before it is made."""
        return len(self._tags()) + frames(self.seconds) * FRAME_BYTES

    def write(self, file: BinaryIO) -> None:
        """The tags, then one frame after the other; or a header, then the samples."""
        seed = f"{self.task_id}/{self.index}"
        if self.media == "wav":
            _write_wav(file, seed, self.seconds)
            return
        file.write(self._tags())
        file.writelines(mp3(seed, self.seconds))

    def _tags(self) -> bytes:
        """An ID3 tag: title, artist and album, the last of them what was asked of whom."""
        texts = {"TIT2": self.title, "TPE1": self.provider, "TALB": f"{self.wire_id} · {self.task_id}"}
        frames = b"".join(_frame(name, text) for name, text in texts.items())
        return b"ID3\4\0\0" + _seven_bits(len(frames)) + frames


def frames(seconds: float) -> int:
    """How many frames an MP3 of so many seconds has."""
    return max(1, round(seconds * RATE / FRAME))


def mp3(seed: str, seconds: float) -> Iterator[bytes]:
    """The frames of a tune, a few seconds at a time."""
    needs_packages()
    import lameenc

    encoder = lameenc.Encoder()
    encoder.set_bit_rate(KBITS)
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_quality(7)
    encoder.silence()
    left = frames(seconds) * FRAME_BYTES
    tune = _tune(seed)
    for _ in range(math.ceil(seconds * RATE / (len(tune) // 2))):
        piece = bytes(encoder.encode(tune))[:left]
        left -= len(piece)
        yield piece
    yield bytes(encoder.flush())[:left]


def _write_wav(file: BinaryIO, seed: str, seconds: float) -> None:
    left, tune = max(1, round(seconds * RATE)), _tune(seed)
    with wave.open(file, "wb") as into:
        into.setnchannels(1)
        into.setsampwidth(2)
        into.setframerate(RATE)
        into.setnframes(left)
        while left:
            piece = tune[: 2 * left]
            into.writeframesraw(piece)
            left -= len(piece) // 2


def _tune(seed: str) -> bytes:
    """Two seconds of samples, to be played again and again: eight notes, each of them louder where it begins."""
    dice = random.Random(seed)  # noqa: S311 - a tune, no secret
    lowest = dice.randrange(12)
    return b"".join(_note(lowest + dice.choice(STEPS)) for _ in STEPS)


@cache
def _note(semitones: int) -> bytes:
    """A note so many semitones above A3, of which there are 29."""
    turn = math.tau * 220 * 2 ** (semitones / 12) / RATE
    samples = array("h", (round(LOUD * (1 - at / NOTE) * math.sin(turn * at)) for at in range(NOTE)))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _frame(name: str, text: str) -> bytes:
    body = b"\3" + text.encode("utf-8", "replace")
    return name.encode() + _seven_bits(len(body)) + b"\0\0" + body


def _seven_bits(number: int) -> bytes:
    """A number in four bytes of seven bits each, as ID3 writes its lengths."""
    return bytes(number >> 7 * place & 0x7F for place in (3, 2, 1, 0))
