"""JSON from outside: nothing but JSON gets through, and every fault is a ValueError."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.model.strict_json import dumps, lenient, loads

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_what_is_written_is_read_back(value):
    assert loads(dumps(value)) == value
    assert loads(dumps(value).decode()) == value


def test_a_byte_order_mark_is_no_part_of_it():
    assert loads(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_it_is_written_short_and_in_utf_8():
    assert dumps({"b": "é", "a": [1, None]}) == '{"b":"é","a":[1,null]}'.encode()


@pytest.mark.parametrize(
    "text", [b"", b"NaN", b"[-Infinity]", b"1e999", b"-1e999", b"\xff", b"[" * 10**5, b"9" * 5000, b"{'a': 1}", b"1 2"]
)
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's
        loads(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_is_no_json_is_not_written(value):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's
        dumps([value])


@given(st.binary() | st.text())
def test_any_text_is_json_or_a_value_error(text):
    try:
        value = loads(text)
    except ValueError:
        return
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("rest", ['\\"' * 450_000, '"' + "\\" * 900_001, '"\\"' * 300_000])
def test_a_text_without_an_end_is_read_once(rest):
    """It is too deep as well, so that brackets are looked for; by the square of its length that would take hours."""
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's
        lenient("[" * 100_000 + rest)
