"""The sound of a task in further formats: raw samples, FLAC, and silence as Ogg Opus and as AAC.

What would need an encoder to be heard is silent; its length, and all that players look at first, is as it should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import BinaryIO

from attrs import frozen

from .sound import RATE, Sound
from .work import Work

TYPES: Mapping[str, str] = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
    "flac": "audio/flac",
    "opus": "audio/opus",
    "aac": "audio/aac",
}
"""The media type of each format."""

HEAD = 44
"""Bytes of a WAV before its samples."""

BLOCK = 4096
"""Samples of a frame of a FLAC."""

OPUS_FRAME, OPUS_SILENCE = 960, b"\xf8\xff\xfe"
AAC_FRAME, AAC_SILENCE = 1024, b"\x00\xc8\x00\x80\x23\x80"
PACKETS = 50
"""Packets of a page of an Ogg."""


@frozen
class Spoken(Work):
    """A sound of one channel in a format of TYPES."""

    sound: Sound
    form: str

    def write(self, file: BinaryIO) -> None:
        """As its format says."""
        match self.form:
            case "mp3" | "wav":
                self.sound.write(file)
            case "pcm":
                file.write(self._samples())
            case "flac":
                file.writelines(_flac(self._samples()))
            case "opus":
                file.writelines(_opus(self.sound.seconds))
            case _:
                file.writelines(_aac(self.sound.seconds))

    def _samples(self) -> bytes:
        """Samples of 16 bits, the lower byte first."""
        file = BytesIO()
        self.sound.write(file)
        return file.getvalue()[HEAD:]


# FLAC: frames that hold the samples as they are


def _table(width: int, polynomial: int) -> list[int]:
    top, mask, table = 1 << (width - 1), (1 << width) - 1, []
    for byte in range(256):
        crc = byte << (width - 8)
        for _ in range(8):
            crc = (crc << 1 ^ polynomial) & mask if crc & top else crc << 1
        table.append(crc)
    return table


CRC_8, CRC_16, CRC_32 = _table(8, 0x07), _table(16, 0x8005), _table(32, 0x04C11DB7)


def _crc(table: list[int], width: int, data: bytes) -> bytes:
    crc, shift, mask = 0, width - 8, (1 << width) - 1
    for byte in data:
        crc = (crc << 8 ^ table[crc >> shift ^ byte]) & mask
    return crc.to_bytes(width // 8, "big")


def _flac(samples: bytes) -> Iterator[bytes]:
    """What it says of itself, then its frames."""
    count = len(samples) // 2
    about = RATE << 44 | (1 - 1) << 41 | (16 - 1) << 36 | count
    info = BLOCK.to_bytes(2, "big") * 2 + bytes(6) + about.to_bytes(8, "big") + bytes(16)
    yield b"fLaC\x80" + len(info).to_bytes(3, "big") + info
    turned = bytearray(samples)
    turned[::2], turned[1::2] = samples[1::2], samples[::2]
    for number, at in enumerate(range(0, len(turned), 2 * BLOCK)):
        held = bytes(turned[at : at + 2 * BLOCK])
        # Its own count of samples, 48 kHz, one channel, 16 bits.
        head = b"\xff\xf8\x7a\x08" + _numbered(number) + (len(held) // 2 - 1).to_bytes(2, "big")
        frame = head + _crc(CRC_8, 8, head) + b"\x02" + held
        yield frame + _crc(CRC_16, 16, frame)


def _numbered(number: int) -> bytes:
    """The number of a frame, written as UTF-8 writes a character, surrogates too."""
    return chr(number).encode("utf-8", "surrogatepass")


# Ogg Opus, and AAC with a head before each frame


def _opus(seconds: float) -> Iterator[bytes]:
    """Two pages of heads, then pages of silence."""
    head = b"OpusHead\x01\x01" + (312).to_bytes(2, "little") + RATE.to_bytes(4, "little") + b"\0\0\0"
    tags = b"OpusTags" + (8).to_bytes(4, "little") + b"anymedia" + bytes(4)
    yield _page([head], 0, 0, 2)
    yield _page([tags], 0, 1, 0)
    left = max(1, round(seconds * RATE / OPUS_FRAME))
    for page, before in enumerate(range(0, left, PACKETS)):
        count = min(PACKETS, left - before)
        ends = before + count == left
        yield _page([OPUS_SILENCE] * count, (before + count) * OPUS_FRAME, page + 2, 4 if ends else 0)


def _page(packets: list[bytes], until: int, number: int, flags: int) -> bytes:
    head = b"OggS\0" + bytes([flags]) + until.to_bytes(8, "little") + (1).to_bytes(4, "little")
    head += number.to_bytes(4, "little")
    body = bytes([len(packets), *map(len, packets)]) + b"".join(packets)
    crc = _crc(CRC_32, 32, head + bytes(4) + body)
    return head + crc[::-1] + body


def _aac(seconds: float) -> Iterator[bytes]:
    """Frames of AAC-LC at 48 kHz, in one channel."""
    size = 7 + len(AAC_SILENCE)
    head = bytes([0xFF, 0xF1, 0x4C, 0x40 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC])
    for _ in range(max(1, round(seconds * RATE / AAC_FRAME))):
        yield head + AAC_SILENCE
