"""What kind of file it is, told from its first bytes."""

from collections.abc import Mapping

import attrs

from .format import Format
from .text import is_svg

MP3 = Format("audio/mpeg", "mp3")
_AVIF, _HEIC = Format("image/avif", "avif"), Format("image/heic", "heic")
_MP4, _M4A, _MOV = Format("video/mp4", "mp4"), Format("audio/mp4", "m4a"), Format("video/quicktime", "mov")
_MKV, _WEBM = Format("video/x-matroska", "mkv"), Format("video/webm", "webm")

_SOUNDS: Mapping[str, Format] = {
    _MP4.type: _M4A,
    _WEBM.type: Format("audio/webm", "weba"),
    _MKV.type: Format("audio/x-matroska", "mka"),
}


def as_sound(found: Format) -> Format:
    """Return a container of films as what it is if it holds sound and no film."""
    sound = _SOUNDS.get(found.type, found)
    return attrs.evolve(found, type=sound.type, ending=sound.ending)


_STARTS = {
    b"\x89PNG\r\n\x1a\n": Format("image/png", "png"),
    b"\xff\xd8\xff": Format("image/jpeg", "jpg"),
    b"ID3": MP3,
    b"fLaC": Format("audio/flac", "flac"),
    b"OggS": Format("audio/ogg", "ogg"),
    b"\xff\x0a": Format("image/jxl", "jxl"),
    b"\0\0\0\x0cJXL \r\n\x87\n": Format("image/jxl", "jxl"),
    b"glTF": Format("model/gltf-binary", "glb"),
    b"PK\x03\x04": Format("application/zip", "zip"),
    b"PK\x05\x06": Format("application/zip", "zip"),  # an empty one
}


def recognise(head: bytes) -> Format | None:
    """Return the kind of file that its first bytes (64 KiB are enough) tell; None for what is no known media.

    Pixels and seconds are no part of it: `measured` reads these.
    """
    begun = next((found for start, found in _STARTS.items() if head.startswith(start)), None)
    return begun or _gif(head) or _riff(head) or _boxes(head) or _ebml(head) or _frame(head) or _svg(head)


def _gif(head: bytes) -> Format | None:
    return Format("image/gif", "gif") if head[:6] in (b"GIF87a", b"GIF89a") and len(head) >= 10 else None


_RIFFS = {
    (b"RIFF", b"WEBP"): Format("image/webp", "webp"),
    **dict.fromkeys(((start, b"WAVE") for start in (b"RIFF", b"RF64", b"BW64")), Format("audio/wav", "wav")),
}


def _riff(head: bytes) -> Format | None:
    return _RIFFS.get((head[:4], head[8:12]))


_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), _AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), _HEIC),
    **dict.fromkeys((b"M4A ", b"M4B "), _M4A),
    b"qt  ": _MOV,
}

_STILL = (b"mif1", b"msf1")
"""Brands of pictures of any coding; the brands behind them tell which."""

_OLD_MOVIE = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What a QuickTime film begins with that is older than its brands."""

_LONGEST_FTYP = 4096


def _boxes(head: bytes) -> Format | None:
    """Return what the first box of an ISO file says."""
    size, kind, brand = int.from_bytes(head[:4], "big"), head[4:8], head[8:12]
    if kind == b"ftyp" and 12 <= size <= _LONGEST_FTYP:
        if brand in _STILL:
            others = (head[at : at + 4] for at in range(16, size, 4))
            return next((_BRANDS[each] for each in others if each in _BRANDS), Format("image/heif", "heif"))
        return _BRANDS.get(brand, _MP4)
    if kind in _OLD_MOVIE and (size >= 8 or size == 1) and head[0] < 0x20:  # no text begins so
        return _MOV
    return None


def _ebml(head: bytes) -> Format | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return _MKV if b"matroska" in head[:64] else _WEBM


def _frame(head: bytes) -> Format | None:
    """Return what a bare frame is of: MPEG 1, 2 or 2.5 layer III, or AAC."""
    if len(head) < 3 or head[0] != 0xFF or head[1] < 0xE0:
        return None
    version, layer, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2]
    if layer == 1 and version != 1 and rate >> 4 != 15 and rate >> 2 & 3 != 3:
        return MP3
    if layer == 0 and head[1] >= 0xF0 and rate >> 2 & 15 < 13:
        return Format("audio/aac", "aac")
    return None


def _svg(head: bytes) -> Format | None:
    return Format("image/svg+xml", "svg") if is_svg(head) else None
