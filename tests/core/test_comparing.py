"""What would differ elsewhere: a table written from the providers' pages, before there was any code that finds it."""

from itertools import product

import attrs
import pytest

from anymedia import ConfigError, ImageRequest, Unsupported, compare, explain
from anymedia.config import default_account
from anymedia.declare import Always, Choice, Endpoint, Files, Idempotency, Offer, Param, Pixels, Reply, Size, Text
from anymedia.preview import seller
from anymedia.pricing.compare import compare as compare_at
from anymedia.pricing.side import Seller
from anymedia.registry import adapter, adapters

ONE, TWO = "https://img.example/1.png", "https://img.example/2.png"
HTTP = "http://img.example/1.png"
FLUX, GPT = {"model": "flux-2-pro"}, {"model": "gpt-image-2"}
WIDE = {**GPT, "aspect_ratio": "16:9", "resolution": "2K"}
SIZED = {**GPT, "size": (2048, 1152)}
PLAIN, OFFICIAL = "reapi/gpt-image-2", "reapi/gpt-image-2-official"

# The request, a, b, the field that differs, and a word that has to be in the sentence.
TABLE = [
    # Refused at one of them
    ({**FLUX, "moderation": "standard"}, "reapi", "revidapi", "moderation", "refuses"),
    ({**WIDE, "quality": "high"}, "reapi", "runapi", "quality", "refuses"),
    (SIZED, "reapi", "runapi", "size", "refuses"),
    ({**FLUX, "images": ONE, "aspect_ratio": "auto"}, "api_in_one", "runapi", "aspect_ratio", "auto"),
    ({**GPT, "aspect_ratio": "3:1"}, "runapi", "reapi", "aspect_ratio", "3:1"),
    ({**GPT, "aspect_ratio": "1:1", "resolution": "4K"}, "runapi", "reapi", "resolution", "needs"),
    ({**FLUX, "images": HTTP}, "revidapi", "reapi", "images", "https"),
    ({**GPT, "prompt": "x" * 4100}, "runapi", "reapi", "prompt", "4000"),
    # Taken at both, and not alike
    ({**FLUX, "resolution": "1K"}, "reapi", "runapi", "resolution", "1k"),
    ({**FLUX, "moderation": "off"}, "reapi", "runapi", "moderation", "enable_safety_checker"),
    ({**GPT, "prompt": "x" * 3950}, "reapi", "runapi", "prompt", "4000"),
    ({**GPT, "images": (ONE, TWO)}, "reapi", "runapi", "images", "16"),
    ({**FLUX, "callback_url": "https://app.example/"}, "reapi", "api_in_one", "callback_url", "left out"),
    # Not given
    (FLUX, "api_in_one", "runapi", "resolution", "1K"),
    (FLUX, "reapi", "runapi", "moderation", "off"),
    ({**GPT, "images": ONE}, "reapi", "runapi", "aspect_ratio", "first image"),
    (GPT, OFFICIAL, "runapi", "quality", "auto"),
    # What is bought
    ({"model": "flux-2-max"}, "runapi", "revidapi", "model", "flux-2-max"),
    ({**WIDE, "quality": "high"}, "reapi", "runapi", "offer", "gpt-image-2-official"),
    (WIDE, "reapi", "runapi", "pixels", "2048x1152"),
    ({**GPT, "count": 4}, OFFICIAL, PLAIN, "tasks", "4"),
    ({**FLUX, "resolution": "1K"}, "revidapi", "reapi", "money", "0.028"),
    (SIZED, OFFICIAL, PLAIN, "money", "unknown"),
    # How it is sold
    (FLUX, "reapi", "revidapi", "expires", "7 days"),
    (FLUX, "api_in_one", "revidapi", "refunds", "failed"),
    (FLUX, "revidapi", "runapi", "idempotency", "Idempotency-Key"),
    (FLUX, "runapi", "api_in_one", "balance", "balance"),
]


def request(**fields):
    return ImageRequest(**{"prompt": "a lighthouse at dusk", **fields})


@pytest.mark.parametrize(("fields", "a", "b", "field", "word"), TABLE)
def test_what_the_pages_say_differs_is_found(fields, a, b, field, word):
    found = {difference.field: difference for difference in compare(request(**fields), a, b)}
    assert word in found[field].text


def test_no_difference_is_an_empty_list_and_the_other_way_round_is_the_mirror():
    for fields, a, b, *_ in TABLE:
        there, back = compare(request(**fields), a, b), compare(request(**fields), b, a)
        assert [(each.field, each.b, each.a) for each in back] == [(each.field, each.a, each.b) for each in there]
        assert len({each.field for each in there}) == len(there)
        if there[0].field != "model":
            assert compare(request(**fields), a, a) == []


@pytest.mark.parametrize("fields", [row[0] for row in TABLE])
def test_whatever_explain_says_of_two_is_told_when_it_differs(fields):
    """Refusals, defaults and money, between any two offers: nothing is left out, and money is not made up.

    Fields of one provider's own are not compared: of the same name they may be of another meaning.
    """
    for a, b in product(explain(request(**fields)), repeat=2):
        found = {difference.field for difference in compare(request(**fields), a.offer, b.offer)}
        refused = [{problem.field: problem.message for problem in side.refusals} for side in (a, b)]
        differ = {field for field in refused[0] | refused[1] if refused[0].get(field) != refused[1].get(field)}
        if not request(**fields).size:
            shared = {field for field in a.defaults.keys() & b.defaults if not field.startswith("extra.")}
            differ |= {field for field in shared if a.defaults[field] != b.defaults[field]}
        if not any(refused):
            differ |= {"money"} if (a.money.usd, a.money.status) != (b.money.usd, b.money.status) else set()
            differ |= {"tasks"} if sum(call.times for call in a.calls) != sum(call.times for call in b.calls) else set()
        assert differ <= found
        assert "money" in differ or "money" not in found


# In words that no built-in provider needs

REAPI, RUNAPI = (seller(name) for name in ("reapi", "runapi"))
SHAPES = Offer(
    name="paint",
    model="flux-2-pro",
    params={
        "prompt": Param("prompt", Text()),
        "images": Param("images", Files(1, 2), required=True),
        "size": Param("", Size(step=16)),
        "quality": Param("?quality", Choice({"low": 1, "high": 2})),
    },
    shape=Pixels(step=16, megapixels={"1K": 1}, ratio="1:1", resolution="1K"),
)
ODD = attrs.evolve(
    adapter("reapi"),
    name="acme",
    offers=(SHAPES,),
    lifecycle=attrs.evolve(
        adapter("reapi").lifecycle,
        submit=Endpoint(method="POST", path="/v1", reply=Reply(files="b64_json")),
        poll=None,
        cancel=Endpoint(method="POST", path="/stop"),
        expires=600,
    ),
    refunds="no",
    idempotency=Idempotency("x-key", 90),
)


def odd(**facts):
    return Seller("acme", default_account(attrs.evolve(ODD, **facts), {}))


def told(fields, a, b, **options):
    found = compare_at(request(**FLUX, **fields), a, b, known=adapters().values(), **options)
    return {each.field: each for each in found}


def test_what_each_work_has_is_no_difference_to_one_who_asks_for_it():
    clear = attrs.evolve(SHAPES, params=SHAPES.params | {"background": Param(None, Always("auto"))})
    always = odd(offers=(clear,))
    found = told({"images": ONE, "background": "auto"}, always, odd())
    assert (found["background"].a, found["background"].b) == (
        "always so",
        "refused",
    )
    assert "background" not in told({"images": ONE, "background": "auto"}, always, always)


def test_how_another_kind_of_provider_sells():
    found = told({"images": ONE, "aspect_ratio": "1:1", "resolution": "1K"}, REAPI, odd())
    assert {field: found[field].b for field in ("refunds", "expires", "idempotency", "cancel", "results")} == {
        "refunds": "no",
        "expires": "10 min",
        "idempotency": "x-key",
        "cancel": "yes",
        "results": "bytes",
    }
    assert "replayed for 90 s" in found["idempotency"].text
    assert (
        told({"images": ONE}, REAPI, odd(lifecycle=attrs.evolve(ODD.lifecycle, expires=7200)))["expires"].b == "2 hours"
    )
    assert (found["pixels"].a, found["pixels"].b) == ("unknown", "1024x1024")
    assert (found["images"].a, found["images"].b) == ("at most 8", "at most 2")
    assert found["resolution"].b == found["aspect_ratio"].b == "width 1024, height 1024"
    assert found["money"].b == "unknown"


def test_a_field_in_the_query_and_one_that_nobody_has():
    assert told({"images": ONE, "quality": "high"}, odd(), REAPI)["quality"].a == "quality 2"
    found = told({"images": ONE}, odd(), REAPI)
    # A shape in pixels alone is the provider's choice until somebody gives one.
    assert (found["aspect_ratio"].a, found["resolution"].a) == ("unknown", "unknown")
    assert "quality" in found
    assert "give resolution" not in found["resolution"].text


def test_a_shape_that_is_refused_or_left_to_the_provider():
    assert told({"images": ONE, "aspect_ratio": "auto"}, odd(), REAPI)["aspect_ratio"].a == "not sent"
    found = {each.field: each for each in compare(request(**SIZED, resolution="1K"), PLAIN, OFFICIAL)}
    assert (found["size"].a, found["resolution"].a) == ("refused", "not sent")
    assert "is a 2K size" in found["size"].text


def test_what_a_request_lacks_is_a_refusal_too():
    found = told({}, odd(), REAPI)
    assert (found["images"].a, found["images"].b) == ("refused", "taken")
    assert "required" in found["images"].text
    assert "money" not in found


def test_what_is_dropped_is_told_as_left_out():
    found = told({"seed": 7, "quality": "high", "images": ONE}, odd(), REAPI, on_unsupported="drop")
    assert (found["quality"].a, found["quality"].b) == ("quality 2", "left out")
    assert "seed" not in found  # neither takes it
    assert "money" in found


def test_raw_fields_go_to_one_of_them():
    extra = {"reapi": {"seed": 7}}
    assert (told({"extra": extra}, REAPI, RUNAPI)["extra"].a, told({"extra": extra}, RUNAPI, REAPI)["extra"].a) == (
        "seed",
        "none",
    )
    assert told({"extra": {"reapi": {"model": "z-image"}}}, REAPI, RUNAPI)["extra"].a == "refused"
    assert "extra" not in told({"extra": extra}, RUNAPI, seller("revidapi"))


@pytest.mark.parametrize(("raw", "gets"), [("2k", "gets 2K by a raw field"), (7, "gets a raw field")])
def test_a_field_that_a_raw_field_sets_is_not_left_open(raw, gets):
    found = told({"extra": {"runapi": {"output_resolution": raw}}}, RUNAPI, REAPI)["resolution"]
    assert found.text == f"resolution is not given: runapi {gets}; reapi takes 1K"


def test_which_offer_is_taken_is_told_where_there_is_a_choice():
    assert "offer" not in told({}, REAPI, RUNAPI)
    nearest, cheapest = (compare(request(**GPT, **fields), "reapi", "runapi")[0] for fields in ({"seed": 1}, {}))
    assert (nearest.field, nearest.a, nearest.b) == ("offer", PLAIN, "runapi/gpt-image-2")
    assert "nearest to taking it" in nearest.text
    assert "of 2 offers the cheapest" in cheapest.text
    assert compare(request(**GPT), "reapi", OFFICIAL)[0].b == OFFICIAL


def test_what_there_is_not():
    with pytest.raises(Unsupported, match="flux-2-max is not sold by revidapi, reapi"):
        compare(request(model="flux-2-max"), "revidapi", "reapi")
    with pytest.raises(Unsupported, match="did you mean flux-2-pro"):
        compare(request(model="flux-2-por"), "reapi", "runapi")
    with pytest.raises(Unsupported, match="an offer of z-image"):
        compare(request(**FLUX), "reapi/z-image", "runapi")
    with pytest.raises(ConfigError, match="no provider is named 'zzz'"):
        compare(request(**FLUX), "reapi", "zzz")
