"""What a file's first bytes say, held against files that Pillow writes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from anymedia.model.formats import Format, is_message, measured, recognise


def picture(form, size=(37, 21), mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, "teal").save(file, form, **options)
    return file.getvalue()


FILES = [
    ("image/png", "png", picture("PNG")),
    ("image/jpeg", "jpg", picture("JPEG")),
    ("image/jpeg", "jpg", picture("JPEG", progressive=True)),
    ("image/jpeg", "jpg", picture("JPEG", exif=b"Exif\0\0" + b"x" * 40_000, icc_profile=b"y" * 9_000)),
    ("image/gif", "gif", picture("GIF")),
    ("image/webp", "webp", picture("WEBP")),
    ("image/webp", "webp", picture("WEBP", lossless=True)),
    ("image/webp", "webp", picture("WEBP", mode="RGBA", exif=b"Exif\0\0xx")),
]


@pytest.mark.parametrize(("kind", "ending", "data"), FILES)
def test_type_and_size_of_a_picture(kind, ending, data):
    assert measured(io.BytesIO(data)) == Format(kind, ending, 37, 21)
    assert recognise(data[: 1 << 16]) == Format(kind, ending)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (300, 2), (2048, 1360), (3840, 2160)])
def test_every_byte_of_a_size_is_read(form, size):
    media = measured(io.BytesIO(picture(form, size)))
    assert (media.width, media.height) == size


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"\0\0\0\x18ftypavif", "image/avif"),
        (b"\x1a\x45\xdf\xa3", "video/webm"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\xff\xfa\x90", "audio/mpeg"),
        (b"\xff\xf3\x48", "audio/mpeg"),
        (b"\xff\xf2\x48", "audio/mpeg"),
        (b"\xff\xe3\x18", "audio/mpeg"),
        (b"\xff\xe2\x18", "audio/mpeg"),
        (b"\xff\xf1\x50", "audio/aac"),
        (b"\xff\xf9\x50", "audio/aac"),
        (b"\xff\x0a", "image/jxl"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\0\0\x01\0moov", "video/quicktime"),
        (b"\0\0\0\x01mdat", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\xa3B\x82\x88matroska", "video/x-matroska"),
        (b"glTF\x02", "model/gltf-binary"),
        (b"PK\x03\x04", "application/zip"),
        (b"PK\x05\x06", "application/zip"),
        (b"<svg width='1'>", "image/svg+xml"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><!-- a --><!DOCTYPE svg [<!ENTITY x 'y'>]>\n<svg:svg>", "image/svg+xml"),
        ("\ufeff<svg>".encode("utf-16-le"), "image/svg+xml"),
        (b"fLaC", "audio/flac"),
        (b"OggS", "audio/ogg"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0WEBPVP8?" + b"\0" * 20, "image/webp"),
        (b"\xff\xd8\xff\xd9", "image/jpeg"),
    ],
)
def test_what_has_no_size_has_a_type_all_the_same(head, kind):
    media = measured(io.BytesIO(head))
    assert (media.type, media.width, media.height, media.seconds) == (kind, None, None, None)
    assert recognise(head) == media


@pytest.mark.parametrize(
    ("head", "page"),
    [
        (b"", True),
        (b"%PDF-1.7", True),
        (b"RIFF\0\0\0\0AVI ", False),
        (b"GIF87a", True),
        (b"\x89PNG", False),
        (b"BM", True),
        (b"MZ", True),
        (b"some text", True),
        (b"[Event]", True),
        (b"<COLLADA>", True),
        (b"\xff\xfb\xf0", False),  # no bit rate
        (b"\xff\xf1\x3c", False),  # no sample rate
        (b"\xff\xeb\x90", False),  # no version
        (b"\xff\xff", False),
        (b"\xff\xfd\x90", False),  # layer II
        (b"xxxxmoov", True),
        (b"<b> ftyp", True),
        (b"\0\0\0\x04ftypisom", False),
        (b"<html>", True),
        (b"  \r\n<HTML lang='en'>", True),
        (b"<!DOCTYPE html>", True),
        (b"<!doctype html public", True),
        (b"<!--ftypmp42 and no end", True),
        (b"<!-- a --> <Error><Code>", True),
        (b"<?xml version='1.0' encoding='UTF-8'?>\n<Error>", True),
        ("<html>".encode("utf-16"), True),
        (b'{"error": 1}', True),
        (b'\xef\xbb\xbf{"error": "cut', True),
        (b"[]", True),
        (b'[{"error": "cut', True),
        (b"[" * 30_000 + b"]" * 30_000, True),
        (b"Forbidden: the signature has expired", True),
        ("<p>nicht gefunden: \u00fc".encode("utf-16-le"), True),
        ("a message that is cut in a letter: \u00fc".encode()[:-1], True),
        (b"BM\x36\0\0\0\0\0\0\0", False),
        (b"II*\0\x08\0\0\0", False),
    ],
)
def test_what_is_no_media_is_a_message_or_nobody_knows_what(head, page):
    assert recognise(head) is measured(io.BytesIO(head)) is None
    assert is_message(head) is page


@given(
    st.text(max_size=60),
    st.sampled_from([b"<!--", b"<?xml ", b"{", b"[", b"<!DOCTYPE ", b"<svg", b""]),
    st.binary(max_size=90),
)
def test_any_text_is_told_in_time(text, start, rest):
    is_message(start + text.encode() * 40 + rest)
    recognise(start + b" " * 9_000 + text.encode())


def test_a_text_of_blanks_or_comments_is_read_in_time():
    for head in (b" " * 65_536, b"<!--" * 16_384, b"<!---->" * 9_000, b"<?xml ?>" * 8_000, b"<!DOCTYPE [" * 5_000):
        assert recognise(head) is None
        is_message(head)


@given(st.sampled_from(FILES), st.data())
def test_a_head_that_is_cut_or_spoilt_never_breaks_it(file, data):
    _, _, whole = file
    head = bytearray(whole[: data.draw(st.integers(0, 200))])
    for at in data.draw(st.lists(st.integers(0, max(len(head) - 1, 0)), max_size=3)):
        head[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
    measured(io.BytesIO(head))


@given(st.sampled_from([b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n", b"GIF89a", b""]), st.binary())
def test_any_bytes_are_something_or_nothing(start, rest):
    media = measured(io.BytesIO(start + rest))
    assert media is None or "/" in media.type


def test_the_scale_of_a_webp_is_no_part_of_its_size():
    head = bytearray(picture("WEBP"))
    head[27] |= 0x40
    head[29] |= 0x80
    assert measured(io.BytesIO(head)) == Format("image/webp", "webp", 37, 21)


@pytest.mark.parametrize(
    ("brand", "kind"),
    [
        *((b"heic", "image/heic"), (b"M4A ", "audio/mp4"), (b"isom", "video/mp4")),
        *((b"mif1\0\0\0\0mif1avif", "image/avif"), (b"msf1\0\0\0\0hevc", "image/heic"), (b"mif1", "image/heif")),
    ],
)
def test_the_brand_tells_what_a_container_holds(brand, kind):
    assert recognise(b"\x00\x00\x00\x18ftyp" + brand + b"\x00" * 8).type == kind
