"""The words that say where a thing stands in an answer."""

import decimal
import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.declare.path import Content, Path, first, place

DATA = {
    "a": {"b": [{"c": 1}, {"c": None}, {"d": 2}, {"c": 3}], "x_url": "u1", "y_url": None, "z_url": "u2", "n": 0},
    "text": '{"b": ["Deep"]}',
    "s": 1735000000,
    "ms": "1735000000500",
    "iso": "2026-02-24T12:00:00Z",
    "local": "2026-02-24T12:00:00",
    "east": "2026-02-24T12:00:00+02:00",
    "bytes": "aGk=",
    "word": "DONE",
    "list": '[{"c": 1}, {"c": 2}]',
    "broken": "[1",
    "empty": "",
    "twice": json.dumps(json.dumps({"b": "Deep"})),
    "nan": '{"a": NaN, "b": 1}',
    "often": json.dumps(json.dumps(json.dumps(json.dumps(json.dumps({"b": 1}))))),
}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("a.n", [0]),
        ("a.missing", []),
        ("word.b", []),
        ("a[].n", [0]),
        ("word[]", ["DONE"]),
        ("list[].c", [1, 2]),
        ("list[1].c", [2]),
        ("broken[]", ["[1"]),
        ("empty[]", []),
        ("twice!json.b[]", ["Deep"]),
        ("nan!json.b[]", [1]),
        ("often!json.b", []),
        ("a.b[].c", [1, 3]),
        ("a.b[2].d", [2]),
        ("a.b[9]", []),
        ("word[0]", ["DONE"]),
        ("word[1]", []),
        ("a.*_url", ["u1", "u2"]),
        ("word.*", []),
        ("text!json.b[0]", ["Deep"]),
        ("word!json", []),
        ("a!json.n", [0]),
        ("s!s", [datetime(2024, 12, 24, 0, 26, 40, tzinfo=UTC)]),
        ("ms!ms", [datetime(2024, 12, 24, 0, 26, 40, 500_000, tzinfo=UTC)]),
        ("ms!s", []),
        ("a.n!ms", []),
        ("word!s", []),
        ("a!ms", []),
        ("iso!iso", [datetime(2026, 2, 24, 12, tzinfo=UTC)]),
        ("local!iso", [datetime(2026, 2, 24, 12, tzinfo=UTC)]),
        ("east!iso", [datetime(2026, 2, 24, 10, tzinfo=UTC)]),
        ("word!iso", []),
        ("bytes!base64", [b"hi"]),
        ("text!base64", []),
        ("", [DATA]),
    ],
)
def test_each_step(where, found):
    assert Path(where).find(DATA) == found
    assert Path(where).one(DATA) == (found[0] if found else None)


@pytest.mark.parametrize(
    ("conversion", "value", "made"),
    [
        ("num", "12", "12"),
        ("num", " -0.50 ", "-0.50"),
        ("num", "1e3", None),
        ("num", 0.1, "0.1"),  # as the provider wrote it
        ("num", 7, "7"),
        ("num", "0", "0"),
        ("num", "1,5", None),  # a comma is a point to some, and a thousand to others
        ("num", "$1", None),
        ("num", "", None),
        ("num", "\u0663", None),
        ("num", True, None),
        ("num", [1], None),
        ("num", 1e99, None),
        ("num", 1e-5, "0.00001"),
        ("num", 10**400, None),
        ("num", float("nan"), None),
        ("num", "9" * 31, None),
        ("cents", 12, "0.12"),
        ("cents", "0.5", "0.005"),
        ("cents", "12c", None),
        ("percent", "45%", "0.45"),
        ("percent", " 45 % ", "0.45"),
        ("percent", 45, "0.45"),
        ("percent", "done", None),
        ("span", 90, "90"),
        ("span", "90", "90"),
        ("span", "1.5s", "1.5"),
        ("span", "2m", "120"),
        ("span", "1h 2 min 3.5 Seconds", "3723.5"),
        ("span", "250ms", "0.25"),
        ("span", "00:01:02", "62"),
        ("span", "1:02.5", "62.5"),
        ("span", "1:2:3:4", None),
        ("span", "-3", None),
        ("span", "3 weeks", None),
        ("span", "s", None),
        ("span", {"s": 1}, None),
    ],
)
def test_numbers_are_exact_however_they_are_written(conversion, value, made):
    decimal.getcontext().prec = 2  # of the caller's program, whatever it counts
    found = Path(f"a!{conversion}").find({"a": value})
    decimal.setcontext(decimal.DefaultContext.copy())
    assert found == ([] if made is None else [Decimal(made)])


ANSWER = Content({"a": 1, "@": 2}, {"x-cost": "12.5", "x-wait": "2m", "x-all": '{"b": [3]}'}, b'\xef\xbb\xbf{"c": 4}')


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("a", [1]),
        ("@X-Cost", ["12.5"]),
        ("@x-cost!num", [Decimal("12.5")]),
        ("@x-wait!span", [120]),
        ("@x-all!json.b[]", [3]),
        ("@x-missing", []),
        ("@x-all!num", []),
        ("@", [ANSWER.body]),
        ("@!json.c", [4]),
        ("@!num", []),
    ],
)
def test_headers_and_bytes_stand_beside_the_words_of_an_answer(where, found):
    assert Path(where).find(ANSWER) == found
    assert first("missing", where).find(ANSWER) == found
    assert Path(where).find(ANSWER.words) == (found if where == "a" else [])  # words alone have none
    assert place("@").find(Content("", {}, b"")) == place("@!json").find(Content("", {}, b"\xff")) == []


def test_times_are_utc_whatever_zone_they_come_in():
    assert Path("east!iso").one(DATA).tzinfo is UTC
    assert Path("a!iso").one({"a": "0001-01-01T00:00:00+23:00"}) is None


def test_the_first_place_that_holds_anything_counts():
    several = first("a.missing", "a.y_url", "a.b[].c", "word")
    assert (several.find(DATA), several.one(DATA)) == ([1, 3], 1)
    assert (first("q", "a.q").find(DATA), first("q").one(DATA)) == ([], None)
    assert str(several) == "a.missing or a.y_url or a.b[].c or word"


def test_a_place_is_named_by_its_text():
    assert place("a.b") == Path("a.b")
    assert place(first("a")) == first("a")
    assert str(Path("a.b[]")) == "a.b[]"


@pytest.mark.parametrize(
    "where", [".a", "a..b", "a/b", "a[x]", "a[", "a!", "a!what", "a!jsona", "é", "@x.y", "@x[0]", "@é", "a@b"]
)
def test_what_is_no_path_is_said_at_once(where):
    with pytest.raises(ValueError, match=re.escape(repr(where))):
        Path(where)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
)
CONVERTED = ("!json", "!s", "!ms", "!iso", "!base64", "!num", "!cents", "!span", "!percent")
STEPS = (".a", ".b", "[]", "[0]", "[1]", ".*", ".a*", *CONVERTED)
WHERE = st.lists(st.sampled_from(STEPS), max_size=5).map(lambda steps: "".join(steps).lstrip("."))


HEADERS = st.dictionaries(st.sampled_from(["a", "b"]), st.text(), max_size=2)


MORE = st.lists(st.sampled_from(STEPS), max_size=5).map("".join)
BESIDE = st.builds("{}{}{}".format, st.sampled_from(["@", "@a", "@B"]), st.sampled_from(CONVERTED), MORE)


@given(BESIDE, st.builds(Content, JSON, HEADERS, st.binary()))
def test_a_place_beside_the_words_never_raises(where, answer):
    found = Path(where).find(answer)
    assert None not in found
    assert Path(where).one(answer) == (found[0] if found else None) or found[0] != found[0]


@given(WHERE, JSON)
def test_a_path_never_raises_and_never_finds_nothing_as_something(where, data):
    found = Path(where).find(data)
    assert where == "" or None not in found
    assert Path(where).one(data) == (found[0] if found else None) or found[0] != found[0]
