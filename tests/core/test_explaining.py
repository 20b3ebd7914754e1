"""Which offers a request could go to, and what would be sent: without a key, and without a network."""

import re

import attrs
import pytest

from anymedia import (
    Client,
    Config,
    ConfigError,
    ImageRequest,
    NoRoute,
    PriceStatus,
    RawRequest,
    Unsupported,
    VideoRequest,
    explain,
    read_config,
)
from anymedia.keyless import no_account
from anymedia.model.names import meant, no_such
from anymedia.model.plain import sized
from anymedia.pricing.explain import Sent
from anymedia.pricing.offers import candidates as candidates_of
from anymedia.pricing.offers import choose
from anymedia.registry import adapters
from anymedia.translate.encode import parts

FLUX = ImageRequest(model="flux-2-pro", prompt="a fox", resolution="1K")
GPT = ImageRequest(model="gpt-image-2", prompt="a fox")
KEYS = {"REAPI_API_KEY": "rk_secret", "RUNAPI_API_KEY": "run_secret", "REVIDAPI_API_KEY": "revid_secret"}


def accounts(*names):
    return list(read_config({"route": {"accounts": list(names)}}, KEYS).accounts.values())


def candidates(*args, **options):
    return candidates_of(*args, known=adapters().values(), **options)


def names(found):
    return [(each.account.name, each.name) for each in found]


def test_every_offer_of_the_model_in_the_order_of_the_accounts():
    found = candidates(GPT, accounts("runapi", "revidapi", "reapi"))
    assert names(found) == [
        ("runapi", "runapi/gpt-image-2"),
        ("revidapi", "revidapi/gpt-image-2"),
        ("reapi", "reapi/gpt-image-2"),
        ("reapi", "reapi/gpt-image-2-official"),
    ]
    assert [each.offer.name for each in found] == [*["gpt-image-2"] * 3, "gpt-image-2-official"]


def test_an_offer_is_pinned_by_either_of_its_names():
    every = accounts("runapi", "reapi")
    assert names(candidates(GPT, every, offer="reapi/gpt-image-2")) == [("reapi", "reapi/gpt-image-2")]
    assert len(candidates(GPT, every, offer="gpt-image-2")) == 2


@pytest.mark.parametrize(
    ("request_", "offer", "field", "said"),
    [
        (
            attrs.evolve(FLUX, model="flux-2-por"),
            None,
            "model",
            "no model is named 'flux-2-por'; did you mean flux-2-pro?",
        ),
        (FLUX, "reapi/flux-3", "offer", "no offer is named 'reapi/flux-3'; did you mean reapi/flux-2?"),
        (FLUX, "reapi/z-image", "offer", "reapi/z-image is an offer of z-image, and the request is for flux-2-pro"),
        (attrs.evolve(FLUX, extra={"raepi": {}}), None, "extra", "no provider is named 'raepi'; did you mean reapi?"),
        (
            FLUX,
            "api_in_one/flux-2-pro",
            "offer",
            "only reapi is asked: set API_IN_ONE_API_KEY, or name an account of api_in_one",
        ),
        (
            attrs.evolve(FLUX, model="flux-2-max"),
            None,
            "model",
            "flux-2-max is not sold by reapi; it is sold as bfl/flux-2-max",
        ),
        # A part of a name means all that have it, of this kind; those that begin with it stand first.
        # What is sold where it is asked for goes before what is not.
        (attrs.evolve(FLUX, model="FLUX"), None, "model", "named 'FLUX'; did you mean flux-2-flex or flux-2-pro?"),
        (attrs.evolve(FLUX, model="klein"), None, "model", "did you mean flux-2-klein-4b or flux-2-klein-9b?"),
        (VideoRequest(model="imagen", prompt="a fox"), None, "model", "'imagen'; there are flux-3-video, kling-3.0,"),
        (attrs.evolve(FLUX, model="sora-2"), None, "model", "'sora-2'; there are flux-2-flex, "),
        (
            attrs.evolve(FLUX, model="kie/flux-2-pro"),
            None,
            "model",
            "kie/flux-2-pro is an offer of flux-2-pro elsewhere; at reapi that is reapi/flux-2: ask for flux-2-pro",
        ),
        (
            attrs.evolve(FLUX, model="bfl/flux-2-max"),
            None,
            "model",
            "of flux-2-max, which reapi does not sell",
        ),
        (attrs.evolve(FLUX, model="reapi/flux-2"), None, "model", ': ask for flux-2-pro with offer="reapi/flux-2"'),
        (
            attrs.evolve(FLUX, model="gpt-image-2-official"),
            "runapi/gpt-image-2",
            "model",
            "no model is named 'gpt-image-2-official'; runapi/gpt-image-2 is an offer of gpt-image-2",
        ),
        (FLUX, "flux-2-por", "offer", "no offer is named 'flux-2-por'; there are reapi/flux-2"),
        (FLUX, "reapi/flux-2-pro", "offer", "no offer is named 'reapi/flux-2-pro'; did you mean reapi/flux-2?"),
        (FLUX, "openai/gpt-image", "offer", "did you mean openai/gpt-image-1-mini, openai/gpt-image-1.5, "),
        (FLUX, "rapi/flux-2", "offer", "no offer is named 'rapi/flux-2'; did you mean reapi/flux-2?"),
        (attrs.evolve(FLUX, extra={"Kie.ai": {}}), None, "extra", "no provider is named 'Kie.ai'; did you mean kie?"),
        (
            attrs.evolve(FLUX, model="flux-2-max"),
            "flux-2-max",
            "offer",
            "flux-2-max is sold by bfl, fal or runapi, and only reapi is asked: set BFL_API_KEY, FAL_KEY or RUNAPI_API",
        ),
    ],
)
def test_a_name_that_there_is_not_is_said_with_those_that_it_may_mean(request_, offer, field, said):
    with pytest.raises(Unsupported) as caught:
        candidates(request_, accounts("reapi"), offer=offer)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert said in problem.message


@pytest.mark.parametrize(("size", "told"), [(99_999, "99,999 bytes"), (100_000, "0.1 MB"), (57_882_600_000, "57.9 GB")])
def test_a_number_of_bytes_is_told_in_the_unit_that_fits(size, told):
    assert sized(size) == told


def test_of_many_names_the_nearest_are_told():
    many = [f"model-{number}" for number in range(31)]
    assert no_such("model", "mole-xx", many).startswith("no model is named 'mole-xx'; of 31 the nearest are model-")
    assert no_such("model", "xyzzy-30", many) == "no model is named 'xyzzy-30'; there are 31"
    assert no_such("model", "xyzzy", many, lists="`ls`") == "no model is named 'xyzzy'; there are 31; `ls` lists them"


def test_no_account_at_all():
    with pytest.raises(Unsupported, match="is not sold by any account"):
        candidates(FLUX, [])
    assert "REAPI_API_KEY (reapi)" in str(no_account())
    assert isinstance(no_account(), ConfigError)


WITHOUT = Config(accounts={})


@pytest.mark.parametrize(
    ("request_", "options", "kind", "said"),
    [
        (
            FLUX,
            {},
            ConfigError,
            r"no API key is set for flux-2-pro: set one of (\w+ \(\w+, ~?\$0\.\d+\), )+",
        ),
        (FLUX, {"offer": "kie/flux-2-pro"}, ConfigError, r"set KIE_API_KEY \(kie, \$0\.025\), or write"),
        (FLUX, {"offer": "kie/flux"}, Unsupported, "did you mean kie/flux-2-pro"),
        (ImageRequest(model="flux-2-por", prompt="a"), {}, Unsupported, "did you mean flux-2-pro"),
        (attrs.evolve(FLUX, quality="low"), {}, NoRoute, "quality"),
        (RawRequest("fal", "/x", {}), {}, ConfigError, r"no API key is set at fal: set FAL_KEY \(fal\)"),
        (RawRequest("fall", "/x", {}), {}, ConfigError, "did you mean fal"),
    ],
)
def test_without_an_account_those_are_named_that_serve_the_request(request_, options, kind, said):
    with pytest.raises(kind, match=said) as caught:
        Client(WITHOUT).route(request_, **options)
    assert "OPENAI_API_KEY" not in str(caught.value)


def test_the_keys_of_whom_it_is_served_by_are_named_the_cheapest_first():
    with pytest.raises(ConfigError) as caught:
        Client(WITHOUT).quote(FLUX)
    prices = [float(price) for price in re.findall(r"\$([\d.]+)\)", str(caught.value))]
    assert prices == sorted(prices)
    assert len(prices) > 3


def test_a_file_without_accounts_is_named(tmp_path):
    (tmp_path / "a.toml").write_text("# nothing yet")
    with pytest.raises(ConfigError, match=r"a\.toml has no \[providers\.NAME\]: add .*, and set one of "):
        Client(tmp_path / "a.toml").quote(FLUX)
    with pytest.raises(ConfigError, match=r"a\.toml has no \[providers\.NAME\]"):
        Client(tmp_path / "a.toml").health()


def test_the_first_account_that_takes_it_and_there_the_cheapest_offer():
    every = accounts("runapi", "reapi")
    assert choose(candidates(GPT, every)).name == "runapi/gpt-image-2"
    assert choose(candidates(GPT, every[::-1])).name == "reapi/gpt-image-2"
    low = attrs.evolve(GPT, quality="low")
    assert choose(candidates(low, every)).name == "reapi/gpt-image-2-official"
    assert choose(candidates(attrs.evolve(low, aspect_ratio="3:1"), every)) is None


def test_the_cheapest_offer_changes_with_the_price():
    # At 3 pictures of low quality, and without a say in quality: dropped at one offer, honoured at the other.
    low = attrs.evolve(GPT, quality="low")
    found = candidates(low, accounts("reapi"), on_unsupported="drop")
    assert [str(each.money) for each in found] == ["$0.03", "$0.005"]
    assert choose(found).name == "reapi/gpt-image-2-official"


def test_an_unknown_price_comes_last_among_the_offers_of_an_account():
    request = attrs.evolve(GPT, size=(1024, 1024))
    found = candidates(request, accounts("reapi"))
    assert [each.money.usd is None for each in found] == [False, True]
    assert choose(found[::-1]).name == "reapi/gpt-image-2"
    assert choose([found[1], found[1]]) is found[1]


def test_a_refused_offer_has_no_tasks_and_no_price():
    (found,) = candidates(attrs.evolve(FLUX, seed=1), accounts("reapi"))
    assert (found.parts, found.money.usd, found.money.status) == ((), None, PriceStatus.UNKNOWN)
    (found,) = candidates(attrs.evolve(FLUX, prompt="x" * 5001), accounts("reapi"), limits=False)
    assert len(found.parts) == 1


@pytest.mark.parametrize(
    ("asked", "offer", "said"),
    [
        ((), None, "model: flux-2-pro is not sold by any account; it is sold as "),
        ((), "reapi/flux-2", "offer: reapi/flux-2 is sold by reapi, and no account is asked: set REAPI_API_KEY, or"),
        (("runapi", "revidapi"), "reapi/flux-2", "and only runapi, revidapi are asked: set REAPI_API_KEY, or name an"),
    ],
)
def test_an_offer_of_an_account_that_is_not_asked_says_what_to_set(asked, offer, said):
    with pytest.raises(Unsupported) as caught:
        candidates(FLUX, accounts(*asked) if asked else [], offer=offer)
    assert said in str(caught.value)


def test_which_names_an_unknown_one_may_mean():
    known = ("shine", "sunshine", "moon")
    for name, near in (
        ("SHIN", ["shine", "sunshine"]),  # those that begin with it stand first
        ("sun", ["sunshine"]),
        ("mon", ["moon"]),
        ("o", []),
        ("", []),
        ("lun", ["moon"]),  # by another word for it
    ):
        assert meant(name, known, {"Luna": "moon"}) == near
    assert no_such("star", "x", ()) == "no star is named 'x'; there are none"


# What would be sent


def test_every_provider_that_sells_the_model_is_explained_without_a_key():
    assert [each.offer for each in explain(FLUX)] == [
        *("api_in_one/flux-2-pro", "bfl/flux-2-pro", "fal/flux-2-pro", "kie/flux-2-pro", "reapi/flux-2"),
        *("replicate/flux-2-pro", "revidapi/flux-2-pro", "runapi/flux-2-pro"),
    ]
    assert [each.offer for each in explain(FLUX, "runapi", "reapi")] == ["runapi/flux-2-pro", "reapi/flux-2"]
    assert [each.offer for each in explain(FLUX, offer="reapi/flux-2")] == ["reapi/flux-2"]
    with pytest.raises(ConfigError, match="no provider is named 'zzz'"):
        explain(FLUX, "zzz")
    with pytest.raises(Unsupported, match="gpt-image-2 is not sold by api_in_one; it is sold as kie/"):
        explain(GPT, "api_in_one")


def test_the_exact_call_with_the_key_masked():
    (shown,) = explain(attrs.evolve(FLUX, callback_url="https://app.example/"), "runapi")
    assert (shown.method, shown.url) == ("POST", "https://runapi.ai/api/v1/flux_2/text_to_image")
    assert shown.headers["Authorization"] == "Bearer ***"
    assert set(shown.headers) == {"Authorization", "Accept", "Content-Type", "Idempotency-Key"}
    assert shown.json == {
        "model": "flux-2-pro-text-to-image",
        "prompt": "a fox",
        "output_resolution": "1k",
        "callback_url": "https://app.example/",
    }
    assert (shown.provider, shown.account, shown.model, shown.refusals) == ("runapi", "runapi", "flux-2-pro", ())
    assert str(shown.money) == "$0.05"


def test_defaults_and_adjustments_are_shown():
    (shown,) = explain(
        ImageRequest(model="gpt-image-2", prompt="a fox", images="https://a/1.png"), "reapi", offer="gpt-image-2"
    )
    assert shown.defaults == {"aspect_ratio": "the first image's", "resolution": "1K"}
    (shown,) = explain(attrs.evolve(FLUX, seed=1), "reapi", on_unsupported="drop")
    assert [(each.field, each.given) for each in shown.adjustments] == [("seed", 1)]


def test_several_tasks_are_shown_once_each_with_how_often():
    (shown,) = explain(attrs.evolve(GPT, count=9, quality="low"), offer="reapi/gpt-image-2-official")
    first, last = shown.calls
    assert (first.times, first.json["n"], last) == (2, 4, Sent(first.json | {"n": 1}, 1))
    assert shown.json == first.json
    assert shown.money.credits == 20 + 20 + 5


def test_a_refused_offer_is_shown_with_its_reasons():
    (shown,) = explain(attrs.evolve(FLUX, seed=1, quality="low"), "reapi")
    assert [problem.field for problem in shown.refusals] == ["quality", "seed"]
    assert (shown.json, shown.calls, shown.money.usd) == (None, (), None)
    assert shown.headers["Authorization"] == "Bearer ***"


@pytest.mark.parametrize("request_", [FLUX, attrs.evolve(FLUX, count=3), attrs.evolve(FLUX, extra={"reapi": {"a": 1}})])
def test_what_is_explained_is_what_is_sent(request_):
    found = {each.name: each for each in candidates(request_, accounts("runapi", "reapi"))}
    for shown in explain(request_, "runapi", "reapi"):
        sent = [part.body for part in parts(found[shown.offer].checked)]
        assert [call.json for call in shown.calls for _ in range(call.times)] == sent
