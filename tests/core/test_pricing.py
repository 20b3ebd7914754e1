"""Prices and shapes in words that no built-in adapter needs: pixels, megapixels, credits without a rate."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import ImageRequest, Money, PriceStatus
from anymedia.declare import (
    Choice,
    Credit,
    Endpoint,
    Files,
    Offer,
    Param,
    PerMegapixel,
    Pixels,
    Price,
    Size,
    Table,
    Text,
    Whole,
)
from anymedia.declare.sizes import Grid
from anymedia.pricing.price import least, priced
from anymedia.registry import offers
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .acme import acme

ONE = "https://img.example/1.png"
OFFER = Offer(
    name="paint",
    page="Acme's page",
    params={
        "prompt": Param("prompt", Text()),
        "images": Param("images", Files()),
        "size": Param("size", Size("{width}*{height}", least=64, step=16, megapixels=4)),
        "count": Param("n", Whole(1, 3)),
    },
    shape=Pixels(step=16, megapixels={"1K": 1, "2K": 4}, ratio="4:3", resolution="1K"),
    prices=PerMegapixel("0.03", "0.015", "0.01"),
)
ACME = acme(submit=Endpoint(method="POST", path="/v1", model="model"), offers=(OFFER,))


def held(offer=OFFER, adapter=ACME, **fields):
    return check(ImageRequest(model="paint", prompt="fox", **fields), adapter, offer)


def money(offer=OFFER, adapter=ACME, **fields):
    checked = held(offer, adapter, **fields)
    assert checked.problems == ()
    return priced(checked, parts(checked))


# Shapes


@given(
    st.integers(1, 9999),
    st.integers(1, 9999),
    st.sampled_from([None, "1K", "2K", "4K"]),
    st.sampled_from([1, 16, 32]),
)
def test_any_ratio_becomes_pixels_or_a_problem_and_never_breaks_the_check(across, down, resolution, step):
    offer = attrs.evolve(OFFER, shape=attrs.evolve(OFFER.shape, step=step))
    checked = held(offer, aspect_ratio=f"{across}:{down}", resolution=resolution)
    assert bool(checked.problems) or checked.value("size") is not None
    if not checked.problems:
        width, height = checked.value("size")
        assert (width % step, height % step) == (0, 0)
        assert width * height <= {"1K": 1, "2K": 4}[resolution or "1K"] << 20
        # No larger one of that ratio would fit; each side is cut by less than one step.
        assert (width + step) * (height + step) > ({"1K": 1, "2K": 4}[resolution or "1K"] << 20) * 0.99


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({}, None),
        ({"aspect_ratio": "auto"}, None),
        ({"resolution": "1K"}, "1168*880"),
        ({"aspect_ratio": "1:1"}, "1024*1024"),
        ({"aspect_ratio": "1:1", "resolution": "2K"}, "2048*2048"),
        ({"size": (64, 2048)}, "64*2048"),
    ],
)
def test_ratio_and_resolution_as_pixels(fields, size):
    (part,) = parts(held(**fields))
    assert part.body.get("size") == size


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"resolution": "4K"}, ("resolution", "resolution takes 1K, 2K, not 4K")),
        (
            {"size": (64, 64), "resolution": "1K"},
            ("size", "give size or resolution, not both: this offer takes pixels"),
        ),
        ({"aspect_ratio": "9999:1"}, ("resolution", "9999:1 at 1K is thinner than 16 pixels")),
        ({"size": (48, 64)}, ("size", "takes at least 64 pixels a side, not 48x64")),
        ({"size": (64, 65)}, ("size", "takes multiples of 16, not 64x65")),
        ({"size": (2048, 2064)}, ("size", "takes at most 4 megapixels, not 2048x2064")),
    ],
)
def test_what_is_no_size_of_it(fields, said):
    assert [(problem.field, problem.message) for problem in held(**fields).problems] == [said]


def test_a_grid_is_mirrored():
    grid = Grid.printed("1K 2K", {"2:1": "20x10 40x20", "1:1": "10x10"})
    assert grid.sizes == {
        ("2:1", "1K"): (20, 10),
        ("1:2", "1K"): (10, 20),
        ("2:1", "2K"): (40, 20),
        ("1:2", "2K"): (20, 40),
        ("1:1", "1K"): (10, 10),
    }
    assert grid.fit({"prompt": "fox", "size": (20, 40), "resolution": "2K"}) == {
        "prompt": "fox",
        "aspect_ratio": "1:2",
        "resolution": "2K",
    }


def test_a_size_as_an_object():
    assert Size().write((3, 4)) == {"width": 3, "height": 4}
    custom = Size(beside={"ratio": "custom"})
    assert custom.write((3, 4)) == {"width": 3, "height": 4, "ratio": "custom"}
    assert custom.read({"width": 3, "height": 4, "ratio": "custom"}) == (3, 4)
    assert custom.read({"width": 3, "height": 4, "ratio": "1:1"}) is None
    with pytest.raises(ValueError, match="beside: nothing stands beside a size that is written as a text"):
        Size("{width}x{height}", beside={"ratio": "custom"})
    with pytest.raises(ValueError, match="area is a width and a height in pixels"):
        Size(area=3840)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((3840, 2160), []),
        ((2160, 3840), []),
        ((3840, 2176), ["takes at most as many pixels as 3840x2160, not 3840x2176"]),
        ((3856, 2048), ["takes at most 3840 pixels a side, not 3856x2048"]),
        ((3072, 1024), []),
        ((1024, 3088), ["takes ratios from 1:3 to 3:1, not 1024x3088"]),
    ],
)
def test_the_bounds_of_a_size(size, said):
    bounded = Size("{width}x{height}", step=16, most=3840, ratio=3, area=(3840, 2160))
    assert [flaw.message for flaw in bounded.flaws(size)] == said


# Prices


@pytest.mark.parametrize(
    ("size", "usd"),
    [
        ((64, 64), "0.03"),
        ((1024, 1024), "0.03"),
        ((1024, 1040), "0.045"),
        ((2048, 1024), "0.045"),
        ((2048, 2048), "0.075"),
    ],
)
def test_begun_megapixels_count_whole(size, usd):
    assert money(size=size).usd == Decimal(usd)
    assert money(size=size, count=5).usd == 5 * Decimal(usd)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"size": (64, 64), "images": (ONE,)},
        {"size": (64, 64), "extra": {"acme": {"size": "1*1"}}},
        {"size": (64, 64), "extra": {"acme": {"n": 2}}},
    ],
)
def test_megapixels_that_are_not_known_have_no_price(fields):
    got = money(**fields)
    assert (got.usd, got.status, bool(got.reason)) == (None, PriceStatus.UNKNOWN, True)


def test_what_is_put_in_may_be_free():
    offer = attrs.evolve(OFFER, prices=PerMegapixel("0.03", "0.015", "0"))
    assert money(offer, size=(64, 64), images=(ONE,), extra={"acme": {"prompt": "x", "steps": 2}}).usd == Decimal(
        "0.03"
    )


PLAIN = attrs.evolve(OFFER, shape=None, prices=Price("0.0044", 7))
BY_PIXELS = attrs.evolve(
    PLAIN,
    params=PLAIN.params | {"resolution": Param("resolution", Choice("1K", "2K"))},
    prices=Table("resolution", {"1K": "0.04", "2K": "0.08"}),
)


@pytest.mark.parametrize(
    ("credit", "figures"),
    [
        (None, ("0.0132", "0.0132", "21")),
        (Credit("0.001"), ("0.0132", "0.0132", "13.2")),
        (Credit("0.001", whole=True), ("0.014", "0.0132", "14")),
    ],
)
def test_one_price_in_each_unit(credit, figures):
    got = money(PLAIN, attrs.evolve(ACME, credit=credit), count=3)
    assert (got.usd, got.list_usd, got.credits) == tuple(map(Decimal, figures))
    assert got.status is PriceStatus.EXACT


def test_credits_without_a_rate_are_no_dollars():
    got = money(attrs.evolve(PLAIN, prices=Price(credits=7)), count=2)
    assert (got.usd, got.credits) == (None, 14)


def test_an_offer_without_a_known_default_is_priced_at_the_dearest():
    got = money(BY_PIXELS)
    assert (got.usd, got.status) == (Decimal("0.08"), PriceStatus.ESTIMATE)
    assert got.reason == "resolution is not given, and no page names a default; the dearest is taken"
    # Where the page prints one figure for all, there is nothing to estimate.
    alike = attrs.evolve(BY_PIXELS, prices=Table("resolution", {"1K": "0.04", "2K": "0.04"}))
    assert (money(alike).status, money(alike).reason) == (PriceStatus.EXACT, None)


@pytest.mark.parametrize("fields", [{"size": (64, 64)}, {"extra": {"acme": {"size": "64*64"}}}])
def test_a_price_by_resolution_says_nothing_of_pixels(fields):
    got = money(BY_PIXELS, resolution="1K", **fields)
    assert (got.usd, got.reason) == (None, "the page prints no price for a size in pixels")


@pytest.mark.parametrize(
    ("prices", "shown"),
    [
        (None, "unknown"),
        (Price("0.05"), "$0.05"),
        (Price("0.05", approximate=True), "~$0.05"),
        (Price("0.05", doubt="the unit is inferred"), "~$0.05"),
        (Table("resolution", {"2K": "0.08", "1K": "0.04"}), "$0.04"),
        (Table("resolution", {"2K": "0.08", "1K": Price("0.04", doubt="the unit is inferred")}), "~$0.04"),
        (PerMegapixel("0.03", "0.015", "0.01"), "$0.03"),
    ],
)
def test_the_least_that_a_picture_can_cost(prices, shown):
    got = least(ACME, attrs.evolve(BY_PIXELS, prices=prices))
    assert isinstance(got, Money)
    assert str(got) == shown


def test_a_word_of_the_wire_is_read_back_as_itself_and_not_as_its_like():
    switch = Choice({"off": False, "standard": True})
    assert [switch.read(wire) for wire in (False, True, 0, 1, "off", None)] == [
        "off",
        "standard",
        None,
        None,
        None,
        None,
    ]


def test_a_ratio_left_to_the_provider_goes_with_no_resolution():
    shape = Pixels(step=16, megapixels={"1K": 1}, ratio="4:3", resolution="1K")
    assert "give no resolution" in shape.fit({"aspect_ratio": "auto", "resolution": "1K"}).message


@pytest.mark.parametrize(
    ("extra", "status", "why"),
    [
        ({"n": 4}, "estimate", "what raw fields cost is not known: n"),
        ({"steps": {"most": 9}, "guidance": 2}, "estimate", "steps.most, guidance"),
        ({"nsfw_checker": True}, "exact", None),
    ],
)
def test_what_raw_fields_cost_that_no_field_maps_is_not_known(extra, status, why):
    (adapter, offer) = next(each for each in offers("flux-2-pro") if each[0].name == "reapi")
    checked = check(ImageRequest(model="flux-2-pro", prompt="a fox", extra={"reapi": extra}), adapter, offer)
    money = priced(checked, parts(checked))
    assert (money.status, money.usd) == (status, Decimal("0.028"))
    assert money.reason is None if why is None else why in money.reason


def test_a_figure_that_can_be_read_two_ways_is_an_estimate():
    (adapter, offer) = next(each for each in offers("gpt-image-2") if each[0].name == "runapi")
    for resolution, status in (("1K", "estimate"), ("4K", "exact")):
        edit = ImageRequest(model="gpt-image-2", prompt="x", images=("https://a.b/c",), resolution=resolution)
        checked = check(edit, adapter, offer)
        assert (priced(checked, parts(checked)).status, str(priced(checked, parts(checked)).usd)) == (status, "0.16")


def test_credits_whose_worth_nobody_knows_are_no_price():
    (adapter, offer) = next(each for each in offers("flux-2-pro") if each[0].name == "revidapi")
    bare = attrs.evolve(offer, prices=Price(credits=7))
    checked = check(ImageRequest(model="flux-2-pro", prompt="a fox"), attrs.evolve(adapter, offers=(bare,)), bare)
    money = priced(checked, parts(checked))
    assert (money.status, money.usd, money.credits) == ("unknown", None, 7)
    assert least(adapter, bare).status == "unknown"
    assert least(adapter, attrs.evolve(offer, prices=None)).status == "unknown"
    assert str(least(adapter, attrs.evolve(offer, prices=PerMegapixel("0.03", "0.01", "0")))) == "$0.03"
    assert str(least(adapter, attrs.evolve(offer, prices=Price("0.02")))) == "$0.02"
