"""A C2PA mark is found wherever it is written; a file without one has none."""

import io
import struct
from functools import partial

import pytest

from anymedia.model.formats import has_c2pa
from tests.samples import SAMPLES, box, sample

from .test_measured import chunk, tag

STORE = box(b"jumb", box(b"jumd", b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3c2pa\0"), b"...")
UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def behind(name, at, piece):
    data = sample(name)
    return data[:at] + piece + data[at:]


def jpeg(payload):
    return behind("picture.jpg", 2, b"\xff\xeb" + struct.pack(">H", 2 + len(payload)) + payload)


def gif(name):
    data = sample("picture.gif")
    at = 13 + (3 << (data[10] & 7) + 1)
    return data[:at] + b"!\xff\x0b" + name + b"\1\0\0\4....\0" + data[at:]


def boxed(name, kind, body):
    data = sample(name)
    return behind(name, int.from_bytes(data[:4], "big"), box(kind, body))


MARKED = {
    "png": lambda: behind("picture.png", 33, chunk(b"caBX", STORE)),
    "jpg": lambda: jpeg(b"JP\0\1\0\0\0\1" + STORE),
    "gif": lambda: gif(b"C2PA_GIF"),
    "webp": lambda: sample("picture.webp") + b"C2PA\3\0\0\0...\0",
    "wav": lambda: sample("sound.wav") + b"C2PA\4\0\0\0....",
    "svg": lambda: b"<svg><metadata><c2pa:manifest>AAAA</c2pa:manifest></metadata></svg>",
    "avif": lambda: boxed("picture.avif", b"uuid", UUID + b"\0\0\0\0manifest\0" + STORE),
    "heic": lambda: boxed("picture.heic", b"uuid", UUID + STORE),
    "mp4": lambda: sample("film.mp4") + box(b"uuid", UUID, STORE),
    "mov": lambda: sample("film.mov") + box(b"uuid", UUID, STORE),
    "m4a": lambda: sample("sound.m4a") + box(b"uuid", UUID, STORE),
    "jxl": lambda: box(b"JXL ", b"\r\n\x87\n") + STORE,
    "mp3": lambda: tag((b"TXXX", b"x"), (b"GEOB", b"\0application/c2pa\0\0\0" + STORE)) + sample("sound.mp3"),
    "mp3 of version 4": lambda: tag((b"GEOB", b"\0application/x-c2pa-manifest-store\0"), version=4),
    "flac": lambda: tag((b"GEOB", b"\0application/c2pa\0\0\0" + STORE)) + sample("sound.flac"),
}

UNMARKED = {
    **{name: partial(sample, name) for name in SAMPLES},
    "a note in a jpg": lambda: jpeg(b"JP\0\1\0\0\0\1" + box(b"jumb", box(b"jumd", bytes(16)))),
    "an application in a gif": lambda: gif(b"NETSCAPE"),
    "another box": lambda: sample("film.mp4") + box(b"uuid", bytes(16), STORE),
    "a frame": lambda: tag((b"GEOB", b"\0text/plain\0"), (b"APIC", b"\0image/c2pa"), (bytes(4), b"")),
    "a page": lambda: b"<html>c2pa",
    "nothing": lambda: b"",
    "a mark that is cut": lambda: MARKED["png"]()[:36],
}


@pytest.mark.parametrize("name", MARKED)
def test_a_mark_is_found(name):
    assert has_c2pa(io.BytesIO(MARKED[name]()))


@pytest.mark.parametrize("name", UNMARKED)
def test_there_is_none_where_there_is_none(name):
    assert not has_c2pa(io.BytesIO(UNMARKED[name]()))
