"""Whether a file has come to its end, held against files that Pillow and the standard library write, cut anywhere."""

import io
import struct
import wave
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from anymedia.model.formats import recognise
from anymedia.transport import whole
from anymedia.transport.whole import CHECKS, is_whole


def picture(form, **options):
    file = io.BytesIO()
    noise = Image.effect_noise((60, 40), 80).convert("RGB")
    noise.save(file, form, **options)
    return file.getvalue()


def sound():
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(range(200)))
    return file.getvalue()


def archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("a.obj", "v 0 0 0")
    return file.getvalue()


def box(kind, body, *, wide=False):
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


def film(brand=b"isom", kinds=(b"moov", b"mdat"), **how):
    return box(b"ftyp", brand + b"\0\0\0\0mp42") + b"".join(box(kind, b"x" * 50, **how) for kind in kinds)


def page(flags, body):
    return b"OggS\0" + bytes([flags]) + b"\0" * 20 + bytes([1, len(body)]) + body


EBML = b"\x1a\x45\xdf\xa3\x84webm"

FILES = {
    "png": picture("PNG"),
    "jpg": picture("JPEG"),
    "progressive.jpg": picture("JPEG", progressive=True),
    "exif.jpg": picture("JPEG", exif=b"Exif\0\0\xff\xd8thumbnail\xff\xd9" + b"x" * 300, restart_marker_blocks=2),
    "gif": picture("GIF", save_all=True, append_images=[Image.effect_noise((60, 40), 30)], comment=b"hello"),
    "webp": picture("WEBP"),
    "avif": film(b"avif", (b"meta", b"mdat")),
    "mp4": film(),
    "faststart.mp4": film(wide=True),
    "mov": film(b"qt  ", (b"wide", b"mdat", b"moov")),
    "m4a": film(b"M4A "),
    "wav": sound(),
    "ogg": page(2, b"head") + page(0, b"body") + page(4, b"end"),
    "webm": EBML + b"\x18\x53\x80\x67\x01\0\0\0\0\0\0\x32" + b"c" * 50,
    "glb": struct.pack("<4sII", b"glTF", 2, 40) + b"\0" * 28,
    "zip": archive(),
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>\n',
}


def written(path, data):
    path.write_bytes(data)
    return is_whole(path, recognise(data).type)


@pytest.mark.parametrize("name", FILES)
def test_a_whole_file_is_whole_with_filling_behind_it_too(name, tmp_path):
    assert recognise(FILES[name]).type in CHECKS
    assert written(tmp_path / name, FILES[name])
    assert written(tmp_path / name, FILES[name] + b"\0\0")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_is_not(name, tmp_path):
    data = FILES[name]
    step = max(len(data) // 60, 1)
    cuts = list(range(64, len(data) - 3, step))
    kept = [at for at in cuts if written(tmp_path / name, data[:at])]
    assert kept == []


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\xff\xff\xff\xffWAVEfmt " + b"\0" * 40,
        b"RIFF\0\0\0\0WAVEfmt " + b"\0" * 40,
        EBML + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"cluster",
        box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", b"x") + b"\0\0\0\0mdat" + b"y" * 9,
        b"ID3\x04",
        b"fLaC",
    ],
)
def test_what_does_not_say_where_it_ends_is_taken_as_it_is(data, tmp_path):
    assert written(tmp_path / "file", data)


@given(st.sampled_from(sorted(FILES)), st.data())
def test_spoilt_files_never_break_it(name, data):
    body = bytearray(FILES[name][: data.draw(st.integers(1, len(FILES[name])))])
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    for check in CHECKS.values():
        assert check(bytes(body)) in (True, False)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("image/png", FILES["png"][:8] + b"\0\0\0\0abcd\0\0\0\0" * 50),
        ("image/jpeg", b"\xff\xd8" * 50),
        ("image/gif", b"GIF89a" + b"\0" * 7 + b"\x21\xff" + b"\x01\x01" * 50),
        ("audio/ogg", page(0, b"") * 50),
        ("image/avif", b"\0\0\0\x08mdat" + b"\0\0\0\x08free" * 50),
    ],
)
def test_a_file_of_too_many_pieces_is_taken_at_its_word(kind, data, tmp_path, monkeypatch):
    """A file may hold hundreds of millions of them, which would take minutes to go through."""
    file = tmp_path / "file"
    file.write_bytes(data)
    told = is_whole(file, kind)
    monkeypatch.setattr(whole, "MOST_STEPS", 10)
    assert is_whole(file, kind)
    assert told is (kind == "image/avif")


@pytest.mark.parametrize("reach", [2, 3, 64])
def test_markers_are_found_wherever_they_are(reach, tmp_path, monkeypatch):
    monkeypatch.setattr(whole, "REACH", reach)
    file = tmp_path / "file.jpg"
    for name in ("jpg", "progressive.jpg", "exif.jpg"):
        file.write_bytes(FILES[name])
        assert is_whole(file, "image/jpeg")
        file.write_bytes(FILES[name][:-2])
        assert not is_whole(file, "image/jpeg")
