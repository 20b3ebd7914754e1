"""A provider's own fields: given in `extra`, and held to their bounds, rules and prices like any other."""

import attrs
import pytest

from anymedia import Account, ImageRequest, Unsupported
from anymedia.declare import (
    ANY,
    Choice,
    Endpoint,
    Files,
    Flag,
    Number,
    Offer,
    Param,
    Pixels,
    Rule,
    Said,
    Size,
    Table,
    Text,
    Whole,
    when,
)
from anymedia.pricing.compare import compare
from anymedia.pricing.explain import explain
from anymedia.pricing.offers import candidates
from anymedia.pricing.price import priced
from anymedia.pricing.side import Seller
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .acme import acme

ONE = "https://img.example/1.png"
OFFER = Offer(
    name="m",
    params={"prompt": Param("input.prompt", Text()), "images": Param("input.images", Files(1, 2))},
    knobs={
        "steps": Param("input.steps", Whole(1, 50), default=28),
        "guidance": Param("input.scale", Number(1, 10, form=str)),
        "fast": Param("input.mode", Flag(on="turbo", off="plain"), default=False),
        "style": Param("?style", Choice("flat", "deep"), default=Said("as the prompt says")),
        "likeness": Param("input.likeness", when(images=Number(0, 1))),
        "canvas": Param("input.", Size()),
        "more": Param("input.more", Files(0, 2)),
    },
    rules=(Rule(when={"fast": True}, allows={"steps": (4, 8)}), Rule(when={"style": ANY}, needs="guidance")),
    prices=Table("steps fast", {(28, False): "0.03", (8, False): "0.02", (8, True): "0.01", (4, True): "0.01"}),
)
ADAPTER = acme(submit=Endpoint(method="POST", path="/v1", model="model"), offers=(OFFER,))
ACCOUNT = Account(name="acme", adapter=ADAPTER, origin="https://api.acme.example")


def held(extra, offer=OFFER, on_unsupported="refuse", limits=True, **fields):
    request = ImageRequest(model="m", prompt="fox", extra={"acme": extra}, **fields)
    return check(request, ADAPTER, offer, on_unsupported=on_unsupported, limits=limits)


def said(checked):
    return [str(attrs.evolve(problem, page=None)) for problem in checked.problems]


def money(extra, **fields):
    checked = held(extra, **fields)
    assert said(checked) == []
    return priced(checked, parts(checked))


def test_a_knob_is_written_in_its_place_and_what_is_none_is_sent_as_it_stands():
    chosen = {"steps": 8, "guidance": 2.5, "fast": True, "style": "flat"}
    checked = held({**chosen, "canvas": [64, 32], "more": [ONE], "odd": {"a": 1}})
    assert checked.problems == ()
    assert checked.path == "/v1?style=flat"
    assert parts(checked)[0].body == {
        "model": "m",
        "input": {
            "prompt": "fox",
            "steps": 8,
            "scale": "2.5",
            "mode": "turbo",
            "width": 64,
            "height": 32,
            "more": [ONE],
        },
        "odd": {"a": 1},
    }
    assert checked.extra == {"odd": {"a": 1}}
    assert [adjustment.field for adjustment in checked.adjustments] == ["extra.odd"]


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ({"steps": 51}, "extra.steps: takes 1 to 50, not 51"),
        ({"steps": "8"}, "extra.steps: must be a whole number, not '8'"),
        ({"steps": True}, "extra.steps: must be a whole number, not True"),
        ({"steps": None}, "extra.steps: must be a whole number, not None"),
        ({"guidance": 0.5}, "extra.guidance: takes 1 to 10, not 0.5"),
        ({"guidance": "2"}, "extra.guidance: must be a number, not '2'"),
        ({"fast": 1}, "extra.fast: must be true or false, not 1"),
        ({"style": "round", "guidance": 1}, "extra.style: takes flat, deep, not round"),
        ({"style": ["flat"], "guidance": 1}, "extra.style: must be a text, not ('flat',)"),
        ({"style": "flat"}, "extra.style: needs guidance"),
        ({"fast": True}, "extra.fast: true needs steps 4 8, not 28"),
        ({"likeness": 0.5}, "extra.likeness: not supported without images"),
        ({"canvas": [64]}, "extra.canvas: must be a width and a height in pixels, like 1024x1024, not (64,)"),
    ],
)
def test_a_knob_is_held_to_its_kind_its_bounds_and_its_rules(extra, problem):
    assert said(held(extra)) == [problem]


def test_a_documented_bound_can_be_switched_off_and_a_wrong_kind_cannot():
    assert said(held({"steps": 51}, limits=False)) == []
    assert said(held({"steps": "8"}, limits=False)) == ["extra.steps: must be a whole number, not '8'"]


def test_what_the_offer_does_not_have_is_left_out_where_the_caller_says_so():
    checked = held({"likeness": 0.5}, on_unsupported="drop")
    assert [(each.field, each.given) for each in checked.adjustments] == [("extra.likeness", 0.5)]
    assert "likeness" not in parts(checked)[0].body["input"]
    assert parts(held({"likeness": 0.5}, images=(ONE,)))[0].body["input"]["likeness"] == 0.5


@pytest.mark.parametrize(
    ("extra", "shown", "reason"),
    [
        ({}, "$0.03", None),
        ({"steps": 8}, "$0.02", None),
        ({"steps": 8, "fast": True}, "$0.01", None),
        ({"guidance": 3}, "$0.03", None),
        ({"steps": 9}, "unknown", "the page prints no price for steps 9, fast false"),
        ({"input": {"steps": 8}}, "$0.02", None),
        ({"input": {"mode": "turbo", "steps": 4}}, "$0.01", None),
        ({"input": {"steps": "eight"}}, "unknown", "a raw field sets input.steps to what the page prints no price for"),
        ({"odd": 1}, "~$0.03", "what raw fields cost is not known: odd"),
    ],
)
def test_a_knob_is_priced_and_its_default_counts(extra, shown, reason):
    told = money(extra)
    assert (str(told), told.reason) == (shown, reason)


def test_a_knob_that_is_required_has_to_be_given():
    required = attrs.evolve(OFFER, knobs=OFFER.knobs | {"guidance": Param("input.scale", Number(1, 10), required=True)})
    assert said(held({}, required)) == ["extra.guidance: required by this offer"]
    assert said(held({"guidance": 1}, required)) == []


def test_knobs_are_explained_and_compared():
    request = ImageRequest(model="m", prompt="fox", extra={"acme": {"steps": 8}})
    (candidate,) = candidates(request, [ACCOUNT])
    explained = explain(candidate)
    assert explained.json["input"]["steps"] == 8
    assert explained.defaults == {"extra.fast": False, "extra.style": "as the prompt says"}
    other = attrs.evolve(ACCOUNT, name="other", adapter=attrs.evolve(ADAPTER, name="other"))
    differences = {each.field: (each.a, each.b) for each in compare(request, Seller("a", ACCOUNT), Seller("b", other))}
    assert differences["extra"] == ("steps", "none")
    with pytest.raises(Unsupported, match="no provider is named 'acne'"):
        candidates(attrs.evolve(request, extra={"acne": {"steps": 8}}), [ACCOUNT])


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"knobs": {"quality": Param("q", Text())}}, "a knob cannot be named quality, which is a field of every image"),
        ({"knobs": {"variant": Param("q", Text())}}, "a knob cannot be named variant"),
        ({"knobs": {"labels": Param("q", Text())}}, "a knob cannot be named labels"),
        ({"knobs": {"tone": Param("input.prompt", Text())}}, "prompt goes to input.prompt and tone to input.prompt"),
        ({"knobs": {"tone": Param("q", when(steps=Text()))}}, "when\\(\\) goes by .*, not by steps"),
        ({"prices": Table("tone", {"high": "1"})}, "the price goes by tone, which is not mapped"),
        ({"rules": (Rule(when={"tone": "high"}, needs="steps"),)}, "a rule names tone, which is no field of image"),
        ({"rules": (Rule(when={"steps": 1}, needs="tone"),)}, "a rule names tone"),
        ({"rules": (Rule(when={"steps": 1}, allows={"tone": ("high",)}),)}, "a rule names tone"),
    ],
)
def test_a_knob_that_contradicts_itself_is_refused_when_it_is_declared(facts, why):
    with pytest.raises(ValueError, match=why):
        attrs.evolve(OFFER, **facts)


def test_a_table_has_a_value_for_each_field_it_goes_by():
    with pytest.raises(ValueError, match="cells, 8: a cell has one value for each of steps, fast"):
        Table("steps fast", {"8": "0.01"})


def test_a_shape_leaves_knobs_alone():
    shaped = attrs.evolve(
        OFFER,
        params=OFFER.params | {"size": Param("size", Size("{width}x{height}"))},
        shape=Pixels(16, {"1K": 1}, "1:1", "1K"),
    )
    assert parts(held({"steps": 8}, shaped, aspect_ratio="1:1"))[0].body["size"] == "1024x1024"
    (problem,) = held({"steps": 8}, shaped, aspect_ratio="1:1", resolution="4K").problems
    assert problem.field == "resolution"
