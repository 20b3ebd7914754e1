"""What a quote says of every offer: the order, what the price goes by, and sums that no rounding of ours touches."""

import ast
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from importlib import import_module
from math import ceil
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    ConfigError,
    ImageRequest,
    MusicRequest,
    Quote,
    Unsupported,
    VideoRequest,
    explain,
    from_json,
    quote,
    read_config,
    to_json,
)
from anymedia.declare.prices import Credit, PerMegapixel, Price
from anymedia.pricing.live import LivePrice, LivePrices
from anymedia.pricing.offers import candidates
from anymedia.pricing.price import depends_on, priced
from anymedia.pricing.quote import ordered, quote_of
from anymedia.registry import adapters, offers
from anymedia.testing.requests import IMAGE, RATIOS
from anymedia.translate.check import check
from anymedia.translate.encode import parts
from tests.providers import FOUR

FLUX = ImageRequest(model="flux-2-pro", prompt="a fox", resolution="1K")
GPT = ImageRequest(model="gpt-image-2", prompt="a fox")
OFFICIAL = "reapi/gpt-image-2-official"


def official(**fields):
    (found,) = quote(attrs.evolve(GPT, **fields), "reapi", offer=OFFICIAL)
    return found


# The order


def test_the_cheapest_by_what_is_billed_comes_first():
    shown = [
        (each.offer, each.status, str(each.money), str(each.money.list_usd), each.money.credits) for each in quote(FLUX)
    ]
    assert shown == [
        ("kie/flux-2-pro", "exact", "$0.025", "0.025", 5),
        ("revidapi/flux-2-pro", "approximate", "~$0.025", "0.025", 10),
        ("reapi/flux-2", "exact", "$0.028", "0.0275", 28),
        ("bfl/flux-2-pro", "exact", "$0.03", "0.03", 3),
        ("fal/flux-2-pro", "exact", "$0.03", "0.03", None),
        ("api_in_one/flux-2-pro", "exact", "$0.05", "0.05", 5),
        ("runapi/flux-2-pro", "exact", "$0.05", "0.05", None),
        ("replicate/flux-2-pro", "unknown", "unknown", "None", None),
    ]
    *known, _ = quote(FLUX)
    dates = ["2026-08-19", "2026-11-20", "2026-07-28", "2026-11-28", "2026-09", "2026", "2026-07-23"]
    assert [each.money.date for each in known] == dates
    assert {each.money.got for each in known} == {"table"}
    assert all(each.money.source for each in known)


def test_what_nobody_knows_is_not_nothing_and_comes_last_but_for_what_is_refused():
    (unknown,) = quote(attrs.evolve(FLUX, model="flux-2-max"), "runapi")
    assert (unknown.offer, unknown.status, unknown.tasks) == ("runapi/flux-2-max", "unknown", 1)
    assert (unknown.money.usd, unknown.money.list_usd, unknown.money.credits) == (None, None, None)
    assert (str(unknown.money), unknown.reasons) == ("unknown", ("no page prints a price",))
    refused = quote(attrs.evolve(FLUX, seed=1), *FOUR)
    mixed = ordered([*refused, unknown, *reversed(quote(attrs.evolve(FLUX, count=40), *FOUR))])
    assert [each.status for each in mixed] == ["approximate", "exact", "exact", "exact", "unknown", *["refused"] * 4]
    assert mixed[5:] == refused
    by_itself = quote(attrs.evolve(GPT, size=(1024, 1024)), *FOUR)
    assert [(each.offer, each.status) for each in by_itself] == [
        ("reapi/gpt-image-2", "exact"),
        (OFFICIAL, "unknown"),
        ("revidapi/gpt-image-2", "refused"),
        ("runapi/gpt-image-2", "refused"),
    ]


def test_a_price_of_the_user_s_is_for_as_much_as_the_page_s():
    prices = {"wan2.7-video": {"1080p": "0.2"}, "kling-3-0": "0.01", "suno-v6": "0.05", "doubao-seedance-2.0": "0.1"}
    accounts = list(read_config({"providers": {"reapi": {"prices": prices}}}, {}).accounts.values())
    for request, usd in (
        (VideoRequest(model="wan-2.7", prompt="waves", duration=15), "$3.00"),
        (VideoRequest(model="kling-3.0", prompt="waves", duration=15, resolution="4K"), "$0.15"),
        (MusicRequest(model="suno-v6", prompt="waves"), "$0.05"),
        (VideoRequest(model="seedance-2.0", prompt="waves", duration=5), "$0.50"),
        (VideoRequest(model="seedance-2.0", prompt="waves", duration=5, videos=IMAGE), "~$2.00"),
    ):
        (candidate,) = candidates(request, accounts)
        assert str(candidate.money) == usd


def test_the_order_is_by_what_is_billed_and_not_by_what_is_printed(tmp_path):
    tables = {"reapi": {}, "runapi": {"prices": {"z-image": "0.0045"}}}  # reAPI prints 0.0044, and bills 0.005
    accounts = list(read_config({"providers": tables}, {}).accounts.values())
    request = ImageRequest(model="z-image", prompt="a fox")
    found = ordered(map(quote_of, candidates(request, accounts, live=LivePrices(tmp_path / "none"))))
    assert [(each.provider, str(each.money)) for each in found] == [("runapi", "$0.0045"), ("reapi", "$0.005")]


def test_a_refused_offer_says_every_reason():
    for each in quote(attrs.evolve(FLUX, prompt="a", quality="low", seed=7), *FOUR):
        assert (each.status, each.tasks, each.depends_on, each.money.usd) == ("refused", 0, {}, None)
        assert sorted(reason.partition(":")[0] for reason in each.reasons) == ["prompt", "quality", "seed"]
    dropped = quote(attrs.evolve(FLUX, quality="low", seed=7), *FOUR, on_unsupported="drop")
    assert [each.status for each in dropped] == ["approximate", "exact", "exact", "exact"]


def test_only_what_is_asked_for_is_quoted():
    assert [each.offer for each in quote(FLUX, "runapi", "reapi")] == ["reapi/flux-2", "runapi/flux-2-pro"]
    assert [each.offer for each in quote(FLUX, offer="reapi/flux-2")] == ["reapi/flux-2"]
    with pytest.raises(Unsupported, match="did you mean flux-2-pro"):
        quote(attrs.evolve(FLUX, model="flux-2-por"))
    with pytest.raises(Unsupported, match="did you mean reapi/flux-2"):
        quote(FLUX, offer="reapi/flux-3")
    with pytest.raises(ConfigError, match="no provider is named 'zzz'"):
        quote(FLUX, "zzz")


# What the price goes by


def test_a_figure_that_is_missing_is_named_by_its_fields():
    clip = VideoRequest(model="seedance-2.5", prompt="waves", resolution="720p", audio=True)
    for request, put_in in (
        (clip, "text alone"),
        (attrs.evolve(clip, first_frame="https://a.example/1.png"), "first_frame"),
    ):
        (found,) = quote(request, "kie")
        assert found.reasons == (f"the page prints no price for {put_in}, resolution 720p, audio true",)


@pytest.mark.parametrize(
    ("fields", "by"),
    [
        ({}, ("1:1", "1K", "high")),
        ({"quality": "auto"}, ("1:1", "1K", "high")),
        ({"quality": "low", "aspect_ratio": "9:16", "resolution": "4K"}, ("9:16", "4K", "low")),
        ({"aspect_ratio": "auto", "resolution": "2K"}, ("dearest", "2K", "high")),
        ({"images": (IMAGE,)}, ("dearest", "1K", "high")),
        ({"images": (IMAGE,), "aspect_ratio": "1:1"}, ("1:1", "1K", "high")),
        ({"extra": {"reapi": {"quality": "medium", "size": "21:9"}}}, ("21:9", "1K", "medium")),
        ({"extra": {"reapi": {"quality": "ultra"}}}, ("1:1", "1K", None)),
    ],
)
def test_what_a_price_depends_on_is_said_as_it_is_billed(fields, by):
    assert official(**fields).depends_on == dict(zip(("aspect_ratio", "resolution", "quality"), by, strict=True))


def test_an_edit_without_a_size_is_an_estimate_at_the_dearest_and_an_automatic_size_is_billed_so():
    edit, automatic = official(images=(IMAGE,), quality="low", count=2), official(aspect_ratio="auto", quality="low")
    assert (edit.status, edit.money.list_usd, edit.tasks) == ("estimate", 2 * Decimal("0.0096"), 1)
    assert edit.reasons == ("aspect_ratio is the first image's; the dearest is taken",)
    assert (automatic.status, automatic.money.list_usd, automatic.reasons) == ("exact", Decimal("0.0096"), ())


def test_what_other_prices_depend_on():
    def by(name, **fields):
        provider, _, sold = name.partition("/")
        request = ImageRequest(model=adapters()[provider].offer(sold).model, prompt="a fox", **fields)
        (found,) = quote(request, provider, offer=name)
        return found.depends_on

    assert by("runapi/gpt-image-2", images=(IMAGE,)) == {"variant": "images", "resolution": "dearest"}
    assert by("runapi/gpt-image-2", resolution="2K") == {"variant": "text", "resolution": "2K"}
    assert by("reapi/z-image") == by("runapi/flux-2-max") == {}


def test_a_price_by_the_megapixel_depends_on_the_size():
    sold = attrs.evolve(adapters()["reapi"].offer("gpt-image-2-official"), prices=PerMegapixel("0.03", "0.01", "0"))
    for size, said in (((1024, 1040), "1024x1040"), (None, None)):
        checked = check(attrs.evolve(GPT, size=size), adapters()["reapi"], sold)
        assert depends_on(checked) == {"size": said}


def test_why_a_price_is_not_exact_is_always_said():
    for adapter, offer in offers():
        for images in ((), (IMAGE,)):
            request = ImageRequest(model=offer.model, prompt="a fox", images=images)
            for each in quote(request, adapter.name, offer=offer.name):
                assert bool(each.reasons) == (each.status != "exact"), each


def test_several_tasks_are_rounded_apart():
    found = official(aspect_ratio="4:3", quality="low", count=9)  # 14.4, 14.4 and 3.6 credits
    assert (found.tasks, found.money.credits, found.money.usd) == (3, 15 + 15 + 4, Decimal("0.034"))
    assert found.money.list_usd == 9 * Decimal("0.0036")


def test_a_quote_is_the_money_of_the_explanation_and_plain_json():
    for request in (FLUX, GPT, attrs.evolve(GPT, count=7), attrs.evolve(GPT, images=(IMAGE,))):
        explained = {each.offer: each.money for each in explain(request)}
        for each in quote(request):
            assert explained[each.offer] == each.money
            assert from_json(Quote, to_json(each)) == each


def test_a_quote_takes_no_network_and_no_key():
    script = (
        "import sys; from anymedia import ImageRequest, quote; quote(ImageRequest(model='z-image', prompt='a fox'))"
    )
    brought = "sys.exit(any(name in sys.modules for name in ('aiohttp', 'cattrs', 'sqlite3')))"
    assert subprocess.run([sys.executable, "-c", f"{script}; {brought}"], check=False).returncode == 0


# The user's own prices, and those that a provider told


def told(path, usd, origin="https://runapi.ai"):
    """Write down what a task of FLUX costs at a provider."""
    price = LivePrice(
        provider="runapi",
        origin=origin,
        offer="flux-2-pro",
        variant="text",
        fields={"aspect_ratio": None, "resolution": "1K", "moderation": None, "count": 1},
        usd=Decimal(usd),
        date="2027-01-10",
        fetched_at=datetime(2027, 1, 15, tzinfo=UTC),
        tag=None,
        source="its answer",
    )
    LivePrices(path).keep([price])
    return price


def at(prices, path, request, provider="runapi"):
    account = read_config({"providers": {provider: {"prices": prices}}}, {}).accounts[provider]
    return list(map(quote_of, candidates(request, [account], live=LivePrices(path))))


def test_a_price_that_was_told_is_quoted_without_a_client_too():
    told(Path.home() / ".local/state/anymedia/prices.json", "0.02")
    first, second, *_ = quote(FLUX)
    assert (first.offer, first.status, str(first.money)) == ("runapi/flux-2-pro", "exact", "$0.02")
    assert (first.money.got, first.money.date, first.money.source) == ("live", "2027-01-10", "its answer")
    assert second.provider == "kie"
    (shown,) = explain(FLUX, "runapi")
    assert shown.money == first.money


def test_the_user_s_own_price_comes_before_what_was_told_and_what_is_printed(tmp_path):
    told(tmp_path / "prices.json", "0.02")
    (found,) = at({}, tmp_path / "prices.json", FLUX)
    assert (found.money.got, str(found.money)) == ("live", "$0.02")
    for prices in ({"flux-2-pro": "0.031"}, {"flux-2-pro": {"1K": "0.031", "2K": "0.04"}}):
        (found,) = at(prices, tmp_path / "prices.json", attrs.evolve(FLUX, count=3))
        assert (found.money.got, found.status, found.money.usd) == ("override", "exact", Decimal("0.093"))
        assert "providers.runapi" in found.money.source
        assert found.money.date is None
    (found,) = at({"flux-2-flex": "0.031"}, tmp_path / "prices.json", FLUX)
    assert found.money.got == "live"


def test_the_user_s_price_makes_an_unknown_one_known_and_needs_no_rounding(tmp_path):
    (found,) = at({"flux-2-max": "0.1234"}, tmp_path / "none", attrs.evolve(FLUX, model="flux-2-max"))
    assert (found.status, str(found.money)) == ("exact", "$0.1234")
    (found,) = at({"flux-2": "0.0271"}, tmp_path / "none", FLUX, "reapi")
    assert (found.money.usd, found.money.credits) == (Decimal("0.0271"), None)
    cells = {"gpt-image-2-official": {"1:1 1K high": "0.1", "1:1 1K low": "0.002"}}
    costs = {"auto": "$0.40", None: "$0.40", "low": "$0.008", "medium": "unknown"}
    for quality, shown in costs.items():
        request = attrs.evolve(GPT, quality=quality, count=4)
        assert [
            str(each.money) for each in at(cells, tmp_path / "none", request, "reapi") if each.offer == OFFICIAL
        ] == [shown]


def test_raw_fields_make_the_user_s_price_an_estimate(tmp_path):
    (found,) = at({"flux-2": "0.02"}, tmp_path / "none", attrs.evolve(FLUX, extra={"reapi": {"steps": 9}}), "reapi")
    assert (found.status, str(found.money), found.money.got) == ("estimate", "~$0.02", "override")
    assert "steps" in found.reasons[0]


@pytest.mark.parametrize(
    ("provider", "prices", "fields"),
    [
        ("reapi", {"flux-2": {"2K": "0.03"}}, {"model": "flux-2-pro"}),
        # What is not listed may be the dearest of those possible.
        ("runapi", {"flux-2-pro": {"1K": "0.02"}}, {"model": "flux-2-pro"}),
        ("reapi", {"gpt-image-2-official": {"1:1 1K high": "0.1"}}, {"aspect_ratio": "auto"}),
        ("reapi", {"gpt-image-2-official": {"1:1 1K high": "0.1"}}, {"images": (IMAGE,)}),
        ("runapi", {"gpt-image-2": {"text 1K": "0.02"}}, {}),
        ("runapi", {"gpt-image-2": {"text 1K": "0.02"}}, {"images": (IMAGE,), "resolution": "1K"}),
        ("reapi", {"flux-2": {}}, {"model": "flux-2-pro"}),
    ],
)
def test_what_the_user_lists_no_price_for_is_unknown(tmp_path, provider, prices, fields):
    request = ImageRequest(**{"model": "gpt-image-2", "prompt": "a fox"} | fields)
    found = [each for each in at(prices, tmp_path / "none", request, provider) if each.offer.endswith(tuple(prices))]
    assert [(each.status, each.money.usd, bool(each.reasons)) for each in found] == [("unknown", None, True)]


def test_it_is_not_the_page_that_lists_no_price_of_the_user_s(tmp_path):
    (found,) = at({"flux-2": {"2K": "0.03"}}, tmp_path / "none", FLUX, "reapi")
    assert "1K" in found.reasons[0]
    assert "page" not in found.reasons[0]


# Exact sums

FIELDS = {
    "images": st.sampled_from([(), (IMAGE,)]),
    "size": st.none() | st.sampled_from([(1024, 1024), (2048, 1152), (1000, 700)]),
    "aspect_ratio": st.none() | st.sampled_from(RATIOS),
    **{
        field: st.none() | st.sampled_from(form.words)
        for field, form in ImageRequest.roles.forms.items()
        if form.words and field != "output_format"
    },
}
MODELS = sorted({offer.model for _, offer in offers() if offer.kind is ImageRequest.kind})
BATCH = {name: offer.batch for name, offer in ((f"{adapter.name}/{sold.name}", sold) for adapter, sold in offers())}
RATE = {"reapi": Fraction(1, 1000), "api_in_one": Fraction(1, 100)}


def figures(money):
    return [getattr(money, name) for name in ("usd", "list_usd", "credits")]


@given(st.sampled_from(MODELS), st.fixed_dictionaries(FIELDS), st.integers(1, 9) | st.integers(1, 1000))
def test_a_sum_is_exactly_that_of_tasks_each_rounded_as_its_provider_rounds(model, fields, count):
    fields |= {"size": None} if fields["aspect_ratio"] else {}
    request = ImageRequest(model=model, prompt="a fox", **fields)
    one = {each.offer: each.money for each in quote(request, on_unsupported="drop")}
    for each in quote(attrs.evolve(request, count=count), on_unsupported="drop"):
        for figure in figures(each.money):
            assert figure is None or (type(figure) is Decimal and figure > 0)
        if one[each.offer].usd is None:
            assert (each.money.usd, each.money.status) == (None, "unknown")
            continue
        unit = Fraction(one[each.offer].list_usd)
        full, rest = divmod(count, BATCH.get(each.offer, 1))
        tasks = [BATCH.get(each.offer, 1)] * full + [rest] * bool(rest)
        assert each.tasks == len(tasks)
        assert Fraction(each.money.list_usd) == unit * count
        billed = [unit * of_task for of_task in tasks]
        if rate := RATE.get(each.provider):
            credits = [ceil(usd / rate) for usd in billed]
            assert Fraction(each.money.credits) == sum(credits)
            billed = [amount * rate for amount in credits]
        assert Fraction(each.money.usd) == sum(billed)


def test_sums_are_exact_in_a_program_that_counts_with_four_digits():
    request = attrs.evolve(GPT, aspect_ratio="16:9", resolution="4K", count=9)
    usual = quote(request)
    shown = [str(each.money) for each in usual]
    with localcontext(Context(prec=4)):
        assert quote(request) == usual
        assert [str(each.money) for each in quote(request)] == shown


@pytest.mark.parametrize(
    ("rate", "usd", "credits"),
    [
        (Credit("0.003", whole=True), "0.051", 17),
        (Credit("0.07", whole=True), "0.07", 1),
        (Credit("0.003"), "0.05", None),
    ],
)
def test_a_credit_that_does_not_divide_a_price_evenly_is_no_obstacle(rate, usd, credits):
    adapter = attrs.evolve(adapters()["reapi"], credit=rate)
    sold = attrs.evolve(adapter.offer("flux-2"), prices=Price("0.05"))
    checked = check(FLUX, adapter, sold)
    money = priced(checked, parts(checked))
    assert (money.usd, money.list_usd, money.status) == (Decimal(usd), Decimal("0.05"), "exact")
    assert credits in (None, money.credits)


PRICING = (
    *(
        "model.money",
        "declare.prices",
        "pricing.figures",
        "pricing.price",
        "pricing.quote",
        "pricing.offers",
        "pricing.live",
    ),
    "engine.refresh",
)


DIVISIONS = ["max(amount + self.more, self.least) / self.each", "usd / self.usd"]


@pytest.mark.parametrize("module", PRICING)
def test_no_binary_float_comes_near_a_price(module):
    tree = ast.parse(Path(import_module(f"anymedia.{module}").__file__).read_text("utf-8"))
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno
        assert not (isinstance(node, ast.Name) and node.id in ("float", "round")), node.lineno
    # Two divide, into the units of a price and the provider's credits; whatever else divides goes through Decimal too.
    divided = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    assert [ast.unparse(node) for node in divided if "Path" not in ast.unparse(node)] in ([], DIVISIONS)


def test_where_amounts_are_read_nothing_is_made_a_float():
    for module, names in {
        "translate.reading": ["amount"],
        "translate.decode": ["balance", "price", "_settled", "_failure"],
    }.items():
        tree = ast.parse(Path(import_module(f"anymedia.{module}").__file__).read_text("utf-8"))
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
        assert [node.name for node in found] == sorted(names, key=[node.name for node in found].index)
        for node in [inner for function in found for inner in ast.walk(function)]:
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
            assert not (isinstance(node, ast.Call) and ast.unparse(node.func) in ("float", "round"))
