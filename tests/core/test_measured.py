"""Size and length of files, held against what the players' libraries see in them; hostile files read within bounds."""

import io
import struct
import zlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from anymedia.model.formats import Format, has_c2pa, measured
from anymedia.model.formats.window import MOST_PAGES, PAGE
from tests.samples import HEIGHT, SAMPLES, WIDTH, box, picture, sample, shown, sound

FRAME = 0.05
"""Seconds by which two readers of a film or a sound may differ: a frame, or the delay of a coder."""

STILL = [name for name in SAMPLES if name.startswith("picture")]


def told(data):
    return measured(io.BytesIO(data))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_is_what_players_see(name):
    kind, found = SAMPLES[name], told(sample(name))
    assert (found.type, found.ending) == (kind.type, kind.ending)
    if kind.type.startswith(("image", "video")):
        assert (found.width, found.height) == (WIDTH, HEIGHT)
    assert found.seconds == (None if name in STILL else pytest.approx(_seconds(name), abs=FRAME))


def _seconds(name):
    """Return how long a file lasts; of pictures that move, players do not read all."""
    return 0.9 if name in ("moving.webp", "moving.avif") else shown(sample(name)).seconds


def test_players_see_the_size_of_what_they_read():
    for name in (name for name in SAMPLES if name not in ("moving.webp", "picture.svg")):
        seen = shown(sample(name))
        assert (seen.width, seen.height) == (told(sample(name)).width, told(sample(name)).height)


PLAIN = {"write_xing": "0", "id3v2_version": "0"}
MP3S = {
    "variable, with a header": {"seconds": 4, "bit_rate": 32_000},
    "constant, without a header": {"options": PLAIN},
    "one channel": {"layout": "mono"},
    "half the rate": {"hertz": 22_050, "layout": "mono", "options": PLAIN},
    "a quarter": {"hertz": 11_025, "options": PLAIN},
    "a quarter, with a header": {"hertz": 8_000, "layout": "mono"},
}


@cache
def mp3(name):
    return sound("mp3", "libmp3lame", **MP3S[name])


@pytest.mark.parametrize("name", MP3S)
def test_an_mp3_lasts_as_long_as_its_frames(name):
    assert told(mp3(name)).seconds == pytest.approx(shown(mp3(name)).seconds, abs=FRAME)


def test_an_mp3_that_is_put_together_lasts_as_long_as_its_parts():
    one = mp3("variable, with a header")
    assert told(one * 5).seconds == pytest.approx(5 * told(one).seconds, abs=1)


def vbri(frames):
    """Return an MP3 whose first frame says in another encoder's way how many follow it."""
    empty = b"\xff\xfb\x90\xc4"
    return empty + bytes(32) + b"VBRI" + struct.pack(">HHHII", 1, 0, 0, 417 * (frames + 1), frames) + bytes(300)


def tag(*frames, version=3, footer=0):
    """Return an ID3 tag with some frames."""
    inside = b"".join(name + struct.pack(">IH", len(body), 0) + body for name, body in frames)
    size = bytes(len(inside) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes([version, 0, 0x10 if footer else 0]) + size + inside + bytes(10 if footer else 0)


PICTURED = tag((b"APIC", b"\0" * 200_000), footer=1)


@pytest.mark.parametrize(
    ("data", "kind", "seconds"),
    [
        (vbri(100), "audio/mpeg", 2.612),
        (b"\xff\xfb\x90\xc4" + bytes(413) + b"\xff\xfb\xf0\xc4" + bytes(413), "audio/mpeg", 0.026),
        (PICTURED + b"\x89PNG\r\n\x1a\n", "audio/mpeg", None),
        (PICTURED[:3000], "audio/mpeg", None),
        (b"\xff\xfb\x00\xc4" + bytes(600), "audio/mpeg", None),  # of any bit rate
        (b"\xff\xf1\x50\x80\0\0\0" + bytes(600), "audio/aac", None),
        (b"\xff\xf1\x50\x80", "audio/aac", None),
    ],
)
def test_a_sound_behind_a_tag(data, kind, seconds):
    assert (told(data).type, told(data).seconds) == (kind, seconds)


@pytest.mark.parametrize(("name", "seconds"), [("sound.mp3", 1.536), ("sound.flac", 1.5), ("sound.aac", 1.536)])
def test_a_sound_is_read_behind_tags_of_any_length(name, seconds):
    found = told(PICTURED + tag() + sample(name))
    assert (found.type, found.seconds) == (SAMPLES[name].type, seconds)


def riff(*parts, form=b"WAVE", start=b"RIFF"):
    """Return a RIFF file of some chunks, each with its length as it is, or as it says."""
    body = b""
    for kind, content, *length in parts:
        body += kind + struct.pack("<I", *(length or [len(content)])) + content + bytes(len(content) % 2)
    return start + struct.pack("<I", len(body) + 4) + form + body


def wave_format(code=1, rate=8000, second=16_000):
    return b"fmt ", struct.pack("<HHIIHH", code, 1, rate, second, 2, 16)


@pytest.mark.parametrize(
    "data",
    [
        riff(wave_format(), (b"LIST", b"odd"), (b"data", bytes(8000))),
        riff(wave_format(), (b"data", bytes(8000), 0xFFFF_FFFF)),
        riff(wave_format(), (b"data", bytes(8000), 0)),
        riff(wave_format(), (b"data", bytes(8000), 20_000)),  # cut off
        riff(wave_format(2, second=4000), (b"fact", struct.pack("<I", 4000)), (b"data", bytes(10))),
        riff(
            (b"ds64", struct.pack("<QQQ", 0, 8000, 0)),
            wave_format(),
            (b"data", bytes(9000), 0xFFFF_FFFF),
            start=b"RF64",
        ),
    ],
)
def test_a_wav_lasts_as_long_as_its_data(data):
    assert told(data) == Format("audio/wav", "wav", seconds=0.5)


def test_a_wav_without_data_or_rate_has_no_length():
    assert told(riff(wave_format())).seconds is None
    assert told(riff(wave_format(second=0), (b"data", bytes(8)))).seconds is None


def ogg_page(packet, *, flags=2, stream=b"abcd", moment=0):
    rows = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    return b"OggS\0" + struct.pack("<BQ4sII", flags, moment, stream, 0, 0) + bytes([len(rows)]) + rows + packet


SPEEX = b"Speex   " + bytes(28) + struct.pack("<I", 16_000)
FLAC = b"\x7fFLAC\1\0\0\1fLaC" + bytes(14) + (44_100 << 44 | 1 << 41).to_bytes(8, "big")
THEORA = b"\x80theora" + bytes(40)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (ogg_page(SPEEX) + ogg_page(b"x" * 700, flags=0, moment=32_000), 2),
        (ogg_page(FLAC) + ogg_page(b"x", flags=4, moment=22_050) + bytes(9), 0.5),
        (ogg_page(THEORA, stream=b"film") + ogg_page(SPEEX) + ogg_page(b"x", flags=4, moment=8000), 0.5),
        (ogg_page(SPEEX) + ogg_page(b"x", flags=4, moment=8000) + ogg_page(b"", flags=4, moment=(1 << 64) - 1), 0.5),
        (ogg_page(SPEEX) + ogg_page(b"x", flags=4, moment=8000, stream=b"next"), None),
        (ogg_page(SPEEX) + ogg_page(b"x" * 60_000, flags=0)[:1000], None),
        (ogg_page(THEORA), None),
        (ogg_page(SPEEX) + ogg_page(b"x", flags=0, moment=(1 << 64) - 1), None),
        (ogg_page(SPEEX)[:30], None),
        (ogg_page(SPEEX) + 3 * ogg_page(b"x" * 60_000, flags=0, stream=b"next"), None),
    ],
)
def test_an_ogg_lasts_up_to_the_last_page_of_its_sound(data, seconds):
    assert told(data) == Format("audio/ogg", "ogg", seconds=seconds)


# Films


def header(kind, rate, amount, long=False):
    """Return the header of a film or a track, which holds a number of its own too."""
    return box(kind, struct.pack(">IQQIQ" if long else ">IIIII", long << 24, 0, 0, rate, amount))


def track(number, handler, *, width=0, height=0, rate=1000):
    entry = box(b"avc1", bytes(24), struct.pack(">HH", width, height), bytes(50))
    stored = box(b"minf", box(b"stbl", box(b"stsd", bytes(8), entry)))
    kind = box(b"hdlr", bytes(8), handler, bytes(13))
    return box(
        b"trak",
        box(b"tkhd", struct.pack(">IIII", 0, 0, 0, number)),
        box(b"mdia", header(b"mdhd", rate, 0), kind, stored),
    )


def fragment(*runs, number=1, at=None, each=None):
    """Return a fragment of a track; where nothing else is said, it begins where the one before ended."""
    head = struct.pack(">IIQ", 0x9 if each else 0x1, number, 0) + (struct.pack(">I", each) if each else b"")
    begins = [box(b"tfdt", struct.pack(">IQ", 1 << 24, at))] if at is not None else []
    return box(b"moof", box(b"traf", box(b"tfhd", head), *begins, *(box(b"trun", run) for run in runs)))


USUAL = struct.pack(">II", 0, 10)
LONG = struct.pack(">IIII", 0x205, 10, 0, 0)
TOLD = struct.pack(">III", 0x301, 2, 0) + struct.pack(">IIII", 100, 1, 150, 1)
FTYP = box(b"ftyp", b"isom\0\0\0\0")
EXTENDED = box(b"mvex", box(b"trex", struct.pack(">IIII", 0, 1, 0, 40)))


def fragmented(*fragments, extended=EXTENDED):
    return FTYP + box(b"moov", header(b"mvhd", 600, 0), track(1, b"soun"), extended) + b"".join(fragments)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (fragmented(fragment(USUAL, LONG)), 0.8),
        (fragmented(fragment(USUAL, each=20), fragment(TOLD)), 0.45),
        (fragmented(fragment(TOLD, at=5000), fragment(TOLD, number=7)), 5.25),
        (fragmented(extended=box(b"mvex", box(b"mehd", struct.pack(">IQ", 1 << 24, 900)))), 1.5),
        (fragmented(extended=box(b"mvex", box(b"mehd", struct.pack(">II", 0, 300)))), 0.5),
        (fragmented(extended=b""), None),
    ],
)
def test_fragments_last_as_long_as_their_samples(data, seconds):
    assert told(data) == Format("audio/mp4", "m4a", seconds=seconds)


def test_a_long_header_is_read_and_a_film_that_begins_anew_has_the_length_of_its_tracks():
    assert told(FTYP + box(b"moov", header(b"mvhd", 1000, 2500, long=True))).seconds == 2.5
    endless = box(b"moov", header(b"mvhd", 1000, (1 << 32) - 1), box(b"trak", box(b"mdia", header(b"mdhd", 10, 5))))
    assert told(FTYP + endless).seconds == 0.5


def test_the_pixels_of_a_film_are_those_that_are_stored():
    moov = box(b"moov", track(1, b"vide"), track(2, b"vide", width=720, height=1280), track(3, b"vide", width=9))
    assert told(FTYP + moov) == Format("video/mp4", "mp4", 720, 1280)
    wide = struct.pack(">I4sQ", 1, b"moov", 8 + len(moov)) + moov[8:]
    assert told(FTYP + wide).width == 720
    assert told(FTYP + struct.pack(">I4sI", 1, b"moov", 0)).width is None
    assert told(FTYP + bytes(4) + moov[4:]).width == 720  # up to the end


def test_a_film_that_is_turned_is_told_as_it_is_stored():
    data = picture("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")
    assert Image.open(io.BytesIO(data)).getexif()[0x112] == 6
    assert (told(data).width, told(data).height) == (WIDTH, HEIGHT)


def meta(*inside):
    return box(b"ftyp", b"avif\0\0\0\0") + box(b"meta", bytes(4), *inside)


SIDES = box(
    b"iprp", box(b"ipco", box(b"ispe", struct.pack(">III", 0, 8, 9)), box(b"ispe", struct.pack(">III", 0, 6, 7)))
)


def uses(*items, wide=False, long=False):
    said = b"".join(
        struct.pack(">I" if long else ">H", item) + bytes([1]) + (b"\0" if wide else b"") + bytes([number])
        for item, number in items
    )
    return box(b"iprp", box(b"ipma", struct.pack(">BBBBI", long, 0, 0, wide, len(items)), said))


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (meta(box(b"pitm", struct.pack(">IH", 0, 3)), SIDES, uses((1, 1), (3, 2))), (6, 7)),
        (meta(box(b"pitm", struct.pack(">II", 1 << 24, 3)), SIDES, uses((1, 2), (3, 1), wide=True, long=True)), (8, 9)),
        (meta(box(b"pitm", struct.pack(">IH", 0, 3)), SIDES, uses((1, 1))), (None, None)),
        (meta(SIDES, uses((1, 1))), (None, None)),
        (meta(), (None, None)),
    ],
)
def test_a_picture_has_the_size_of_the_item_that_is_shown(data, size):
    assert (told(data).width, told(data).height) == size


def element(kind, body, size=None):
    return kind + (bytes([0x40 | len(body) >> 8, len(body) & 255]) if size is None else size) + body


EBML = b"\x1a\x45\xdf\xa3\x80"
OPEN = b"\x01" + b"\xff" * 7
MOVIE = element(
    b"\xae", element(b"\x83", b"\1") + element(b"\xe0", element(b"\xb0", b"\x50") + element(b"\xba", b"\x30"))
)


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        (element(b"\x15\x49\xa9\x66", element(b"\x44\x89", struct.pack(">f", 2500))), 2.5),
        (
            element(
                b"\x15\x49\xa9\x66",
                element(b"\x44\x89", struct.pack(">d", 5)) + element(b"\x2a\xd7\xb1", b"\x3b\x9a\xca\0"),
            ),
            5,
        ),
        (element(b"\x15\x49\xa9\x66", element(b"\x44\x89", struct.pack(">d", float("nan")))), None),
        (element(b"\x15\x49\xa9\x66", element(b"\x44\x89", b"123")), None),
        (b"", None),
    ],
)
def test_a_matroska_file_is_read_with_and_without_lengths(parts, seconds):
    for segment in (OPEN, None):
        body = parts + element(b"\x16\x54\xae\x6b", MOVIE + MOVIE) + element(b"\xec", b"x")
        data = EBML + element(b"\x18\x53\x80\x67", body, segment)
        assert told(data) == Format("video/webm", "webm", 80, 48, seconds)


@pytest.mark.parametrize("spoilt", [b"\0\0\0\0\0\0", b"\x18\x53\x80\x67", b"\x18\x53\x80\x67\0\0", b"\x81"])
def test_a_matroska_file_that_is_spoilt_has_a_type(spoilt):
    assert told(EBML + spoilt) == Format("video/webm", "webm")


# Pictures


def test_a_picture_that_is_cut_behind_its_size_has_one():
    assert told(picture("PNG")[:33]) == Format("image/png", "png", WIDTH, HEIGHT)
    assert told(picture("PNG")[:20]).width is None


def test_a_jpeg_is_read_through_any_number_of_notes():
    notes = [b"\xff\xe2" + struct.pack(">H", 65_002) + bytes(65_000)] * 30
    data = picture("JPEG")
    assert told(data[:2] + b"\xff\xff\xff\x01" + b"".join(notes) + data[2:]) == Format("image/jpeg", "jpg", 96, 64)


def gif(*shows, end=b";"):
    control = [b"!\xf9\4\0" + struct.pack("<H", each) + b"\0\0" for each in shows]
    image = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0x80) + bytes(6) + b"\2\2L\1\0"
    return b"GIF89a" + struct.pack("<HHBBB", 5, 7, 0x80, 0, 0) + bytes(6) + b"".join(c + image for c in control) + end


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (gif(50), None),
        (gif(50, 70), 1.2),
        (gif(0, 1), 0.2),  # as browsers do it
        (gif(50, 70, end=b""), None),
        (gif(50, 70, end=b"?"), None),
        (gif(50, 70, end=b",\0"), None),
    ],
)
def test_a_gif_lasts_as_long_as_its_frames(data, seconds):
    assert told(data) == Format("image/gif", "gif", 5, 7, seconds)


@pytest.mark.parametrize(
    ("root", "size"),
    [
        (b'<svg width="30" height="20px">', (30, 20)),
        (b"<svg\n width = '1in' height='2.54cm' viewBox='0 0 7 8'>", (96, 96)),
        (b'<svg width="100%" height="100%" viewBox="0 0 640.4 480">', (640, 480)),
        (b"<s:svg viewBox='0,0 , 12 13' width='9'>", (12, 13)),
        (b"<svg viewBox='0 0 a b'>", (None, None)),
        (b"<svg viewBox='0 0 12'>", (None, None)),
        (b"<svg width='0' height='1e9'>", (None, None)),
        (b"<svg width='3 height='4'>", (None, None)),
        (b"<svg", (None, None)),
    ],
)
def test_an_svg_has_the_pixels_that_it_says(root, size):
    found = told(b"<?xml version='1.0'?><!-- <svg width='1' height='1'> -->" + root)
    assert (found.type, found.width, found.height) == ("image/svg+xml", *size)
    assert told(root.decode().encode("utf-16")) == found


# Hostile files


class Watched(io.BytesIO):
    """A file that counts what is read of it."""

    def __init__(self, data):
        super().__init__(data)
        self.reads, self.bytes = 0, 0

    def read(self, size=-1):
        assert 0 < size <= PAGE
        self.reads += 1
        self.bytes += size
        return super().read(size)


class Endless(Watched):
    """A file of 1 TiB that says the same again and again."""

    def __init__(self, start, pattern):
        super().__init__(b"")
        self._start, self._pattern, self._at = start, pattern * (PAGE // len(pattern) + 2), 0
        self._step = len(pattern)

    def seek(self, at, whence=0):
        self._at = at if whence == 0 else 1 << 40
        return self._at

    def read(self, size=-1):
        super().read(size)
        turn = (self._at - len(self._start)) % self._step
        begin = self._start[self._at : self._at + size]
        return (begin + self._pattern[turn if not begin else 0 :])[:size]


BOMBS = {
    "boxes": (FTYP, box(b"free")),
    "tracks": (FTYP + struct.pack(">I4sQ", 1, b"moov", 1 << 40), box(b"trak", box(b"mdia"))),
    "fragments": (fragmented(), fragment(USUAL)),
    "a run": (fragmented() + struct.pack(">I4s", 0, b"moof") + struct.pack(">I4s", 0, b"traf"), box(b"trun", LONG)),
    "chunks": (b"\x89PNG\r\n\x1a\n", struct.pack(">I4sI", 0, b"tEXt", 0)),
    "shows": (b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sI", 0, b"acTL", 0), struct.pack(">I4sI", 0, b"fcTL", 0)),
    "filling": (b"\xff\xd8", b"\xff"),
    "rows": (b"GIF89a" + bytes(7), b",\1\1\1\1\1\1\1\1\0\1"),
    "a webp": (b"RIFF\0\0\0\0WEBP", b"ANMF\4\0\0\0\1\1\1\1"),
    "a wav": (b"RIFF\0\0\0\0WAVE", b"LIST\0\0\0\0"),
    "ogg": (b"", ogg_page(THEORA)),
    "elements": (EBML + b"\x18\x53\x80\x67" + OPEN, element(b"\xec", b"")),
    "tags": (b"", tag()),
    "a tag of frames": (b"ID3\3\0\0\x7f\x7f\x7f\x7f", b"TXXX" + bytes(6)),
    "svg": (b"<svg", b" a='b'"),
    "blanks": (b"", b" "),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_never_ends_is_read_within_bounds(name):
    for reader in (measured, has_c2pa):
        file = Endless(*BOMBS[name])
        found = reader(file)
        assert file.reads <= MOST_PAGES
        assert not found or reader is has_c2pa or found.seconds is None


def test_a_long_sound_lasts_as_long_as_its_first_frames_tell_where_they_are_all_alike():
    alike, other = b"\xff\xfb\x90\xc4" + bytes(413), b"\xff\xfb\xa0\xc4" + bytes(518)
    assert measured(Endless(b"", alike)).seconds == pytest.approx((1 << 40) / 417 * 1152 / 44_100, rel=0.001)
    assert measured(Endless(other, alike)).seconds is None
    assert measured(Endless(b"", b"\xff\xf1\x50\x80\x01\x1f\xfc\0")).seconds == pytest.approx(3.19e9, rel=0.01)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_a_picture_that_would_fill_the_memory_is_measured_and_not_decoded():
    rows = zlib.compressobj(9)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    data += chunk(b"IDAT", rows.compress(bytes(20_000_000)) + rows.flush())
    file = Watched(data)
    assert measured(file) == Format("image/png", "png", 60_000, 60_000)
    assert file.bytes <= 1 << 17


@pytest.mark.parametrize("name", SAMPLES)
def test_little_is_read_of_a_file_that_tells(name):
    file = Watched(sample(name))
    measured(file)
    assert file.reads <= 60 + len(sample(name)) // PAGE


@pytest.mark.parametrize("name", SAMPLES)
@settings(max_examples=40)
@given(st.data())
def test_a_file_that_is_cut_or_spoilt_is_something_or_nothing(name, data):
    whole = sample(name)
    spoilt = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at in data.draw(st.lists(st.integers(0, max(len(spoilt) - 1, 0)), max_size=8)):
        spoilt[at : at + data.draw(st.integers(1, 8))] = data.draw(st.binary(min_size=1, max_size=8))
    _holds(spoilt)


@settings(max_examples=200)
@given(st.sampled_from(sorted(SAMPLES)), st.sampled_from(sorted(SAMPLES)), st.data())
def test_files_that_are_put_together_anyhow_are_something_or_nothing(one, other, data):
    first, second = sample(one), sample(other)
    at, begin = data.draw(st.integers(0, min(len(first), 600))), data.draw(st.integers(0, min(len(second), 600)))
    _holds(first[:at] + data.draw(st.binary(max_size=40)) + second[begin:])


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 60), st.binary(max_size=400))
def test_any_bytes_behind_a_beginning_are_something_or_nothing(name, length, rest):
    _holds(sample(name)[:length] + rest)


def _holds(data):
    found = told(bytes(data))
    has_c2pa(io.BytesIO(data))
    assert found is None or all(
        each is None or 0 < each < 1 << 34 for each in (found.width, found.height, found.seconds)
    )
