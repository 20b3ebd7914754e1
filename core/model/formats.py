"""What a file is, read from its first bytes."""

import re
import struct

import attrs

from .strict_json import REPLACED, decoded


@attrs.frozen
class Format:
    """A media type, the usual ending of a file's name, and width and height in pixels where they are known."""

    type: str
    ending: str
    width: int | None = None
    height: int | None = None


UNKNOWN = Format("application/octet-stream", "bin")
"""What a file is that nobody here knows."""


def recognise(head: bytes) -> Format | None:
    """Return what a file's first bytes (64 KiB are enough) say that it is; None for what is no known media."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format("image/png", "png", *(struct.unpack(">II", head[16:24]) if len(head) >= 24 else ()))
    if head.startswith(b"\xff\xd8\xff"):
        return Format("image/jpeg", "jpg", *_jpeg_size(head))
    if head[:6] in (b"GIF87a", b"GIF89a") and len(head) >= 10:
        return Format("image/gif", "gif", *struct.unpack("<HH", head[6:10]))
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format("image/webp", "webp", *_webp_size(head))
    named = next((media for start, media in _PLAIN.items() if head.startswith(start)), None)
    return named or _boxes(head) or _riff(head) or _ebml(head) or _audio(head) or _svg(head)


_BRANDS = {
    b"avif": Format("image/avif", "avif"),
    b"avis": Format("image/avif", "avif"),
    b"heic": Format("image/heic", "heic"),
    b"mif1": Format("image/heif", "heif"),
    b"M4A ": Format("audio/mp4", "m4a"),
    b"qt  ": Format("video/quicktime", "mov"),
}

_PLAIN = {
    b"ID3": Format("audio/mpeg", "mp3"),
    b"fLaC": Format("audio/flac", "flac"),
    b"OggS": Format("audio/ogg", "ogg"),
    b"\xff\x0a": Format("image/jxl", "jxl"),
    b"\0\0\0\x0cJXL \r\n\x87\n": Format("image/jxl", "jxl"),
    b"glTF": Format("model/gltf-binary", "glb"),
    b"PK\x03\x04": Format("application/zip", "zip"),
    b"PK\x05\x06": Format("application/zip", "zip"),  # an empty one
}

_OLD_MOVIE = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What a QuickTime film begins with that is older than its brands."""

_LONGEST_FTYP = 4096


def _boxes(head: bytes) -> Format | None:
    """Return what the first box of an ISO file says."""
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if kind == b"ftyp" and 12 <= size <= _LONGEST_FTYP:
        return _BRANDS.get(head[8:12], Format("video/mp4", "mp4"))
    if kind in _OLD_MOVIE and (size >= 8 or size == 1) and head[0] < 0x20:  # no text begins so
        return _BRANDS[b"qt  "]
    return None


def _riff(head: bytes) -> Format | None:
    return Format("audio/wav", "wav") if head[:4] == b"RIFF" and head[8:12] == b"WAVE" else None


def _ebml(head: bytes) -> Format | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return Format("video/x-matroska", "mkv") if b"matroska" in head[:64] else Format("video/webm", "webm")


def _audio(head: bytes) -> Format | None:
    """Return what a bare frame is of: MPEG 1, 2 or 2.5 layer III, or AAC."""
    if len(head) < 3 or head[0] != 0xFF or head[1] < 0xE0:
        return None
    version, layer, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2]
    if layer == 1 and version != 1 and rate >> 4 != 15 and rate >> 2 & 3 != 3:
        return _PLAIN[b"ID3"]
    if layer == 0 and head[1] >= 0xF0 and rate >> 2 & 15 < 13:
        return Format("audio/aac", "aac")
    return None


_ROOT = re.compile(
    rb"(?:<\?xml[^>]*+>\s*+|(?><!--.*?-->)\s*+|<!DOCTYPE[^>\[]*+(?:\[[^\]]*+\][^>]*+)?>\s*+)*+<(?:[\w-]+:)?(\w+)",
    re.DOTALL | re.IGNORECASE,
)


def _root(head: bytes) -> bytes:
    """Return the name of the element that a text of tags begins with."""
    found = _ROOT.match(_text(head).lstrip())
    return found[1].lower() if found else b""


def _svg(head: bytes) -> Format | None:
    return Format("image/svg+xml", "svg") if _root(head) == b"svg" else None


def _text(head: bytes) -> bytes:
    """Return text without what marks its encoding."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return head[: len(head) & ~1].decode(encoding, "replace").encode("utf-8", "replace")
    return head.removeprefix(b"\xef\xbb\xbf")


_LAST = 2
"""Letters at the end, of which one may be cut."""

_BINARY = re.compile(f"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f{REPLACED}]")


def is_message(head: bytes) -> bool:
    """Return whether a file that is no known media is a text (HTML, XML, JSON, a sentence) that came in its place.

    No picture, film or sound is a text but for those that `recognise` knows; what was declared says nothing.
    """
    text = decoded(head)
    return _BINARY.search(text[:-_LAST] if len(text) > _LAST else text) is None


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
