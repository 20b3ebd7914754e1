"""Files that are put into a request: what they are, what is wrong with them, and what is kept of them."""

import asyncio
import base64
import copy
import io
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import ImageRequest, Media, OutOfBounds, from_json, to_json
from anymedia.model.codec import to_comparable_json
from anymedia.model.media import LARGEST, Unreadable, data_uri
from anymedia.model.slots import Slot, Way, filled, kept_of, slots

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAACUAAAAVCAIAAABOhrD5AAAAGUlEQVR4nO3BgQAAAADDoPlT3+AEVQEA8AwJMAAB6TBqdgAAAABJRU5ErkJggg=="
)
URI = "data:image/png;base64," + base64.b64encode(PNG).decode()
URL = "https://img.example/1.png"


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(PNG)
    return path


def asked(*images, **fields):
    return ImageRequest(model="m", prompt="x", images=images, **fields)


def test_a_file_comes_in_any_form_and_tells_what_it_is(photo):
    with photo.open("rb") as file:
        for source in (
            photo,
            PNG,
            bytearray(PNG),
            memoryview(PNG),
            URI,
            file,
            Piecewise([PNG[:40], PNG[40:80], PNG[80:]]),
        ):
            (media,) = asked(source).images
            assert (media.media_type, media.size, media.format.width, media.format.height) == ("image/png", 82, 37, 21)
            assert media.fault is None
            assert media.read() == PNG
    assert asked(URL, Media(URL)).images == (URL, URL)
    assert asked(PNG, mask=photo).variant == "images"
    assert ImageRequest(model="m", prompt="x", images=photo).images == (Media(photo),)
    assert Media(URL).url == URL


def test_a_plain_text_is_never_a_path(photo):
    for text in (str(photo), photo.as_uri(), "photo.png", "~/photo.png", ""):
        with pytest.raises(OutOfBounds, match=r"^images: must be a URL or a data URI, not .*: give a file of this"):
            asked(text)


HOSTILE = {
    "nothing": (lambda folder: folder / "nothing.png", "nothing.png is not there"),
    "a folder": (lambda folder: folder, "is a folder"),
    "an empty file": (lambda folder: written(folder / "empty.png", b""), "empty.png has 0 bytes"),
    "a text": (
        lambda folder: written(folder / "key.txt", b"secret"),
        "key.txt is no picture, film or sound that anymedia knows",
    ),
    "a link": (
        lambda folder: linked(folder / "link.png"),
        "link.png is a symbolic link: name the file that it leads",
    ),
    "a pipe": (lambda folder: piped(folder / "pipe.png"), "pipe.png is a pipe, not a file"),
    "a device": (lambda folder: Path(os.devnull), "null is no regular file"),
    "a name with a null": (lambda folder: folder / "a\0b", "cannot be opened: "),
    "no bytes": (lambda folder: b"", "what was given as bytes has 0 bytes"),
    "a wrong data URI": (lambda folder: "data:image/png;base64,%%%", "is no data URI that can be read"),
    "a data URI of nothing": (lambda folder: "data:image/png", "is no data URI that can be read"),
    "a type that is none": (
        lambda folder: Media(b"x", "image/png\r\nX-Key: 1"),
        r"has the media type 'image/png\r\nX-Key: 1', which must be like image/png",
    ),
    "a declared type that is none": (
        lambda folder: "data:picture,x",
        "has the media type 'picture', which must be like image/png",
    ),
    "an open text": (lambda folder: io.StringIO("x"), "is an open file of text: open it in binary mode"),
    "a file that is awaited": (
        lambda folder: Piecewise(PNG, awaited=True),
        "is a file that is awaited: give the bytes",
    ),
    "a file without bytes": (lambda folder: Piecewise([None]), "is an open file of which no bytes are read"),
    "a data URI of no type": (lambda folder: "data:text,x", "has the media type 'text', which must be like image/png"),
    "bytes that are open as text": (
        lambda folder: io.TextIOWrapper(io.BytesIO(b"\x89PNG"), "utf-8"),
        "is an open file of text: open it in binary mode",
    ),
    "a type that is no text": (lambda folder: Media(b"x", 7), "has the media type 7, which must be like image/png"),
    "a name that is no text": (lambda folder: Media(PNG, name=7), "has a name that is no text, but 7"),
    "half a letter": (lambda folder: "data:image/png,\ud800", "is no data URI that can be read"),
    "half a letter in base64": (lambda folder: "data:image/png;base64,\ud800", "is no data URI that can be read"),
    "a name of control characters": (lambda folder: folder / "\x1b[31m\udcff.png", r"\x1b[31m\udcff.png is not there"),
    "a file that fails": (lambda folder: Media(Media(PNG)), "cannot be read: "),
    "a closed file": (lambda folder: closed(), "cannot be read: "),
}


class Piecewise:
    """A file without a buffer: it returns less than it is asked for."""

    def __init__(self, pieces, *, awaited=False):
        self._pieces = iter(pieces)
        self._awaited = awaited

    def read(self, _):
        return asyncio.sleep(0) if self._awaited else next(self._pieces, b"")


def written(path, data):
    path.write_bytes(data)
    return path


def linked(path):
    path.symlink_to(written(path.with_name("target.png"), PNG))
    return path


def piped(path):
    os.mkfifo(path)
    return path


def closed():
    file = io.BytesIO(PNG)
    file.close()
    return file


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("field", ["images", "mask"])
def test_what_cannot_be_put_in_is_told_in_one_sentence_under_its_field(kind, field, tmp_path):
    make, sentence = HOSTILE[kind]
    with pytest.raises(OutOfBounds) as caught:
        ImageRequest(model="m", prompt="x", **{field: make(tmp_path)})
    assert len(caught.value.problems) == 1
    assert str(caught.value).startswith(f"{field}: ")
    assert sentence in str(caught.value)


def test_a_file_that_may_not_be_read(photo, monkeypatch):
    monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "denied")))
    assert Media(photo).fault == "may not be read by this user"


def test_what_is_of_no_known_kind_is_taken_when_its_type_is_named(photo):
    assert Media(b"anything", "video/x-new").fault is None
    assert Media("data:video/x-new,anything").media_type == "video/x-new"
    assert Media(PNG, "image/jpeg").media_type == "image/png"  # the bytes know better
    assert Media(7).fault == "is neither a URL, a data URI, a Path, bytes nor an open file"
    assert Media("photo.png").fault == "is neither a URL nor a data URI"


def test_what_a_file_is_known_by_is_on_one_line():
    assert Media(PNG, name="a\nb\ud800.png").label == "a b\\ud800.png"


def test_a_file_may_be_too_large(tmp_path, monkeypatch):
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.write(PNG)
        file.truncate(LARGEST + 1)
    assert Media(huge).fault == "has more than 1024 MiB"
    monkeypatch.setattr("anymedia.model.media.LARGEST", 10)
    assert Media(PNG).fault == Media(io.BytesIO(PNG)).fault == "has more than 1024 MiB"


def test_a_picture_that_claims_to_be_huge_is_not_decoded():
    bomb = PNG[:16] + (60_000).to_bytes(4) + (60_000).to_bytes(4) + PNG[24:]
    assert (Media(bomb).format.width, Media(bomb).format.height) == (60_000, 60_000)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda path: path.write_bytes(PNG + b"more"), "changed after it was put in"),
        (lambda path: path.write_bytes(PNG[:50]), "changed after it was put in"),
        (lambda path: path.unlink(), "is not there"),
        (lambda path: (path.unlink(), path.mkdir()), "is a folder"),
    ],
)
def test_a_file_has_to_be_the_same_when_it_is_read(photo, change, why):
    media = Media(photo)
    change(photo)
    for read in (media.read, media.digest, media.look, media.data_uri):
        with pytest.raises(Unreadable, match=why):
            read()


@pytest.mark.parametrize(("size", "why"), [(60, "grew while it was read"), (90, "was cut while it was read")])
def test_a_file_that_changes_while_it_is_read(photo, size, why):
    media = Media(photo)
    object.__setattr__(media, "size", size)
    with pytest.raises(Unreadable, match=why):
        media.read()


def test_bytes_that_are_others_than_those_of_the_digest_are_told(photo):
    media = Media(photo)
    media._digests[:] = ["0" * 64]
    with pytest.raises(Unreadable, match="changed after it was put in"):
        media.read()


def test_a_read_that_fails_is_told(photo, monkeypatch):
    media = Media(photo)
    monkeypatch.setattr("anymedia.model.media.open", lambda *_, **__: Failing(), raising=False)
    with pytest.raises(Unreadable, match="cannot be read: Input/output error"):
        media.read()


class Failing(io.BytesIO):
    def read(self, *_):
        raise OSError(5, "Input/output error")


def test_a_request_with_files_goes_to_json_and_back(photo):
    request = asked(photo, URL, PNG, mask=Media(b"anything", "image/x-new"))
    back = from_json(ImageRequest, to_json(request))
    assert [each if isinstance(each, str) else each.read() for each in back.images] == [PNG, URL, PNG]
    assert (back.mask.read(), back.mask.media_type) == (b"anything", "image/x-new")
    assert to_json(back) == to_json(request)
    with pytest.raises(OutOfBounds, match="must be a URL or a data URI"):
        from_json(ImageRequest, {"model": "m", "prompt": "x", "images": [str(photo)]})
    with pytest.raises(OutOfBounds, match="expected str, got dict"):
        from_json(ImageRequest, {"model": "m", "prompt": "x", "images": [{"path": str(photo)}]})


def test_two_requests_are_compared_by_the_bytes_of_their_files(photo, tmp_path):
    other = written(tmp_path / "other.png", PNG)
    assert to_comparable_json(asked(photo)) == to_comparable_json(asked(other)) == to_comparable_json(asked(PNG))
    assert to_comparable_json(asked(photo)) != to_comparable_json(asked(PNG[:-1]))


def test_the_place_of_a_file_in_a_body_is_a_text_that_says_which_file_comes_there(photo):
    upload, inline = (Slot("images", Media(photo), way) for way in (Way.UPLOAD, Way.DATA))
    assert upload == "<photo.png, image/png, 82 bytes: the URL of its upload>"
    for copied in (copy.deepcopy(upload), pickle.loads(pickle.dumps(upload))):
        assert (copied, copied.media, copied.way, copied.field) == (upload, Media(photo), Way.UPLOAD, "images")
    body = {"a": [upload, {"b": inline}], "c": 1, "d": "text"}
    assert slots(body) == [upload, inline]
    sent = filled(body, lambda slot: URL if slot.way is Way.UPLOAD else slot.written())
    assert sent == {"a": [URL, {"b": URI}], "c": 1, "d": "text"}
    kept = kept_of(body, sent)
    assert kept == {"a": [URL, {"b": inline.kept}], "c": 1, "d": "text"}
    assert inline.kept.startswith("<sha256 713a9dfe")
    assert kept_of(sent, sent) is sent
    assert filled(sent, str) is sent
    assert Slot("images", Media(PNG), Way.BASE64).written() == URI.partition(",")[2]


@given(st.one_of(st.binary(), st.text(), st.integers(), st.none(), st.text().map("data:".__add__)))
def test_whatever_is_put_in_is_media_or_one_error(value):
    try:
        request = ImageRequest(model="m", prompt="x", images=value)
    except OutOfBounds as error:
        assert len(error.problems) == 1  # noqa: PT017 - the other end is tested below
    else:
        for each in request.images:
            assert isinstance(each, str) or len(each.read()) == each.size


@given(st.text())
def test_a_data_uri_never_raises(text):
    data_uri(text)


def test_the_place_of_a_file_that_is_held_knows_nothing_of_the_disk_any_more(photo):
    held = Slot("images", Media(photo, name="mine.png"), Way.PART).held()
    photo.unlink()
    assert (held.media.read(), held.media.name, held.field, held.way) == (PNG, "mine.png", "images", Way.PART)
