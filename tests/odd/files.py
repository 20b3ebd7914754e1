"""The smallest files that are what they say, byte for byte."""

import json
import struct
import zlib


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(color: int = 7) -> bytes:
    """Return a picture of 4 × 3 pixels."""
    rows = b"".join(b"\0" + bytes([color, 80, 160]) * 4 for _ in range(3))
    head = struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0)
    parts = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _riff(kind: bytes, data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) + 4) + kind + data


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data


PNG = png()
_SOF = b"\xff\xc0\x00\x11\x08\x00\x03\x00\x04\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
_SOS = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + _SOF + _SOS + b"\x12\x34" * 40 + b"\xff\xd9"
_VP8 = b"\x10\0\0\x9d\x01\x2a\x04\0\x03\0" + bytes(30)
WEBP = _riff(b"WEBP", b"VP8 " + struct.pack("<I", len(_VP8)) + _VP8)
WAV = _riff(b"WAVE", b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + b"data\x40\0\0\0" + bytes(64))
MP4 = _box(b"ftyp", b"isom\0\0\x02\0isomiso2") + _box(b"moov", bytes(40)) + _box(b"mdat", bytes(200))
MOV = _box(b"ftyp", b"qt  \0\0\x02\0qt  ") + _box(b"moov", bytes(40)) + _box(b"mdat", bytes(200))
AVIF = _box(b"ftyp", b"avif\0\0\0\0avifmif1") + _box(b"meta", bytes(40)) + _box(b"mdat", bytes(50))
GIF = b"GIF89a\x04\0\x03\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x04\0\x03\0\0\x02\x03\x84\x8f\x05\0;"
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"><rect width="4"/></svg>\n'
JXL = b"\0\0\0\x0cJXL \r\n\x87\n" + _box(b"ftyp", b"jxl \0\0\0\0jxl ") + _box(b"jxlc", b"\xff\x0a" + bytes(20))
JXL_BARE = b"\xff\x0a" + bytes(range(40))
AAC = b"".join(b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9) for _ in range(6))
FLAC = b"fLaC\x80\0\0\x22" + bytes(34)
OGG = b"OggS\0\x02" + bytes(20) + b"\x01\x1e\x01vorbis" + bytes(22)
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm" + bytes(
    40
)
_GLTF = json.dumps({"asset": {"version": "2.0"}}).encode().ljust(32)
GLB = b"glTF" + struct.pack("<II", 2, 20 + len(_GLTF)) + struct.pack("<I", len(_GLTF)) + b"JSON" + _GLTF
ZIP = b"PK\x05\x06" + bytes(18)
ZIP_OF_ONE = (
    b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0" + bytes(12) + b"\x01\0\0\0a"
    b"PK\x01\x02\x0a\0\x0a\0\0\0\0\0\0\0\0\0" + bytes(12) + b"\x01\0" + bytes(16) + b"a"
    b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0\x1f\0\0\0\0\0"
)
MP3_FRAMES = {
    name: b"".join(start + bytes(rest) for _ in range(3))
    for name, start, rest in (
        ("layer-3", b"\xff\xfb\x90\x00", 413),
        ("layer-3-with-crc", b"\xff\xfa\x90\x00", 413),
        ("mpeg-2", b"\xff\xf3\x80\x00", 204),
        ("mpeg-2-with-crc", b"\xff\xf2\x80\x00", 204),
        ("mpeg-2.5", b"\xff\xe3\x80\x00", 413),
        ("mpeg-2.5-with-crc", b"\xff\xe2\x80\x00", 413),
    )
}
UNKNOWN = b"\x07\x11odd\0bytes that nobody knows " * 8
HTML = b"<!DOCTYPE html><html><head><title>Service paused</title></head><body>come back later</body></html>"
HTML_FTYP = b"<!-ftyp isom -><html><body>no film here</body></html>"

KEPT = {
    "png": (PNG, "png"),
    "jpeg": (JPEG, "jpg"),
    "webp": (WEBP, "webp"),
    "gif": (GIF, "gif"),
    "svg": (SVG, "svg"),
    "avif": (AVIF, "avif"),
    "jxl": (JXL, "jxl"),
    "jxl-bare": (JXL_BARE, "jxl"),
    "wav": (WAV, "wav"),
    "aac": (AAC, "aac"),
    "flac": (FLAC, "flac"),
    "ogg": (OGG, "ogg"),
    "mp4": (MP4, "mp4"),
    "mov": (MOV, "mov"),
    "webm": (WEBM, "webm"),
    "glb": (GLB, "glb"),
    "zip": (ZIP, "zip"),
    "zip-of-one": (ZIP_OF_ONE, "zip"),
    **{f"mp3-{name}": (data, "mp3") for name, data in MP3_FRAMES.items()},
}
"""Files that are kept as what they are, each with the ending of its name."""

TELL_THEIR_END = {"png": PNG, "jpeg": JPEG, "webp": WEBP, "mp4": MP4, "wav": WAV}
"""Files in which it stands whether they are whole."""
