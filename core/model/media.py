"""What a file is, read from its first bytes."""

import struct

import attrs


@attrs.frozen
class Media:
    """A media type, the usual ending of a file's name, and width and height in pixels where they are known."""

    type: str
    ending: str
    width: int | None = None
    height: int | None = None


def recognise(head: bytes) -> Media | None:
    """Return what a file's first bytes (64 KiB are enough) say that it is; None for what is no known media."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:
        return Media("image/png", "png", *struct.unpack(">II", head[16:24]))
    if head.startswith(b"\xff\xd8\xff"):
        return Media("image/jpeg", "jpg", *_jpeg_size(head))
    if head[:6] in (b"GIF87a", b"GIF89a") and len(head) >= 10:
        return Media("image/gif", "gif", *struct.unpack("<HH", head[6:10]))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Media("image/webp", "webp", *_webp_size(head))
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], Media("video/mp4", "mp4"))
    return next((media for start, media in _PLAIN.items() if head.startswith(start)), None) or _riff(head)


_BRANDS = {
    b"avif": Media("image/avif", "avif"),
    b"avis": Media("image/avif", "avif"),
    b"heic": Media("image/heic", "heic"),
    b"mif1": Media("image/heif", "heif"),
    b"M4A ": Media("audio/mp4", "m4a"),
    b"qt  ": Media("video/quicktime", "mov"),
}

_PLAIN = {
    b"\x1a\x45\xdf\xa3": Media("video/webm", "webm"),
    b"ID3": Media("audio/mpeg", "mp3"),
    b"\xff\xfb": Media("audio/mpeg", "mp3"),
    b"\xff\xf3": Media("audio/mpeg", "mp3"),
    b"fLaC": Media("audio/flac", "flac"),
    b"OggS": Media("audio/ogg", "ogg"),
}


def _riff(head: bytes) -> Media | None:
    return Media("audio/wav", "wav") if head[:4] == b"RIFF" and head[8:12] == b"WAVE" else None


def _jpeg_size(head: bytes) -> tuple[int | None, int | None]:
    """Walk the segments up to the frame header, which holds height and width."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    return None, None


def _webp_size(head: bytes) -> tuple[int | None, int | None]:
    if head[12:16] == b"VP8X" and len(head) >= 30:
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if head[12:16] == b"VP8 " and len(head) >= 30:
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if head[12:16] == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None, None
