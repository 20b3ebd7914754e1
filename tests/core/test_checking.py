"""Steps 1 and 2 on an offer of nobody's: what is refused, what is dropped, and what is then sent."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Adjustment, ImageRequest, OutOfBounds, Unsupported
from anymedia.declare import (
    ANY,
    UNKNOWN,
    Choice,
    Endpoint,
    File,
    Files,
    Offer,
    Param,
    Rule,
    Said,
    Size,
    Text,
    Whole,
    numbered,
    pick,
    when,
)
from anymedia.translate.check import check
from anymedia.translate.encode import parts, same

from .acme import acme

ONE, TWO = "https://img.example/1.png", "https://img.example/2.png"
OFFER = Offer(
    name="paint",
    model="paint-1",
    wire_id=when(images="repaint", otherwise="paint"),
    path=when(images="/v1/{wire_id}/edit", otherwise="/v1/{wire_id}"),
    page="Acme's page",
    fixed={"tier.name": "gold"},
    params={
        "prompt": Param("input.prompt", Text(2, 5), required=True),
        "images": Param(numbered("image", "image_{n}"), Files(1, 3)),
        "aspect_ratio": Param("input.ratio", Choice("1:1", "2:1"), default="1:1", always_sent=True),
        "resolution": Param("input.dots", Choice({"1K": 1000, "2K": 2000}), default=UNKNOWN),
        "quality": Param("q", when(otherwise=Choice("low", "high", not_honoured=("high",)), images=None)),
        "size": Param("", Size(step=8)),
        "count": Param("n", Whole(1, 3)),
        "seed": Param("seed", Whole(0, 100)),
        "mask": Param("mask", when(images=File())),
    },
    rules=(
        Rule(when={"seed": ANY}, needs="quality"),
        Rule(when={"resolution": "2K", "aspect_ratio": "2:1"}, allows={"quality": ("low",)}),
    ),
)
ACME = acme(submit=Endpoint(method="POST", model="model"), offers=(OFFER,))


def held(*, offer=OFFER, on_unsupported="refuse", limits=True, **fields):
    request = ImageRequest(**{"model": "paint-1", "prompt": "fox"} | fields)
    return check(request, ACME, offer, on_unsupported=on_unsupported, limits=limits)


def said(checked):
    return [(problem.field, problem.message) for problem in checked.problems]


def bodies(checked):
    assert checked.problems == ()
    return [part.body for part in parts(checked)]


# What is refused


def test_every_problem_at_once_each_with_its_field_bound_and_page():
    checked = held(prompt="x", size=(10, 16), seed=101, quality="high", negative_prompt="no")
    assert said(checked) == [
        ("quality", "high is accepted but not honoured"),
        ("negative_prompt", "not supported by this offer"),
        ("prompt", "takes 2 to 5 characters, not 1"),
        ("size", "takes multiples of 8, not 10x16"),
        ("seed", "takes 0 to 100, not 101"),
    ]
    assert {problem.page for problem in checked.problems} == {"Acme's page"}
    error = checked.error()
    assert isinstance(error, Unsupported)
    assert (error.problems, error.provider, error.model) == (checked.problems, "acme", "paint-1")
    assert str(error).startswith("acme/paint does not take this request: quality: high is")


def test_an_error_is_about_bounds_where_only_bounds_are_broken():
    error = held(prompt="x").error()
    assert type(error) is OutOfBounds
    assert error.outcome == "not sent"


def test_a_rule_names_the_field_that_sets_it_off():
    assert said(held(seed=1)) == [("seed", "needs quality")]
    assert said(held(seed=1, quality="low")) == []
    (problem,) = held(resolution="2K", aspect_ratio="2:1").problems
    assert (problem.field, problem.message) == ("resolution", "2K, 2:1 needs quality low, not left out")
    assert said(held(resolution="2K", aspect_ratio="2:1", quality="low")) == []
    assert said(held(resolution="2K")) == []


def test_what_goes_with_one_mode_only():
    assert said(held(mask=ONE)) == [("mask", "not supported without images")]
    assert said(held(images=(ONE,), mask=ONE)) == []
    assert said(held(images=(ONE,), quality="low")) == [("quality", "not supported with images")]


def test_an_offer_for_edits_alone_requires_images():
    edits = attrs.evolve(OFFER, wire_id=when(images="repaint"))
    assert said(held(offer=edits)) == [("images", "required by this offer")]
    assert said(held(offer=edits, images=(ONE,))) == []
    required = attrs.evolve(OFFER, params=OFFER.params | {"images": Param("i", Files(1), required=True)})
    assert said(held(offer=required)) == [("images", "required by this offer")]


def test_without_limits_only_what_cannot_be_expressed_is_refused():
    assert said(held(limits=False, prompt="x" * 99, seed=999, size=(3, 3), images=(ONE,) * 9)) == []
    assert said(held(limits=False, aspect_ratio="7:1")) == []
    # How 4K would be written, nobody knows; what is not there at all does not appear by not looking.
    assert said(held(limits=False, resolution="4K")) == [("resolution", "takes 1K, 2K, not 4K")]
    assert said(held(limits=False, mask=ONE)) == [("mask", "not supported without images")]
    assert said(held(limits=False, output_format="png")) == [("output_format", "not supported by this offer")]
    assert [field for field, _ in said(held(limits=False, extra={"acme": {"model": "x"}}))] == ["extra"]


# What is dropped


def test_what_an_offer_does_not_have_is_dropped_on_request_and_recorded():
    checked = held(on_unsupported="drop", quality="high", negative_prompt="no", output_format="png")
    assert checked.adjustments == (
        Adjustment(field="quality", given="high", reason="high is accepted but not honoured"),
        Adjustment(field="negative_prompt", given="no", reason="not supported by this offer"),
        Adjustment(field="output_format", given="png", reason="not supported by this offer"),
    )
    assert bodies(checked) == bodies(held())


def test_what_the_picture_is_of_is_never_dropped():
    bare = attrs.evolve(OFFER, params={"prompt": OFFER.params["prompt"]})
    checked = held(offer=bare, on_unsupported="drop", images=(ONE,), mask=TWO, seed=1, size=(8, 8))
    assert said(checked) == [
        ("images", "not supported by this offer"),
        ("mask", "not supported by this offer"),
    ]
    # What was dropped is plain JSON, as every record of a task is.
    assert [(each.field, each.given, each.sent) for each in checked.adjustments] == [
        ("size", [8, 8], None),
        ("seed", 1, None),
    ]
    mute = attrs.evolve(OFFER, params={"seed": OFFER.params["seed"]}, rules=())
    assert said(held(offer=mute, on_unsupported="drop")) == [("prompt", "not supported by this offer")]


def test_dropping_does_not_cure_a_value_out_of_bounds():
    assert said(held(on_unsupported="drop", prompt="x")) == [("prompt", "takes 2 to 5 characters, not 1")]


def test_fields_about_delivery_never_refuse_an_offer():
    checked = held(callback_url="https://app.example/done", labels={"order": "7"})
    (adjustment,) = checked.adjustments
    assert (adjustment.field, adjustment.given) == ("callback_url", "https://app.example/done")
    assert bodies(checked) == bodies(held())


# What is sent


def test_each_value_stands_where_the_page_puts_it():
    checked = held(images=(ONE, TWO), size=(16, 8), resolution="2K")
    assert checked.path == "/v1/repaint/edit"
    assert bodies(checked) == [
        {
            "model": "repaint",
            "tier": {"name": "gold"},
            "input": {"prompt": "fox", "ratio": "1:1", "dots": 2000},
            "image": ONE,
            "image_2": TWO,
            "width": 16,
            "height": 8,
        }
    ]


def test_a_default_is_known_and_not_sent_unless_the_wire_requires_it():
    checked = held()
    assert checked.path == "/v1/paint"
    assert dict(checked.defaults) == {"aspect_ratio": "1:1", "resolution": UNKNOWN}
    assert bodies(checked)[0]["input"] == {"prompt": "fox", "ratio": "1:1"}
    assert (checked.value("aspect_ratio"), checked.value("prompt"), checked.value("seed")) == ("1:1", "fox", None)
    assert held(aspect_ratio="2:1").value("aspect_ratio") == "2:1"


def test_each_field_says_its_value_where_it_comes_from_and_what_is_sent():
    told = attrs.evolve(OFFER.params["quality"], default=Said("as the moon stands"))
    offer = attrs.evolve(OFFER, params=OFFER.params | {"quality": told})
    checked = held(offer=offer, size=(16, 8), extra={"acme": {"input": {"dots": 2000}, "image": ONE}})
    assert {name: (field.value, str(field.source), field.sent) for name, field in checked.fields.items()} == {
        "prompt": ("fox", "given", "fox"),
        "images": (None, "raw field", None),  # what it is on the wire is no list here
        "aspect_ratio": ("1:1", "default", "1:1"),
        "resolution": ("2K", "raw field", None),
        "quality": (Said("as the moon stands"), "provider's choice", None),
        "size": ((16, 8), "given", (16, 8)),  # it is merged into the body itself, where no raw field reaches it
        "count": (None, "unknown", None),
        "seed": (None, "unknown", None),
        "mask": (None, "unknown", None),
    }
    assert (checked.given, checked.units, checked.labels) == ({"prompt": "fox", "size": (16, 8)}, 1, {})
    assert (checked.variant, checked.wire_id, checked.value("colour")) == ("text", "paint", None)


@given(st.integers(1, 40), st.integers(0, 60))
def test_a_count_is_split_and_every_seed_is_its_own(count, seed):
    checked = held(count=count, seed=seed, quality="low")
    split = parts(checked)
    assert sum(part.units for part in split) == count
    assert [part.body["n"] for part in split] == [part.units for part in split]
    assert all(part.units == 3 for part in split[:-1])
    assert [part.body["seed"] for part in split] == list(range(seed, seed + count, 3))
    assert [[(each.given, each.sent) for each in part.adjustments] for part in split] == [
        [(seed, seed + first)] if first else [] for first in range(0, count, 3)
    ]


def test_no_count_is_one_picture_and_says_nothing_of_it():
    (part,) = parts(held())
    assert (part.units, "n" in part.body) == (1, False)
    assert [(part.body, times) for part, times in same(parts(held(count=7)))] == [
        (bodies(held(count=3))[0], 2),
        (bodies(held(count=1))[0], 1),
    ]


def test_an_offer_without_a_count_makes_one_picture_a_task():
    single = attrs.evolve(OFFER, params={"prompt": OFFER.params["prompt"]}, rules=())
    assert [part.units for part in parts(held(offer=single, count=3))] == [1, 1, 1]


def test_raw_fields_are_laid_over_the_mapped_ones_and_recorded():
    raw = {"input": {"ratio": "9:1", "more": {"a": [1]}}, "q": None, "tierless": 1}
    checked = held(extra={"acme": raw, "other": {"input": 7}})
    (body,) = bodies(checked)
    assert body["input"] == {"prompt": "fox", "ratio": "9:1", "more": {"a": [1]}}
    assert (body["q"], body["tierless"], body["tier"]) == (None, 1, {"name": "gold"})
    assert [(each.field, each.given, each.sent) for each in checked.adjustments] == [
        (f"extra.{name}", value, value) for name, value in raw.items()
    ]
    assert bodies(held(extra={"acme": {"input": "anew"}}))[0]["input"] == "anew"


@pytest.mark.parametrize("raw", [{"model": "x"}, {"tier": {"name": "lead"}}, {"tier": "lead"}, {"tier": None}])
def test_raw_fields_never_choose_the_model_or_the_offer(raw):
    assert [problem.field for problem in held(extra={"acme": raw}).problems] == ["extra"]


@pytest.mark.parametrize("raw", [{"tier": {"colour": "red"}}, {"models": "x"}, {"input": {"model": "x"}}])
def test_raw_fields_beside_them_are_free(raw):
    assert said(held(extra={"acme": raw})) == []


@given(
    st.dictionaries(st.sampled_from("abcn"), st.recursive(st.integers(), lambda i: st.dictionaries(st.just("a"), i)))
)
def test_a_request_is_never_changed_by_what_is_made_of_it(raw):
    request = ImageRequest(model="paint-1", prompt="fox", extra={"acme": raw})
    before = ImageRequest(model="paint-1", prompt="fox", extra={"acme": raw})
    first = parts(check(request, ACME, OFFER))
    assert parts(check(request, ACME, OFFER)) == first
    assert request == before
    assert dict(OFFER.fixed) == {"tier.name": "gold"}


def test_words_of_an_adapter():
    sides = when(mask=1, images=2, otherwise=3)
    assert [pick(sides, given) for given in (("images", "mask"), ("images",), ())] == [1, 2, 3]
    assert (pick(when(images=2), ()), pick(3, ("images",)), pick(None, ())) == (None, 3, None)
    assert (OFFER.batch, ACME.offer("paint"), ACME.offer("pain")) == (3, OFFER, None)
    with pytest.raises(ValueError, match="paint: no field of image is named colour; there are prompt"):
        attrs.evolve(OFFER, params={"colour": Param("c", Text())})
