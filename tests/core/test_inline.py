"""Files that stand in an answer as base64 are in memory once beside it."""

import json
import tracemalloc
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Task
from anymedia.declare import Endpoint, Reply
from anymedia.errors import SubmitUncertain
from anymedia.model.inline import LONG, Inline, cut, put_back
from anymedia.translate.classify import Asked
from anymedia.translate.decode import submitted
from anymedia.translate.messages import Answer

from .acme import acme

DATA = bytes(range(256)) * 256
NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXT = b64encode(DATA).decode()
URI = f"data:image/png;base64,{TEXT}"


DRAFT = Task(id="t-1", provider="acme", account="acme", submitted_at=NOW, path="/v1")


def asked(reply):
    """Return who is asked: a provider whose answers are read so."""
    adapter = acme(submit=Endpoint(method="POST", path="/v1", reply=reply))
    return Asked(adapter=adapter, account="acme", origin="https://acme.example", model=None, now=NOW)


def read(words, reply, encoding="utf-8"):
    """Return the task that an answer shows the result of."""
    return submitted(asked(reply), Answer(200, {}, json.dumps(words).encode(encoding)), DRAFT)


@pytest.mark.parametrize(
    ("words", "reply", "raw"),
    [
        ({"data": [{"b64": TEXT}]}, Reply(files="data[].b64!base64"), {"data": [{"b64": "… (87384 characters)"}]}),
        ({"a": URI}, Reply(assets="a"), {"a": "… (87384 characters)"}),
        ({"a": {"url": URI}}, Reply(assets="a"), {"a": {"url": "… (87384 characters)"}}),
        ([{"a": [URI]}], Reply(assets="a[]"), {"a": ["… (87384 characters)"]}),
        ({"a": json.dumps({"b": TEXT})}, Reply(files="a!json.b!base64"), None),  # escaped: it is read as it is
        ({"a": TEXT, "b": "é" * 9}, Reply(files="a!base64"), None),
    ],
)
def test_a_file_is_found_and_what_is_kept_only_notes_it(words, reply, raw):
    task = read(words, reply)
    assert [asset.data for asset in task.assets] == [DATA]
    assert raw in (None, task.raw)
    assert len(json.dumps(task.raw)) < 1000
    assert type(task.raw) is dict


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_file_is_found_in_any_encoding(encoding):
    assert [asset.data for asset in read({"a": TEXT}, Reply(files="a!base64"), encoding).assets] == [DATA]


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        ({"a": URI}, Reply(files="a!base64")),  # a data URI is no base64
        ({"a": TEXT}, Reply(assets="a")),  # nor base64 a link
        ({"a": TEXT[:-3] + "="}, Reply(files="a!base64")),
        ({"a": f"data:image/png;base64,{TEXT[:-3]}="}, Reply(assets="a")),
        ({"a": "AA A="}, Reply(files="a!base64")),
        ({"a": ""}, Reply(files="a!base64")),
        ({"a": b64encode(b"<html>down for repairs</html>").decode()}, Reply(files="a!base64")),
        ({"a": "data:text/html,<html>down for repairs</html>"}, Reply(assets="a")),
    ],
)
def test_what_is_no_file_is_none(words, reply):
    with pytest.raises(SubmitUncertain):
        read(words, reply)


LONG_TEXTS = {"short": "A" * (LONG - 2), "long": "A" * LONG, "longer": TEXT, "uri": URI}
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=9) | st.sampled_from([*LONG_TEXTS, '\\"A', '"', "\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=9,
)


@given(JSON)
def test_what_is_cut_out_stands_where_it_stood(words):
    shortened, files = cut(json.dumps(put_in(words)).encode())
    texts = [("data:image/png;base64," if file.uri else "") + bytes(file.data).decode() for file in files]
    assert put_back(json.loads(shortened), texts) == put_in(words)
    assert len(shortened) < 1000 + (LONG * json.dumps(words).count('"short"'))
    assert all(isinstance(file, Inline) and len(file) < 40 for file in files)


def put_in(words):
    """Return JSON with long texts in the place of their names."""
    if isinstance(words, dict):
        return {key: put_in(value) for key, value in words.items()}
    if isinstance(words, list):
        return [put_in(value) for value in words]
    return LONG_TEXTS.get(words, words) if isinstance(words, str) else words


def test_a_file_is_in_memory_once_beside_its_answer():
    words = {"data": [{"b64": b64encode(bytes(6 << 20)).decode()}]}
    who = asked(Reply(files="data[].b64!base64"))
    answer = Answer(200, {}, json.dumps(words).encode())
    tracemalloc.start()
    try:
        task = submitted(who, answer, DRAFT)
        assert tracemalloc.get_traced_memory()[1] < len(answer.body)
    finally:
        tracemalloc.stop()
    assert task.assets[0].data == bytes(6 << 20)
