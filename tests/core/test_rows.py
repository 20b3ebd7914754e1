"""A file of rows is read into the requests that its writer means, or every fault in it is told with its line."""

import gc
import io
import json
import os
import tracemalloc
from pathlib import Path

import pytest

import anymedia
from anymedia import (
    BadRows,
    ConfigError,
    ImageRequest,
    Kind,
    Media,
    MusicRequest,
    OutOfBounds,
    Problem,
    RequestError,
    Row,
    SpeechRequest,
    VideoRequest,
    read_config,
    read_rows,
    rows,
)
from anymedia.kind_meant import ModelMeant
from anymedia.model.strict_json import loads
from anymedia.model.texts import raw_fields
from tests.samples import sample

CONFIG = read_config(
    {"providers": {"fal": {}, "reapi": {}, "second": {"adapter": "fal", "api_key_env": "FAL_KEY"}}},
    {"FAL_KEY": "k", "REAPI_API_KEY": "k"},
)
URL = "https://a.example/1.png"
GIF = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
MANY = f"is no field of a row; there are {len(rows.KEYS)}; docs/batch.md lists them"
NO_CSV, NO_TEXT = "the row that begins here is no CSV", "what stands on the line is not"
FOX = {"model": "flux-2-pro", "prompt": "a fox"}


@pytest.fixture
def read(tmp_path):
    """Return what reads a text, or bytes, as a file of this name."""

    def read(held, name="rows.csv", **given):
        path = tmp_path / name
        path.write_bytes(held.encode() if isinstance(held, str) else held)
        return read_rows(path, CONFIG, **given)

    return read


@pytest.fixture
def faults(read):
    """Return what is wrong with a file: (line, field, message) of each problem."""

    def faults(held, name="rows.csv", **given):
        with pytest.raises(BadRows) as caught:
            read(held, name, **given)
        return [(each.line, each.field, each.message) for each in caught.value.problems]

    return faults


def lines(*rows):
    return "\n".join(map(json.dumps, rows))


# What a row means


@pytest.mark.parametrize(
    ("row", "request_"),
    [
        (FOX | {"seed": 7, "size": "1024x768"}, ImageRequest(**FOX, seed=7, size=(1024, 768))),
        (FOX | {"model": "FLUX 2 pro", "aspect_ratio": "16x9"}, ImageRequest(**FOX, aspect_ratio="16:9")),
        (FOX | {"size": [64, 48], "images": URL, "mask": None}, ImageRequest(**FOX, size=(64, 48), images=(URL,))),
        (FOX | {"images": [URL, GIF]}, ImageRequest(**FOX, images=(URL, GIF))),
        (FOX | {"label.sku": "9", "extra.fal.a.b": 5},
         ImageRequest(**FOX, labels={"sku": "9"}, extra={"fal": {"a": {"b": 5}}})),
        (FOX | {"labels": {"sku": ""}, "extra": {"fal": {}}},
         ImageRequest(**FOX, labels={"sku": ""}, extra={"fal": {}})),
        ({"model": "kling-3.0", "prompt": "waves", "duration": "5s", "audio": False},
         VideoRequest(model="kling-3.0", prompt="waves", duration=5, audio=False)),
        ({"model": "suno-v6", "lyrics": "la", "vocal": "Female"},
         MusicRequest(model="suno-v6", lyrics="la", vocal="female")),
        ({"model": "tts-1", "prompt": "hello", "speed": 1.5}, SpeechRequest(model="tts-1", text="hello", speed=1.5)),
        ({"model": "tts-1", "text": "hello"}, SpeechRequest(model="tts-1", text="hello")),
    ],
)  # fmt: skip
def test_a_row_is_the_request_that_the_command_line_makes_of_it(read, row, request_):
    assert read(lines(row), "rows.jsonl") == [Row(request=request_, line=1)]


def test_a_cell_is_read_as_a_word_of_the_command_line(read):
    table = (
        "\n model ,prompt,seed,size,images,label.sku,extra.fal.n,extra.fal.t,labels,extra,"
        "provider,offer,idempotency_key\r\n"
        f'flux-2-pro," a\r\nfox ", 7 ,1024x768,{URL} | https://a.example/2.png|,0 ,[1],it,,,fal| second,, k 1 \r\n'
        "\r\n"
        ",,, ,,,,,,,,,\r\n"
        'Flux-2-Pro,b,,,"[""https://a.example/a|b.png""]",,,,"{""a"": """"}","{""fal"": {""n"": 1}}",'
        ",fal/flux-2-pro,\r\n"
    )
    first, second = read(table.encode("utf-8-sig"))
    two = (URL, "https://a.example/2.png")
    assert first.request == ImageRequest(
        model="flux-2-pro", prompt=" a\r\nfox ", seed=7, size=(1024, 768), images=two,
        labels={"sku": "0 "}, extra={"fal": {"n": [1], "t": "it"}},
    )  # fmt: skip
    assert (first.line, first.accounts, first.offer, first.idempotency_key) == (3, ("fal", "second"), None, "k 1")
    assert second.request == ImageRequest(
        model="flux-2-pro", prompt="b", images=("https://a.example/a|b.png",), labels={"a": ""}, extra={"fal": {"n": 1}}
    )
    assert (second.line, second.accounts, second.offer, second.idempotency_key) == (7, (), "fal/flux-2-pro", None)


@pytest.mark.parametrize(
    ("cell", "value"), [("true", True), ("TRUE", True), ("1", True), ("yes", True), ("No", False), ("0", False)]
)
def test_a_cell_says_yes_or_no_in_any_letters(read, cell, value):
    (row,) = read(f"model,prompt,audio\nkling-3.0,waves,{cell}\n")
    assert row.request.audio is value


@pytest.mark.parametrize(("cell", "value"), [("1.5", 1.5), ("2", 2)])
def test_a_cell_is_a_number(read, cell, value):
    (row,) = read(f"model;text;speed\ntts-1;hello;{cell}\n")
    assert row.request.speed == value


@pytest.mark.parametrize(
    ("separator", "encoding", "name", "end"),
    [
        (",", "utf-8", "rows.csv", "\n"),
        (";", "utf-8-sig", "rows.CSV", "\r\n"),
        ("\t", "utf-16", "rows.csv", "\r\n"),
        ("\t", "utf-8", "rows.tsv", "\r"),
        (";", "utf-32", "rows.csv", "\n"),
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(read, separator, encoding, name, end):
    table = end.join(
        separator.join(cells) for cells in (("model", "prompt"), ("flux-2-pro", "ein Füchslein"), ("", ""))
    )
    (row,) = read(table.encode(encoding), name)
    assert row.request.prompt == "ein Füchslein"


def test_the_separator_is_that_of_the_headers_alone(read):
    (row,) = read('"model";prompt;"label.a,b,c,d"\nflux-2-pro;a,b,c,d;1\n')
    assert (row.request.prompt, row.request.labels) == ("a,b,c,d", {"a,b,c,d": "1"})
    (row,) = read("model\tprompt\nflux-2-pro\ta;b\n", "rows.tsv")
    assert row.request.prompt == "a;b"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheet_may_be_told_the_separator_above_the_headers(read, faults, separator):
    told = f"SEP={separator}\r\n"
    (row,) = read(f"\ufeff{told}model{separator}prompt\r\nflux-2-pro{separator}a fox\r\n")
    assert (row.request.prompt, row.line) == ("a fox", 3)
    assert faults(f"{told}prompt{separator}seed\n")[-1][:2] == (2, "file")
    assert faults(told)[-1][:2] == (1, "file")


def test_json_lines_may_have_blank_ones_between_them_and_keys_of_their_own(read):
    held = (
        "\ufeff\r\n" + lines(FOX) + "\r\n \n" + lines({"model": "tts-1", "text": "hi", "provider": ["fal", "second"]})
    )
    first, second = read(held, "rows.ndjson")
    assert (first.line, first.request.kind, second.line, second.request.kind) == (2, Kind.IMAGE, 4, Kind.SPEECH)
    assert second.accounts == ("fal", "second")


# Files that are put in


def test_a_path_is_relative_to_the_folder_of_the_file(read, tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "1.png").write_bytes(sample("picture.png"))
    monkeypatch.setenv("HOME", str(tmp_path / "pictures"))
    row, again = read("model,prompt,images,mask\n" + f"flux-2-pro,a,pictures/1.png|~/1.png|{URL},\n" * 2)
    one, two, url = row.request.images
    assert (one.source, two.source, url) == (tmp_path / "pictures" / "1.png",) * 2 + (URL,)
    assert again.request.images[0] is one  # which is then read for its digest once
    assert read(lines(FOX | {"mask": "pictures/1.png"}), "rows.jsonl")[0].request.mask == Media(one.source)


def test_a_path_in_what_is_piped_in_is_relative_to_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "1.png").write_bytes(sample("picture.png"))
    monkeypatch.chdir(tmp_path)
    for piped in (lines(FOX | {"images": ["1.png"]}), "model,prompt,images\nflux-2-pro,a fox,1.png"):
        (row,) = read_rows(io.BytesIO(piped.encode()), CONFIG)
        assert row.request.images[0].source == tmp_path / "1.png"
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped.encode())))
        assert read_rows("-", CONFIG) == [row]


def test_a_file_that_cannot_be_put_in_is_told(faults, monkeypatch):
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(
        "pathlib.Path.expanduser", lambda self: (_ for _ in ()).throw(RuntimeError) if str(self)[0] == "~" else self
    )
    found = faults(lines(
        FOX | {"images": ["no.png", 5]},
        FOX | {"images": ["~x/1.png"], "mask": {"a": 1}},
        FOX | {"images": ["~x/1.png"] * 101},
        FOX | {"images": ["~x/1.png"]},
    ), "rows.jsonl")  # fmt: skip
    home = "~x/1.png: no home folder is known for ~; write the path from the root"
    assert [(line, field, message[:64]) for line, field, message in found] == [
        (1, "images", "no.png is not there"),
        (2, "images", home[:64]),
        (3, "images", "has 101 files, and may have 100 at most"),
        (4, "images", home[:64]),
    ]


# What is wrong


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        (FOX | {"seed": "5"}, "seed", "must be a whole number, 0 or more, not '5'"),
        (FOX | {"seed": 5.0}, "seed", "must be a whole number, 0 or more, not 5.0"),
        (FOX | {"prompt": 5}, "prompt", "must be a text, not 5"),
        (FOX | {"images": 5}, "images", "must be a URL or a data URI, not 5"),
        (FOX | {"label.a": 5}, "labels", "must be texts by name, not {'a': 5}"),
        (FOX | {"label.a": "5", "labels": {}}, "labels", "give labels or label.NAME, not both"),
        (FOX | {"extra": [], "extra.fal.x": 1}, "extra", "give extra or extra.NAME, not both"),
        (FOX | {"extra.fal.a": 1, "extra.fal.a.b": 1}, "extra", "'fal.a.b': a has a value already"),
        (FOX | {"extra.fal.a.b": 1, "extra.fal.a": 1}, "extra", "'fal.a': a has fields already"),
        (FOX | {"extra": {"fall": {}}}, "extra", "no provider is named 'fall'; did you mean fal?"),
        (FOX | {"duration": 5}, "duration", "is for clips and songs, and flux-2-pro makes pictures"),
        (FOX | {"text": "x"}, "text", "is for recordings, and flux-2-pro makes pictures"),
        ({"model": "tts-1", "text": "x", "prompt": "y"}, "prompt", "give the text as prompt or as text, not both"),
        ({"prompt": "x"}, "model", "is needed; `anymedia models` lists them"),
        (FOX | {"model": 5}, "model", "must be a name, not 5"),
        (FOX | {"model": "x" * 201}, "model", "must be a name, not 'xxxx"),
        (FOX | {"model": "flux-2-prx"}, "model", "no model is named 'flux-2-prx'; did you mean flux-2-pro?"),
        ({"model": "flux-2-pro"}, "prompt", "is needed"),
        ({"model": "tts-1", "voice": "x"}, "text", "is needed"),
        (FOX | {"offer": "fal/flux"}, "offer", "no offer is named 'fal/flux'; did you mean"),
        (FOX | {"offer": ["fal"]}, "offer", "must be the name of an offer, not ['fal']"),
        (FOX | {"provider": "fall"}, "provider", "no account is named 'fall'; did you mean fal?"),
        (FOX | {"provider": {"fal": 1}}, "provider", "must be the name of an account, or a list of such names"),
        (FOX | {"provider": ["fal", ""]}, "provider", "must be the name of an account, or a list of such names"),
        (FOX | {"idempotency_key": 5}, "idempotency_key", "must be 1 to 256 printable characters, not '5'"),
        (FOX | {"idempotency_key": "a\nb"}, "idempotency_key", "must be 1 to 256 printable characters"),
        (FOX | {"extra": {"fal": eval("[" * 60 + "]" * 60)}}, "row", "is nested deeper than 50 levels"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_asked_for_is_told_with_its_line_and_its_field(faults, row, field, message):
    (told,) = faults(lines(FOX, row, FOX), "rows.jsonl")
    assert told[:2] == (2, field)
    assert told[2].startswith(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"model": "x"', "is no JSON, from character 14 on: Expecting ',' delimiter"),
        ('{"seed": NaN}', "is no JSON: NaN is not JSON"),
        ('{"seed": 1e999}', "is no JSON: a number out of range: 1e999"),
        ('{"seed": ' + "9" * 5000 + "}", "is no JSON: Exceeds the limit (4300 digits) for integer string conversion"),
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "is no JSON: a key stands twice: 'c'"),
        ("[" * 100_000, "is no JSON: nested too deeply"),
        ("[{}]", "must be one JSON object, all of it on this line"),
        ("{", "is no JSON, from character 2 on: Expecting property name enclosed in double quotes"),
    ],
)
def test_a_line_that_is_no_object_is_told(faults, line, message):
    (told,) = faults(f"{lines(FOX)}\n{line}", "rows.jsonl")
    assert told[:2] == (2, "row")
    assert told[2].startswith(message)


def test_every_bad_row_is_told_at_once(read):
    table = (
        "model,prompt,seed,provider\nflux-2-pro,a,x,fal\nflux-2-pro,b,1,\nflux-2-pro,c,y,fall\nnone,,,\nflux-2-pro,d\n"
    )
    with pytest.raises(BadRows) as caught:
        read(table)
    assert [(each.row, each.line, each.field) for each in caught.value.problems] == [
        (1, 2, "seed"), (3, 4, "provider"), (3, 4, "seed"), (4, 5, "model"), (5, 6, "row"),
    ]  # fmt: skip
    assert (caught.value.rows, caught.value.outcome, caught.value.billed) == (5, "not sent", "no")
    head, *told = str(caught.value).split("\n  ")
    assert head == "4 of 5 rows cannot be asked for; nothing was sent"
    assert told[0] == "line 2: seed: must be a whole number, 0 or more, not 'x'"
    assert told[-1] == "line 6: row: has 2 cells, and there are 4 headers"


def test_the_good_rows_are_returned_where_what_is_wrong_is_told_apart(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("model,prompt\nflux-2-pro,a fox\nflux-2-por,a fox\nflux-2-pro,\nflux-2-pro,a hare\n")
    bad: list[Problem] = []
    rows = read_rows(file, CONFIG, bad=bad)
    assert [(row.line, row.request.prompt) for row in rows] == [(2, "a fox"), (5, "a hare")]
    assert [(problem.row, problem.line, problem.field) for problem in bad] == [(2, 3, "model"), (3, 4, "prompt")]
    file.write_text("model,prompt\nflux-2-pro,\n")
    assert read_rows(file, CONFIG, bad=bad) == []
    assert len(bad) == 3


def test_good_rows_are_returned_beside_the_bad_ones_where_a_list_takes_what_is_wrong(read):
    bad = []
    (row,) = read("model,prompt,seed\nflux-2-pro,a,x\nflux-2-pro,b,1\n", bad=bad)
    assert (row.line, row.request.prompt) == (3, "b")
    assert [(each.row, each.line, each.field) for each in bad] == [(1, 2, "seed")]
    with pytest.raises(RequestError, match="there are no rows in it"):
        read("model,prompt\n", bad=[])


def test_an_unknown_column_is_told_once_with_the_one_that_it_may_mean(faults):
    table = "model,prompt,aspect_ration,image,extra.fal,label.,0000\n" + f"flux-2-pro,a,20:x,{URL},1,2,3\n" * 2
    ratio = 'must be two numbers like "16:9", or "auto", not \'20:x\''
    told = "is no field of a row; did you mean"
    assert faults(table) == [
        (1, "aspect_ration", f"{told} aspect_ratio?"),
        (1, "image", f"{told} images?"),
        (1, "extra.fal", "must be provider.key, not 'fal'"),
        (1, "label.", f"{told} label.NAME?"),
        (1, "0000", MANY),
        (2, "aspect_ratio", ratio),
        (3, "aspect_ratio", ratio),
    ]
    rows = [FOX | {"imag": URL}, FOX | {"images": URL, "imag": 5, "\ud800\x1b": 1}]
    assert faults(lines(*rows), "rows.jsonl") == [
        (1, "imag", f"{told} images?"),
        (2, "\\ud800\\x1b", MANY),
    ]
    assert len(faults(lines(*(FOX | {f"key-{n}": 1} for n in range(30))), "rows.jsonl")) == 20


def test_a_column_that_stands_twice_and_a_cell_without_one_are_told(faults):
    assert faults("model,prompt,,seed,seed\nflux-2-pro,a,,,\nflux-2-pro,a,b,,\n") == [
        (1, "seed", "stands twice in the headers"),
        (3, "row", "has a cell without a header: 'b'"),
    ]


@pytest.mark.parametrize(
    ("held", "line", "message"),
    [
        (b"prompt,seed\na,1\n", 1, "no header is model: the first line holds the names of the fields"),
        (b'model,prompt\nflux-2-pro,a\n\nflux-2-pro,"a\nb\n\n', 4, 'a quote (") that is opened in the row'),
        (b'model,prompt\nflux-2-pro,"a"b\n', 2, f"{NO_CSV} (',' expected after '\"')"),
        (b"model,prompt\nflux-2-pro,a\nflux-2-pro,\xe9\n", 3, f"{NO_TEXT} UTF-8: save it as UTF-8"),
        ("model,prompt\nflux-2-pro,a\n".encode("utf-16") + b"\0", 3, f"{NO_TEXT} UTF-16"),
        ("model,prompt\n".encode("utf-16") + b"\0\xd8\n\0", 2, f"{NO_TEXT} UTF-16"),
        ("model,prompt\n".encode("utf-16-le"), 1, "there is a NUL byte: save it as UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_on_is_told_with_the_line(faults, held, line, message):
    (told,) = faults(held)
    assert told[:2] == (line, "file")
    assert told[2].startswith(message)


def test_what_was_read_before_is_told_too(faults):
    found = faults(b"model,prompt,seed\nflux-2-pro,a,x\nflux-2-pro,\0,1\n")
    assert [told[:2] for told in found] == [(2, "seed"), (3, "file")]


@pytest.mark.parametrize("held", ["", "\n \n", "model,prompt\n", "\ufeff"])
@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_file_without_rows_is_refused(read, held, name):
    if held.startswith("model") and name == "rows.jsonl":
        held = ""
    with pytest.raises(RequestError, match=r"rows\.\w+: there are no rows in it"):
        read(held, name)


# Bounds


def test_more_than_so_many_rows_characters_and_bytes_are_not_read(faults, read, monkeypatch):
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    monkeypatch.setattr(rows, "LONGEST_LINE", 100)
    monkeypatch.setattr(rows, "LARGEST", 1 << 20)
    assert len(read(lines(FOX, FOX), "rows.jsonl")) == 2
    assert faults(lines(FOX, FOX, FOX), "rows.jsonl") == [(3, "file", "there are more than 2 rows: split the file")]
    assert read("model,prompt\nflux-2-pro," + "x" * 88 + "\n")[0].request.prompt == "x" * 88
    assert faults("model,prompt\nflux-2-pro," + "x" * 89 + "\n") == [
        (2, "file", "the line has more than 100 characters")
    ]
    assert read((lines(FOX) + "\n").ljust(1 << 20, "\n"), "rows.jsonl")
    with pytest.raises(
        RequestError, match=r"rows.jsonl: has more than 1 MiB: split it, and give pictures by their paths"
    ):
        read((lines(FOX) + "\n").ljust((1 << 20) + 1, "\n"), "rows.jsonl")


def test_a_cell_is_bounded_as_the_library_bounds_it(faults):
    told = f"{NO_CSV} (field larger than field limit (131072)); nothing is read from here on"
    assert faults(f"model,prompt\nflux-2-pro,{'x' * 131_073}\n") == [(2, "file", told)]


def test_after_so_many_bad_rows_no_more_are_looked_at(faults):
    found = faults("model,prompt,seed\n" + "flux-2-pro,a,x\n" * 1001)
    assert len(found) == 1001
    assert found[-1] == (1001, "file", "1,000 rows are bad: those behind are not looked at")


class Endless:
    """A stream that never ends."""

    def __init__(self, piece):
        self.piece = piece
        self.read_so_far = 0

    def read(self, most):
        self.read_so_far += most
        return (self.piece * (most // len(self.piece) + 1))[:most]


@pytest.mark.parametrize("piece", [b"x", b"\n", b"y\n", b"model,prompt\n", b"{}\n", b'"', b"\xff"])
def test_a_stream_that_never_ends_is_not_read_to_its_end(piece, monkeypatch):
    monkeypatch.setattr(rows, "LARGEST", 1 << 21)
    monkeypatch.setattr(rows, "LONGEST_LINE", 1 << 20)
    stream = Endless(piece)
    with pytest.raises(RequestError):
        read_rows(stream, CONFIG)
    assert stream.read_so_far < (1 << 21) + (1 << 18)


def test_a_stream_may_give_little_at_a_time_and_has_to_be_of_bytes():
    class Slow(io.BytesIO):
        def read(self, most=-1):
            return super().read(min(most, 3))

    slow = Slow(("\ufeff" + lines(FOX)).encode())
    assert len(read_rows(slow, CONFIG)) == 1
    assert not slow.closed
    with pytest.raises(RequestError, match="the open file: no bytes are read of it: open it in binary mode"):
        read_rows(io.StringIO(lines(FOX)), CONFIG)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "rows.xlsx",
            r"rows\.xlsx: the name of a file with rows ends in \.jsonl, \.ndjson, \.csv or \.tsv; - reads stdin",
        ),
        ("rows", r"rows: the name of a file with rows ends in"),
        ("none.csv", r"none\.csv: No such file or directory"),
        ("folder.csv", r"folder\.csv: is no regular file; what is piped in is read as -"),
        ("pipe.csv", r"pipe\.csv: is no regular file; what is piped in is read as -"),
        ("a\0b.csv", r"b\.csv: embedded null byte"),
    ],
)
def test_what_is_no_file_of_rows_is_refused(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(RequestError, match=message):
        read_rows(tmp_path / name, CONFIG)


def test_a_disk_that_fails_is_told(tmp_path, monkeypatch):
    class Broken(io.BytesIO):
        def read(self, most=-1):
            raise OSError(5, "Input/output error")

    with pytest.raises(RequestError, match="the open file: Input/output error"):
        read_rows(Broken(), CONFIG)


def test_a_row_takes_little_beside_its_request(tmp_path):
    number = 1500
    path = tmp_path / "rows.csv"
    path.write_text(
        "model,prompt,seed,label.sku\n" + "".join(f"flux-2-pro,view {n},{n},s-{n}\n" for n in range(number))
    )

    def taken(make):
        make()  # what is made once is made now
        gc.collect()
        tracemalloc.start()
        try:
            kept = make()
            gc.collect()
            return tracemalloc.get_traced_memory()[0] / len(kept), tracemalloc.get_traced_memory()[1] / len(kept)
        finally:
            tracemalloc.stop()

    requests, _ = taken(
        lambda: [
            ImageRequest(model="flux-2-pro", prompt=f"view {n}", seed=n, labels={"sku": f"s-{n}"})
            for n in range(number)
        ]
    )
    rows, most = taken(lambda: read_rows(path, CONFIG))
    assert rows - requests < 300
    assert most - requests < 500  # and no more while it is read


# What the batch says


def test_a_row_that_names_no_account_and_no_offer_is_of_the_batch(read, faults):
    held = lines(FOX | {"model": "fal/flux-2-pro"}, FOX | {"provider": "reapi", "model": "fal/flux-2-pro"})
    of_batch = faults(held, "rows.jsonl", accounts=("fal",))
    told = "fal/flux-2-pro is an offer of flux-2-pro"
    assert of_batch[0][2] == f'{told}: ask for flux-2-pro with offer="fal/flux-2-pro"'
    assert "at reapi" in of_batch[1][2]
    assert "at reapi" in faults(lines(FOX | {"model": "fal/flux-2-pro"}), "rows.jsonl", accounts=("reapi",))[0][2]
    (row,) = read(lines(FOX), "rows.jsonl", accounts=("fal",), offer="fal/flux-2-pro")
    assert (row.accounts, row.offer) == ((), None)
    assert faults(lines(FOX), "rows.jsonl", offer="fal/none")[0][1] == "offer"


def test_without_a_config_it_is_the_one_that_is_found(tmp_path, monkeypatch):
    (tmp_path / "rows.jsonl").write_text(lines(FOX | {"provider": "mine"}))
    (tmp_path / "anymedia.toml").write_text('[providers.mine]\nadapter = "fal"\n')
    monkeypatch.chdir(tmp_path)
    assert read_rows("rows.jsonl")[0].accounts == ("mine",)
    with pytest.raises(ConfigError):
        read_rows("~nobody-of-this-name/rows.jsonl")


def test_a_model_that_makes_two_kinds_makes_the_one_that_has_the_fields():
    both = ModelMeant("both", (Kind.IMAGE, Kind.VIDEO))
    assert both.fields(["prompt", "seed"])[0] is Kind.IMAGE
    assert both.fields(["prompt", "duration"])[0] is Kind.VIDEO
    with pytest.raises(OutOfBounds, match="voice: is for recordings, and both makes pictures and clips"):
        both.fields(["prompt", "voice"])


def test_raw_fields_are_nested_so_deep_and_no_deeper():
    assert raw_fields([("a.b", 1), ("a.c.d", 2)]) == {"a": {"b": 1, "c": {"d": 2}}}
    assert raw_fields([(".".join("a" * 51), 1)])
    with pytest.raises(ValueError, match="must have 50 levels at most"):
        raw_fields([(".".join("a" * 52), 1)])


def test_a_key_that_stands_twice_is_refused_where_that_is_asked_for():
    assert loads('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(ValueError, match="a key stands twice: 'a'"):
        loads('[{"a": 1, "a": 2}]', unique=True)


def test_it_is_where_it_is_said_to_be():
    assert anymedia.read_rows is read_rows
    assert Path(rows.__file__).name == "rows.py"
