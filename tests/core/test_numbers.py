"""Numbers and flags: their bounds, how they are written, and that what is written is read back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import ImageRequest
from anymedia.declare import Choice, Endpoint, Flag, Number, Offer, Param, Rule, Table, Text, Whole
from anymedia.pricing.price import priced
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .acme import acme


@pytest.mark.parametrize(
    ("takes", "value", "wire"),
    [
        (Whole(), 5, 5),
        (Whole(form=str), 5, "5"),
        (Whole(-9, form="{}s"), -5, "-5s"),
        (Number(0.5, 2), 1.5, 1.5),
        (Number(form=str), 1.5, "1.5"),
        (Number(form="x{}"), 2.0, "x2"),
        (Flag(), True, True),
        (Flag(), False, False),
        (Flag(on="enabled", off="disabled"), True, "enabled"),
        (Flag(on=1, off=0), False, 0),
    ],
)
def test_a_value_is_written_and_read_back(takes, value, wire):
    written = takes.write(value)
    assert (written, type(written)) == (wire, type(wire))
    assert takes.read(wire) == value
    assert list(takes.flaws(value)) == []


@pytest.mark.parametrize(
    ("takes", "wire"),
    [
        (Whole(form=str), 5),
        (Whole(form="{}s"), "5"),
        (Whole(form="{}s"), "05s"),
        (Whole(form=str), "5.0"),
        (Number(form=str), "nan"),
        (Number(form=str), "1e3"),
        (Flag(), 1),
        (Flag(on="enabled", off="disabled"), True),
        (Flag(on=1, off=0), False),
    ],
)
def test_what_has_not_the_form_stands_for_nothing(takes, wire):
    assert takes.read(wire) is None


@given(st.integers(-(10**17), 10**17), st.floats(-(10**9), 10**9).map(lambda number: round(number, 6)))
def test_a_number_in_a_text_is_the_same_number(whole, decimal):
    for form in (str, "{}s", "+{}"):
        takes = Whole(-(10**18), form=form), Number(-(10**18), form=form)
        assert takes[0].read(takes[0].write(whole)) == whole
        written = takes[1].write(decimal)
        assert takes[1].read(written) in ((decimal,) if "e" not in written else (None,))


@pytest.mark.parametrize(
    ("takes", "value", "why"),
    [
        (Number(0.5, 2), 2.5, "takes 0.5 to 2, not 2.5"),
        (Number(0.5), 0.25, "takes at least 0.5, not 0.25"),
        (Whole(3, 3), 4, "takes 3, not 4"),
    ],
)
def test_a_number_out_of_bounds_is_a_documented_flaw(takes, value, why):
    (flaw,) = takes.flaws(value)
    assert (flaw.message, flaw.documented) == (why, True)


@pytest.mark.parametrize("form", ["s", "{}{}", "{n}", "{", 5, int])
def test_a_form_holds_one_number(form):
    for takes in (Whole, Number):
        with pytest.raises(ValueError, match=r"form is str, or a text in which \{\} stands for the number"):
            takes(form=form)


def test_on_and_off_are_two_words():
    with pytest.raises(ValueError, match="written differently, or nothing is chosen"):
        Flag(on="yes", off="yes")
    assert Flag(on=1, off=True) == Flag(on=1, off=True)


OFFER = Offer(
    name="m",
    params={
        "prompt": Param("prompt", Text()),
        "seed": Param("steps", Whole(1, 50, form="{} steps"), default=4),
        "quality": Param("quality", Choice("low", "high"), default="low"),
    },
    rules=(Rule(when={"seed": 8}, allows={"quality": ("high",)}),),
    prices=Table("seed", {4: "0.01", 8: "0.02"}),
)
ADAPTER = acme(submit=Endpoint(method="POST", path="/v1"), offers=(OFFER,))


def test_a_raw_field_is_read_in_the_form_and_priced():
    def taken(**fields):
        return check(ImageRequest(model="m", prompt="fox", **fields), ADAPTER, OFFER)

    checked = taken(seed=8, quality="high")
    assert parts(checked)[0].body == {"prompt": "fox", "steps": "8 steps", "quality": "high"}
    assert str(priced(checked, parts(checked))) == "$0.02"
    raw = taken(extra={"acme": {"steps": "8 steps"}})
    assert str(priced(raw, parts(raw))) == "$0.02"
    odd = taken(extra={"acme": {"steps": 8}})
    assert re.search("a raw field sets steps to what the page prints no price for", priced(odd, parts(odd)).reason)
    (problem,) = taken(seed=8).problems
    assert problem.message == "8 needs quality high, not low"
