"""A word of anymedia.declare says by a ValueError, which names the argument, what may stand in it."""

import re
from typing import Any, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import declare
from anymedia.declare import (
    Choice,
    Endpoint,
    Files,
    Grid,
    Hook,
    Idempotency,
    Metered,
    Number,
    Offer,
    Param,
    Per,
    Price,
    PriceQuote,
    Reply,
    Signed,
    Step,
    Table,
    Text,
    Upload,
    Url,
    Webhook,
    Whole,
    first,
    numbered,
)  # fmt: skip
from anymedia.declare.typed import fits
from anymedia.registry import adapters

PUT = Endpoint(method="PUT", link="to")
SIGNED = Signed(by="hmac-sha256", over="{@}", signature="@x", key="secret")


def words_within(held: Any) -> list[Any]:
    """Return every word of a declaration."""
    match held:
        case dict():
            return [word for pair in held.items() for each in pair for word in words_within(each)]
        case tuple():
            return [word for each in held for word in words_within(each)]
        case _ if attrs.has(type(held)):
            fields = [getattr(held, field.name) for field in attrs.fields(type(held)) if field.init]
            return [held, *(word for each in fields for word in words_within(each))]
    return []


def one_of_each() -> dict[type, Any]:
    """Return one of each word that is a class with fields: rare ones are made here."""
    rare = [
        Webhook(asked_by="url", signed=SIGNED),
        Idempotency("key", 60),
        PriceQuote(call=Endpoint(method="GET", path="/price")),
        Metered({"tokens": "0.1"}),
        Hook("json:dumps", why="it is tried here"),
        Number(),
        Url(),
        numbered("image", "image_{n}"),
        Grid({("1:1", "1K"): (1024, 1024)}),
        Upload(Step(call=Endpoint(method="POST", path="/"), finds={"url": "a"})),
        Per("0.1"),
        declare.Match("a"),
        declare.Header("a"),
        declare.Dearest(),
        declare.Query("a"),
        declare.Many(call=Endpoint(method="GET", path="/{ids}"), each="a[]"),
    ]
    found = words_within((*rare, *adapters().values()))
    classes = [each for name in declare.__all__ if isinstance(each := getattr(declare, name), type) and attrs.has(each)]
    held = {type(each): each for each in reversed(found)}
    return {word: held[word] for word in classes if word in held}


WORDS = one_of_each()
ARGUMENTS = [
    pytest.param(word, field.name, id=f"{word.__name__}.{field.name}")
    for word in WORDS
    for field in attrs.fields(word)
    if field.init and (word, field.name) not in {(Choice, "wire"), (Upload, "steps")}
]

ANYTHING = {"Always.value", "Flag.on", "Flag.off", "Param.default", "When.otherwise", "Whole.auto"}
"""The arguments that take a thing of any type."""


class Stranger:
    """A thing of no type that any word takes."""

    def __repr__(self) -> str:
        return "Stranger()"


def test_every_word_is_tried():
    classes = {each for name in declare.__all__ if isinstance(each := getattr(declare, name), type) and attrs.has(each)}
    assert classes - {*WORDS} == set()


def changed(word: type, field: str, value: object) -> Any:
    given = {each.name: getattr(WORDS[word], each.name) for each in attrs.fields(word) if each.init}
    steps = given.pop("steps", ()) if word is Upload else given.pop("wire", None)
    first_ones = steps if word is Upload else () if steps is None else (steps,)
    return word(*first_ones, **{**given, field: value})


@pytest.mark.parametrize(("word", "field"), ARGUMENTS)
def test_what_may_stand_in_a_word_is_said(word, field):
    """A thing of a strange type is refused by the name of the argument, unless anything may stand there."""
    anything = f"{word.__name__}.{field}" in ANYTHING
    assert fits(Stranger(), get_type_hints(word)[field]) is anything
    if anything:
        changed(word, field, Stranger())
        return
    with pytest.raises(ValueError, match=rf"\b{field}\b"):
        changed(word, field, Stranger())


THINGS = st.recursive(
    st.sampled_from((None, True, 5, -1, 0.5, "a", "", "{a}", b"a", Text(), Price("1"), PUT, Stranger())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from(("a", 5, ("a", "b"))), inner, max_size=2),
    ),
    max_leaves=4,
)


@given(st.sampled_from([each.values for each in ARGUMENTS]), THINGS)
def test_whatever_stands_in_a_word_it_is_taken_or_a_value_error(argument, thing):
    try:
        changed(*argument, thing)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: Step(call=PUT, headers={"a": "b"}),
            "Step, headers: it is the name of headers that an earlier step found",
        ),
        (lambda: Step(call=PUT, headers=5), "Step, headers: takes a text or None, not 5"),
        (lambda: Endpoint(method="PATCH"), "Endpoint, method: takes 'GET', 'POST', 'PUT' or 'DELETE', not 'PATCH'"),
        (lambda: Endpoint(method="GET", query={"a": 5}), "Endpoint, query: takes {a text: a text}, not {'a': 5}"),
        (lambda: Offer(name="a", kind="film", params={}), "Offer, kind: takes one of image, video, music, speech, not"),
        (lambda: Offer(name="a", params={}, ends="soon"), "ends: 'soon' is no day, like '2027-01-06'"),
        (lambda: Param("a", "b"), "Param, takes: takes a Value or a When, not 'b'"),
        (lambda: Reply(id=5), "Reply, id: takes a text, a Path, a First or None, not 5"),
        (lambda: Reply(used=5), "Reply, used: takes {a text: a text, a Path or a First}, not 5"),
        (lambda: Choice(5), "Choice, values: takes texts, and {a text: how it is written}, not 5"),
        (lambda: Upload(5), "steps is a tuple of steps, and one int is in it"),
        (lambda: Files(forms="url"), "forms is a tuple of forms, not a text"),
        (lambda: Whole(True), "Whole, least: takes a whole number, not True"),
        (lambda: Per("1", 5), "Per, of: takes a text, not 5"),
        (lambda: Table("a", 5, per="duration"), "Table, cells: takes {anything: a Price or a text}, not 5"),
        (lambda: Table.printed("a", 5, {}), "Table.printed, columns: takes (a text, …), not 5"),
        (lambda: Grid.printed("1K", 5), "Grid.printed, rows: takes {a text: a text}, not 5"),
        (lambda: Grid({("1:1", "1K"): (1, 2, 3)}), "Grid, sizes: takes {(a text, a text): (a whole number, a whole"),
        (lambda: first("a", 5), "Path, text: takes a text, not 5"),
        (lambda: numbered(5, "a_{n}"), "Numbered, first: takes a text, not 5"),
    ],
)
def test_the_words_of_what_is_wrong(made, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        made()


def test_a_table_counts_its_bare_figures_by_a_field():
    table = Table("resolution", {"720p": "0.05", "1080p": Price("1")}, per="duration")
    assert table.cells == {("720p",): Per("0.05", "duration"), ("1080p",): Price("1")}
