"""Any bytes are a file of rows or one clear error; what is written as rows is read as the same requests."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    BatchEnd,
    ConfigError,
    Manifest,
    NoRoute,
    OutOfBounds,
    RequestError,
    Row,
    RowEnd,
    from_json,
    read_config,
    read_rows,
    to_json,
)
from anymedia.model import forms
from anymedia.model.kinds import KINDS, ImageRequest, required
from anymedia.registry import adapters
from tests.samples import sample

CONFIG = read_config({"providers": {"fal": {}, "reapi": {}}}, {"FAL_KEY": "k", "REAPI_API_KEY": "k"})
ROW = {
    "model": "flux-2-pro",
    "prompt": "a lighthouse",
    "images": ["https://pictures.example/x.png"],
    "aspect_ratio": "16:9",
    "count": 2,
    "seed": 7,
    "extra": {"reapi": {"nsfw_checker": True}},
    "label.order": "1",
    "provider": ["fal", "reapi"],
    "idempotency_key": "k",
}
TABLE = (
    "model;prompt;images;seed;label.order;extra.fal.a;provider;speed;idempotency_key\r\n"
    'flux-2-pro;"a\nfox";https://pictures.example/x.png|x.png;7;1;{};fal|reapi;;k\r\n'
    "\r\n"
    "tts-1;hello;;;;;;1.5;\r\n"
)
PIECES = (
    *('"', '""', ",", ";", "\t", "|", "\n", "\r", "\r\n", "\0", "\ufeff", "\ud800", "=1", "[", '["', "{", "data:", "~"),
    *("label.", "extra.", "extra.fal.", "http://[", "\x1b[2J", "1e999", "9" * 400, "flux", "://", "../", "/dev/zero"),
)


@st.composite
def tables(draw):
    """Return bytes that once were a table, or never."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=80))
    text = TABLE
    for _ in range(draw(st.integers(0, 4))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        text = text[:at] + draw(st.sampled_from(PIECES) | st.text(max_size=6)) + text[at + length :]
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"]))
    return text.encode(encoding, "replace")[: draw(st.none() | st.integers(0, 200))]


@pytest.fixture
def read_any(tmp_path):
    """Return what reads bytes in every way, and holds what is true of all that it returns."""

    def read_any(data):
        for name in ("rows.csv", "rows.tsv", "rows.jsonl", None):
            file = io.BytesIO(data) if name is None else tmp_path / name
            if name is not None:
                file.write_bytes(data)
            try:
                found = read_rows(file, CONFIG)
            except RequestError as error:
                assert len(str(error).encode()) < 100_000  # noqa: PT017 - it may be raised, and can be printed then
                continue
            lines = [row.line for row in found]
            assert found
            assert lines == sorted(set(lines))
            for row in found:
                assert row.request == from_json(type(row.request), to_json(row.request))
                assert row.request.model in {offer.model for each in adapters().values() for offer in each.offers}

    return read_any


def test_any_bytes_are_a_file_of_rows_or_one_clear_error(cases, garbled, read_any):
    @cases(400)
    @given(tables() | garbled(ROW) | st.lists(garbled(ROW), max_size=3).map(b"\n".join))
    def hold(data):
        read_any(data)

    hold()


def test_any_object_is_a_row_or_one_clear_error(cases, spoilt, words, read_any):
    for word in words:
        read_any("\n".join(json.dumps(ROW | {name: word}) for name in ROW).encode())
        read_any(json.dumps(ROW | {word: word}).encode())

    @cases(200)
    @given(st.lists(spoilt(ROW), min_size=1, max_size=3))
    def hold(given):
        read_any("\n".join(map(json.dumps, given)).encode())

    hold()


# There and back

FILES = ("a.png", "b|c.png", "[1].png", "ü d.png")
URLS = ("https://a.example/1.png", "http://b.example/?a=b|c", "https://a.example/[1].png")
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
TEXT = PLAIN.filter(str.strip)
NAME = PLAIN.map(str.strip).filter(str.isprintable).filter(bool)
JSON_NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0."), min_size=1, max_size=9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | PLAIN,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(JSON_NAME, inner, max_size=2),
    max_leaves=4,
)
VALUES = {
    forms.TEXT: TEXT,
    forms.NAME: NAME,
    forms.FILE: st.sampled_from(FILES + URLS),
    forms.FILES: st.lists(st.sampled_from(FILES + URLS), min_size=1, max_size=3),
    forms.LINK: st.sampled_from(URLS[:1]),
    forms.RATIO: st.sampled_from(["16:9", "auto", "7:5"]),
    forms.SIZE: st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    forms.COUNT: st.integers(1, 1000),
    forms.SECONDS: st.integers(1, 86_400),
    forms.DURATION: st.integers(1, 86_400) | st.just("auto"),
    forms.SPEED: st.integers(1, 9) | st.sampled_from([0.25, 1.1, 3.125]),
    forms.WHOLE: st.integers(0, 10**18 - 1),
    forms.FLAG: st.booleans(),
    forms.LABELS: st.dictionaries(NAME, PLAIN, max_size=2),
    forms.EXTRA: st.dictionaries(
        st.sampled_from(["fal", "kie"]), st.dictionaries(JSON_NAME, JSON, max_size=2), max_size=2
    ),
}
MODELS = {
    kind: sorted({offer.model for each in adapters().values() for offer in each.offers if offer.kind is kind})
    for kind in KINDS
}


@st.composite
def given_rows(draw, folder):
    """Return a row, and what gives it: the fields of its request by their names, and what stands beside them."""
    kind = draw(st.sampled_from([*KINDS]))
    fields = {"model": draw(st.sampled_from(MODELS[kind]))}
    for name, form in KINDS[kind].roles.forms.items():
        if name != "model" and (name in required(kind) or draw(st.integers(0, 2)) == 0):
            fields[name] = draw(st.sampled_from(form.words) if form.words else VALUES[form])
    if kind in ("video", "music"):
        fields["prompt"] = draw(TEXT)
    while True:
        try:
            request = KINDS[kind](**{name: put_in(value, folder, name) for name, value in fields.items()})
            break
        except OutOfBounds as error:  # what goes with others only, or not with them
            for problem in error.problems:
                fields.pop(problem.field, None)
    beside = {
        "idempotency_key": draw(st.none() | NAME),
        "provider": draw(st.none() | st.sampled_from([["fal"], ["reapi", "fal"]])),
    }
    row = Row(request=request, idempotency_key=beside["idempotency_key"], accounts=tuple(beside["provider"] or ()))
    return row, fields | beside


def put_in(value, folder, name):
    if name not in ("images", "mask", "video", "videos", "audios", "first_frame", "last_frame"):
        return value
    files = [folder / each if each in FILES else each for each in (value if isinstance(value, list) else [value])]
    return files if isinstance(value, list) else files[0]


def cell(name, value):
    """Return a value as a person writes it into a cell."""
    if isinstance(value, dict) or (isinstance(value, list) and any("|" in each or each[0] == "[" for each in value)):
        return json.dumps(value)
    if name == "size" and value is not None:
        return "x".join(map(str, value))
    if isinstance(value, bool):
        return str(value).upper()
    return "" if value is None else "|".join(value) if isinstance(value, list) else str(value)


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        (tmp_path / name).write_bytes(sample("picture.png"))
    return tmp_path


def test_what_is_written_as_rows_is_read_as_the_same_requests(cases, folder):
    held = given_rows(folder)

    @cases(150)
    @given(
        st.lists(held, min_size=1, max_size=4),
        st.booleans(),
        st.sampled_from([",", ";", "\t"]),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        st.sampled_from(["\n", "\r\n", "\r"]),
    )
    def hold(held, escaped, separator, encoding, end):
        wanted = [row for row, _ in held]
        lines = [json.dumps(fields, ensure_ascii=escaped) for _, fields in held]
        (folder / "rows.jsonl").write_bytes((end.join(lines) + end).encode(encoding))
        assert read(folder / "rows.jsonl") == wanted
        columns = list(dict.fromkeys(name for _, fields in held for name in fields))
        text = io.StringIO(newline="")
        table = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
        table.writerows([columns, *([cell(name, fields.get(name)) for name in columns] for _, fields in held)])
        (folder / "rows.csv").write_bytes(text.getvalue().encode(encoding))
        assert read(folder / "rows.csv") == wanted

    hold()


def read(path):
    return [
        Row(request=row.request, idempotency_key=row.idempotency_key, accounts=row.accounts)
        for row in read_rows(path, CONFIG)
    ]


# The manifest


def test_whatever_rows_end_in_is_a_manifest_and_a_summary(cases, tmp_path):
    texts = st.text(max_size=20) | st.sampled_from(PIECES)
    ends = st.tuples(texts, st.dictionaries(PLAIN, PLAIN, max_size=3), st.booleans())

    @cases(200)
    @given(st.lists(ends, max_size=4))
    def hold(ends):
        manifest = Manifest(tmp_path / "m.jsonl", "b", prompts=True)
        for number, (text, labels, done) in enumerate(ends, 1):
            request = ImageRequest(model="m", prompt=text if text.isprintable() else "x", labels=labels)
            error = None if done else NoRoute(text)
            manifest.add(RowEnd(number=number, row=Row(request=request), key="k", state="failed", error=error))
        manifest.close(BatchEnd(name="b", rows=len(ends), why="done"))
        told = [json.loads(line) for line in (tmp_path / "m.jsonl").read_bytes().splitlines()]
        assert [(row["row"], row["labels"], row["error"] is None) for row in told] == [
            (number, labels, done) for number, (_, labels, done) in enumerate(ends, 1)
        ]
        with manifest.summary.open(encoding="utf-8", newline="") as file:
            head, *table = csv.reader(file)
        assert [int(row[1]) for row in table] == [*range(1, len(ends) + 1)]
        assert not [each for row in (head, *table) for each in row if each.lstrip(" ")[:1] in tuple("=+-@\t\r\n")]

    hold()


def test_no_file_of_anybody_else_is_overwritten(cases, tmp_path):
    path = tmp_path / "m.jsonl"

    @cases(200)
    @given(tables() | st.sampled_from([b'{"batch": "b"}', b'{"row": 1}', b'{"batch": "c", "row": 1}', b"batch,row\n"]))
    def hold(data):
        for name in ("m.jsonl", "m.csv"):
            (tmp_path / name).write_bytes(data)
            if data:
                with pytest.raises(ConfigError):
                    Manifest(path, "b")
            assert (tmp_path / name).read_bytes() == data
            (tmp_path / name).unlink()

    hold()
