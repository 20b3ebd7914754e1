"""Offers of the user's own in anymedia.toml: in the words of adapters, checked as theirs are, and each fault told."""

import re
import tomllib
from datetime import date

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anymedia import ConfigError, ImageRequest, OutOfBounds, Unsupported, read_config
from anymedia.declare import (
    ANY,
    UNKNOWN,
    Always,
    Choice,
    Dearest,
    File,
    Files,
    Flag,
    Grid,
    Kind,
    Metered,
    Number,
    Numbered,
    Offer,
    Param,
    Per,
    PerMegapixel,
    Pixels,
    Price,
    Rule,
    Said,
    Size,
    Table,
    Text,
    Url,
    Whole,
    when,
)
from anymedia.model.strict_json import dumps
from anymedia.own_offers.fields import FIELD
from anymedia.own_offers.offers import OFFER, RULE
from anymedia.own_offers.values import WORDS
from anymedia.pricing.explain import explain
from anymedia.pricing.live import LivePrices
from anymedia.pricing.offers import candidates
from anymedia.pricing.price import least
from anymedia.testing.requests import every, fewest, one_by_one
from anymedia.trust import check_trust

WHERE = "anymedia.toml: providers.reapi: offers.m"
PLAIN = 'params.prompt = { to = "prompt", takes = "text" }'


def account(*offers, provider="reapi", **more):
    """Return an account with offers, each the lines of its table."""
    tables = "\n".join(f"[[providers.{provider}.offers]]\n{lines}" for lines in offers)
    data = tomllib.loads(tables)
    data["providers"][provider] |= more
    return read_config(data, {"REAPI_API_KEY": "k"}, where="anymedia.toml").accounts[provider]


def declared(lines, **more):
    return account(f'name = "m"\n{lines}', **more).adapter.offers[-1]


ALL = """
model = "acme-1"
kind = "image"
wire_id = { images = "acme-edit", mask = "acme-fill", otherwise = "acme" }
path = { images = "/v1/{wire_id}/edit?fast=1", otherwise = "/v1/{wire_id}" }
page = "docs.acme.example"
ends = 2027-01-06
fixed = { "input.mode" = ["a", { b = 1.5 }] }
shape = { step = 16, megapixels = { 1K = 1, 2K = 4 }, ratio = "4:3", resolution = "1K" }
params.prompt = { to = "input.prompt", takes = { text = [1, 2000] }, required = true }
params.images.to = { first = "image", further = "image_{n}" }
params.images.takes = { files = ["url", "data"], bounds = [1, 3], https = true, types = ["image/png"], sides = [1, 99] }
params.mask.to = "mask"
params.mask.takes = { mask = { file = ["url"], https = true, megabytes = 2.5 }, images = false, otherwise = "file" }
params.size.to = "input."
params.size.takes = { size = { ratio = "custom" }, most = 2048, area = [1024, 1024] }
params.size.default = [1024, 768]
params.count = { to = "n", takes = { whole = [1, 4], form = "text" }, default = 1, bills_as = { 3 = 4 } }
params.quality.to = "q"
params.quality.takes = { choice = { low = { steps = 4 }, high = 9 }, not_honoured = ["high"] }
params.quality.default = { said = "low, mostly" }
params.background.to = "bg"
params.background.takes = { choice = ["auto", "opaque"] }
params.background.default = { images = { unknown = true }, otherwise = "auto" }
params.background.bills_as = { auto = { dearest = "nobody knows" } }
params.callback_url = { to = "?hook", takes = "url" }
knobs.tone = { to = "input.tone", takes = { number = [0.5, 2], form = "{}x" }, default = 1 }
knobs.fast.to = "input.fast"
knobs.fast.takes = { flag = ["yes", "no"] }
knobs.fast.default = false
knobs.fast.always_sent = true
knobs.fast.bills_as = { true = false }
knobs.canvas = { to = "canvas", takes = { size = "{width}x{height}", least = 64, step = 8, megapixels = 2 } }
rules = [{ when = { fast = true, tone = "*" }, needs = "mask", allows = { count = [1, 2] } }]
prices.by = "variant fast"
prices.cells = [["text", false, "0.05"], ["images", false, { credits = 3, approximate = true, doubt = "old" }]]
"""


def test_every_word_of_an_offer_can_stand_in_a_table():
    offer = declared(ALL)
    assert offer == Offer(
        name="m",
        model="acme-1",
        own=True,
        kind=Kind.IMAGE,
        wire_id=when(images="acme-edit", mask="acme-fill", otherwise="acme"),
        path=when(images="/v1/{wire_id}/edit?fast=1", otherwise="/v1/{wire_id}"),
        page="docs.acme.example",
        fixed={"input.mode": ["a", {"b": 1.5}]},
        shape=Pixels(16, {"1K": 1, "2K": 4}, "4:3", "1K"),
        ends=date(2027, 1, 6),
        params={
            "prompt": Param("input.prompt", Text(1, 2000), required=True),
            "images": Param(
                Numbered("image", "image_{n}"),
                Files(1, 3, forms=("url", "data"), https=True, types=("image/png",), sides=(1, 99)),
            ),
            "mask": Param("mask", when(mask=File(https=True, megabytes=2.5), images=None, otherwise=File())),
            "size": Param(
                "input.", Size(beside={"ratio": "custom"}, most=2048, area=(1024, 1024)), default=(1024, 768)
            ),
            "count": Param("n", Whole(1, 4, form=str), default=1, bills_as={3: 4}),
            "quality": Param(
                "q", Choice({"low": {"steps": 4}, "high": 9}, not_honoured=("high",)), default=Said("low, mostly")
            ),
            "background": Param(
                "bg",
                Choice("auto", "opaque"),
                default=when(images=UNKNOWN, otherwise="auto"),
                bills_as={"auto": Dearest("nobody knows")},
            ),
            "callback_url": Param("?hook", Url()),
        },
        knobs={
            "tone": Param("input.tone", Number(0.5, 2, form="{}x"), default=1),
            "fast": Param("input.fast", Flag("yes", "no"), default=False, always_sent=True, bills_as={True: False}),
            "canvas": Param("canvas", Size("{width}x{height}", least=64, step=8, megapixels=2)),
        },
        rules=(Rule(when={"fast": True, "tone": ANY}, needs="mask", allows={"count": (1, 2)}),),
        prices=Table(
            "variant fast",
            {("text", False): "0.05", ("images", False): Price(credits=3, approximate=True, doubt="old")},
        ),
    )


CLIP = """
model = "acme-clip"
kind = "video"
makes = 2
params.prompt = { to = "prompt", takes = "text" }
params.first_frame = { to = "frames[0].url", takes = "file" }
params.last_frame = { to = "frames[1].url", takes = "file" }
params.images = { to = "likenesses", takes = "files" }
params.audios.to = { images = "voice", otherwise = "sound_url" }
params.audios.takes = { files = ["url"], bounds = [1, 1], single = true }
params.duration = { to = "seconds", takes = { whole = [4, 8], step = 2, auto = -1 }, default = 4 }
params.audio = { to = "sound", takes = "flag", default = false, always_sent = true }
fixed = { "frames[0].role" = { when = { first_frame = "first" } }, tier = { when = { images = 1 } } }
prices.by = "audio"
prices.cells = [
  [false, { usd = "0.05", of = "duration", begun = true, more = "9" }],
  [true, { credits = 3, of = "duration" }],
]
rules = [{ when = { audios = "*" }, needs = ["images", "first_frame"], excludes = "last_frame" }]
"""


def test_a_clip_of_the_user_s_own_is_declared_in_the_same_words():
    assert declared(CLIP) == Offer(
        name="m",
        model="acme-clip",
        own=True,
        page=WHERE,
        kind=Kind.VIDEO,
        makes=2,
        params={
            "prompt": Param("prompt", Text()),
            "first_frame": Param("frames[0].url", File()),
            "last_frame": Param("frames[1].url", File()),
            "images": Param("likenesses", Files()),
            "audios": Param(when(images="voice", otherwise="sound_url"), Files(1, 1, single=True)),
            "duration": Param("seconds", Whole(4, 8, step=2, auto=-1), default=4),
            "audio": Param("sound", Flag(), default=False, always_sent=True),
        },
        fixed={"frames[0].role": when(first_frame="first"), "tier": when(images=1)},
        rules=(Rule(when={"audios": ANY}, needs=("images", "first_frame"), excludes="last_frame"),),
        prices=Table(
            "audio", {False: Per("0.05", "duration", begun=True, more=9), True: Per(None, "duration", credits=3)}
        ),
    )
    metered = declared(f'{PLAIN}\nprices = {{ rates = {{ tokens = "0.001" }}, most = {{ tokens = 2000000 }} }}')
    assert metered.prices == Metered({"tokens": "0.001"}, most={"tokens": 2_000_000})


def test_other_words_of_an_offer_are_read_too():
    grid = declared(
        f"""{PLAIN}
        shape = {{ resolutions = "1K 2K", rows = {{ "16:9" = "1536x864 2048x1152" }} }}
        params.aspect_ratio.to = "r"
        params.aspect_ratio.takes = {{ choice = ["16:9", "9:16"] }}
        params.aspect_ratio.bills_as = {{ "16:9" = {{ dearest = true }} }}
        params.resolution = {{ to = "s", takes = {{ choice = {{ 1K = "1k", 2K = "2k" }} }} }}
        params.seed = {{ to = "seed", takes = {{ whole = [-1] }} }}
        knobs.scale = {{ to = "scale", takes = "number" }}
        knobs.on = {{ to = "on", takes = "flag" }}
        prices = {{ first = "0.03", further = "0.01", put_in = "0" }}"""
    )
    assert grid.shape == Grid.printed("1K 2K", {"16:9": "1536x864 2048x1152"})
    assert grid.params["seed"].takes == Whole(-1)
    assert grid.params["aspect_ratio"].bills_as == {"16:9": Dearest()}
    assert [param.takes for param in grid.knobs.values()] == [Number(), Flag()]
    assert grid.prices == PerMegapixel("0.03", "0.01", "0")
    assert (grid.model, grid.wire_id, grid.page, grid.own) == ("m", "m", WHERE, True)
    assert declared(f'{PLAIN}\nprices = {{ usd = "0.05", credits = "2.5" }}').prices == Price("0.05", "2.5")
    assert declared(f'{PLAIN}\nprices = "0.05"').prices == Price("0.05")


def test_words_of_a_request_are_read_in_any_letters_and_written_as_they_stand():
    rest = """
        params.quality = { to = "q", takes = { choice = ["HIGH", "low"], not_honoured = ["LOW"] } }
        params.output_format = { takes = { always = "JPG" } }
        params.background = { to = "b", takes = { otherwise = { choice = ["Opaque"] }, images = { always = "AUTO" } } }
    """
    spelled = declared(
        f"""{PLAIN}{rest}
        params.aspect_ratio.to = "r"
        params.aspect_ratio.takes = {{ choice = ["16x9", "1.5"] }}
        params.aspect_ratio.default = "16/9"
        params.aspect_ratio.bills_as = {{ "16x9" = "1.50" }}
        params.resolution = {{ to = "s", takes = {{ choice = {{ 1k = "small", "2K" = "2k" }} }}, default = "1k" }}
        rules = [{{ when = {{ quality = "HIGH" }}, allows = {{ resolution = ["2k"] }} }}]
        prices = {{ by = "resolution seed", cells = [["1k", 1, "0.05"], ["2K", 1, 0.1]] }}
        params.seed = {{ to = "seed", takes = {{ whole = [1, 1] }} }}"""
    )
    params = spelled.params
    assert params["quality"].takes == Choice({"high": "HIGH", "low": "low"}, not_honoured=("low",))
    assert params["output_format"].takes == Always("jpeg")
    assert params["background"].takes == when(images=Always("auto"), otherwise=Choice({"opaque": "Opaque"}))
    assert params["aspect_ratio"].takes == Choice({"16:9": "16x9", "3:2": "1.5"})
    assert (params["aspect_ratio"].default, params["aspect_ratio"].bills_as) == ("16:9", {"16:9": "3:2"})
    assert (params["resolution"].takes, params["resolution"].default) == (Choice({"1K": "small", "2K": "2k"}), "1K")
    assert spelled.rules == (Rule(when={"quality": "high"}, allows={"resolution": ("2K",)}),)
    assert spelled.prices == Table("resolution seed", {("1K", "1"): "0.05", ("2K", "1"): "0.1"})
    with pytest.raises(ConfigError, match=r"params\.resolution: '1K' and '1k' are the same; leave one of them out"):
        declared(f'{PLAIN}\nparams.resolution = {{ to = "s", takes = {{ choice = ["1k", "1K"] }} }}')
    knob = declared(f'{PLAIN}\nknobs.mode = {{ to = "mode", takes = {{ choice = ["4k", "16x9"] }} }}').knobs["mode"]
    assert knob.takes == Choice("4k", "16x9")


def test_each_word_that_can_be_declared_is_one_that_is_read():
    written = {field.name for field in attrs.fields(Offer) if field.init} - {"own"}
    assert written == set(OFFER)
    assert {field.name for field in attrs.fields(Param)} == set(FIELD)
    assert {field.name for field in attrs.fields(Rule)} == set(RULE)


FAULTS = {
    "offers = 5": "providers.reapi: offers: must be a list, not 5",
    "offers = [5]": "providers.reapi: offers.1: must be a table, not 5",
    "offers = [{}]": "offers.1: name: must be a name of 1 to 100 letters, without blanks, not None",
    'offers = [{ name = "a b" }]': "offers.1: name: must be a name of 1 to 100 letters, without blanks, not 'a b'",
    'offers = [{ name = "flux-2" }]': "offers.flux-2: reAPI has an offer of this name already",
    'offers = [{ name = "m" }]': "offers.m: params: is needed, like params.prompt",
}


@pytest.mark.parametrize("text", FAULTS)
def test_what_is_no_list_of_offers_is_told(text):
    with pytest.raises(ConfigError, match=re.escape(FAULTS[text])):
        read_config(tomllib.loads(f"[providers.reapi]\n{text}"), {}, where="anymedia.toml")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ('prices = { usd = "0.05", begun = true }', "must name the field of which each is billed"),
        ('prices = { usd = "0.05", of = "count", each = 0 }', "must name the field of which each is billed"),
        ("prices = { rates = { tokens = true } }", "prices.rates.tokens: must be an amount in USD"),
        (
            'prices = { rates = { tokens = "1" }, most = { tokens = true } }',
            "prices.most.tokens: must be a number of 0 or more",
        ),
        ("makes = 0", "makes: must be a whole number, 1 or more, not 0"),
        ('ends = "2027-01-06"', "ends: must be a day like 2026-12-01, without quotes, not '2027-01-06'"),
        ("ends = 2027-01-06T12:00:00", "ends: must be a day like 2026-12-01, without quotes, not"),
        ('params.seed = { to = { images = 5 }, takes = "whole" }', "to.images: must be a place"),
        ("price = 5", "no word of an offer is named 'price'; did you mean prices?"),
        ("model = 5", "model: must be a text, not 5"),
        ('model = " "', "model: must be a text that is not empty, not ' '"),
        ('kind = "film"', "kind: no kind is named 'film'; there are image"),
        ('kind = "speech"', "no field of speech is named prompt"),
        ("wire_id = { images = 5 }", "wire_id.images: must be a text that is not empty, not 5"),
        ("wire_id = { mask = false }", "wire_id: leaves no variant in which it can be asked for"),
        ('wire_id = { quality = "x" }', "when() goes by prompt, images, mask, not by quality"),
        ("wire_id = 5", "wire_id: must be a text or a table, not 5"),
        ('path = "v1"', "path: must be a path like \"/v1/pictures\", which may hold {wire_id}, not 'v1'"),
        ('path = "//evil.example/v1"', "path: must be a path like"),
        ('path = "/v1/{id}"', "path: must be a path like"),
        ('path = "/{wire_id}"\nwire_id = "a b"', "wire_id: 'a b' cannot stand in the path /{wire_id}"),
        ('lifecycle = "song"', "no lifecycle is named 'song'"),
        ("fixed = { a = 2026-01-02 }", "fixed.a: must be a value that JSON has too, not datetime.date"),
        ('fixed = { "a[].b" = 5 }', "fixed, a[].b: only a list can be spread over several places"),
        ('params.seed = { to = "a[].b", takes = "whole" }', "seed: only a list can be spread over several"),
        (
            'params.seed = { to = { first = "s", further = "s{n}" }, takes = "whole" }',
            "seed: only a list can be spread",
        ),
        ("fixed = { a = nan }", "fixed.a: must be a value that JSON has too"),
        ('fixed = { prompt = "x" }', "prompt goes to prompt and the fixed prompt to prompt: one would overwrite"),
        ('fixed = { model = "x" }', "the wire id goes to model and the fixed model to model"),
        ("params.images = 5", 'params.images: must be a table like { to = "prompt", takes = "text" }, not 5'),
        ("params.images = {}", "params.images: takes: is needed"),
        ('params.images = { takes = "files" }', "params.images: to: is needed"),
        (
            'params.background = { takes = { always = "auto" }, to = "b" }',
            "background: it has a place, unless it is Always",
        ),
        ('params.images = { to = "i" }', "params.images: takes: is needed"),
        (
            'params.images = { to = "i", tales = "files" }',
            "params.images: no word of a field is named 'tales'; did",
        ),
        ('params.pictures = { to = "i", takes = "files" }', "no field of image is named pictures; there are prompt,"),
        ('params.seed = { to = "s", takes = "text" }', "seed: a request gives values like 1, and no Text"),
        (
            'params.images = { to = "s", takes = "url" }',
            "files are put into images: it takes Files(…), not Url(…)",
        ),
        ('params.seed = { to = "a..b", takes = "whole" }', "seed: 'a..b' is no place"),
        ('params.seed = { to = "a.", takes = "whole" }', "seed: only an object can be merged into a"),
        ('params.images = { to = { first = "i" }, takes = "files" }', "params.images: to: must be a place, or {"),
        ('params.images = { to = { first = "i", further = "j" }, takes = "files" }', "'j' is to hold {n}"),
        ('params.seed = { to = "s", takes = "hole" }', "params.seed: takes: no kind of value is named 'hole'; did you"),
        (
            'params.seed = { to = "s", takes = "choice" }',
            "params.seed: takes: choice says what it takes: must be a list",
        ),
        (
            'params.seed = { to = "s", takes = { whole = 5 } }',
            "takes.whole: must be [least, most] or [least], in whole",
        ),
        ('params.seed = { to = "s", takes = { whole = [1, 2, 3] } }', "takes.whole: must be [least, most]"),
        ('params.seed = { to = "s", takes = { whole = [5, 1] } }', "seed: at least 5 and at most 1"),
        (
            'params.seed = { to = "s", takes = { whole = [1], text = [1] } }',
            "takes: must be one of text, whole, number,",
        ),
        (
            'params.seed = { to = "s", takes = { whole = [1], from = 5 } }',
            "takes: no word beside whole is named 'from'",
        ),
        ('params.seed = { to = "s", takes = { whole = [1], form = 5 } }', 'takes.form: must be "text", or a text in'),
        (
            'params.seed = { to = "s", takes = { whole = [1], form = "s" } }',
            "takes: form is str, or a text in which {}",
        ),
        (
            'params.seed = { to = "s", takes = { images = 5 } }',
            "takes.images: must be one of text, whole, number, flag,",
        ),
        ('knobs.a = { to = "a", takes = { flag = ["x"] } }', "takes.flag: must be the two words on the wire, like"),
        ('knobs.a = { to = "a", takes = { flag = ["x", "x"] } }', "takes: on and off are both 'x'"),
        ('knobs.a = { to = "a", takes = { choice = [] } }', "takes.choice: must be a list of texts, or a table like"),
        ('knobs.a = { to = "a", takes = { choice = { a = "x", b = "x" } } }', "a: b is written as 'x', and so is a"),
        ('knobs.a = { to = "a", takes = { size = "{width}" } }', 'takes.size: must be a text like "{width}x{height}"'),
        ('knobs.a = { to = "a", takes = { size = 5 } }', 'takes.size: must be a text like "{width}x{height}"'),
        ('knobs.a = { to = "a", takes = { size = "{width}x{height}", step = 0 } }', "takes.step: must be a whole"),
        ('knobs.a = { to = "a", takes = { number = ["x"] } }', "takes.number: must be [least, most] or [least], not"),
        ('knobs.a = { to = "a", takes = { url = "ftp" } }', "takes.url: must be one of http, https, not 'ftp'"),
        ('knobs.a = { to = "a", takes = { files = ["url"], https = 1 } }', "takes.https: must be true or false, not 1"),
        ('knobs.a = { to = "a", takes = { text = [-1] } }', "takes.text: must be [least, most] or [least], in whole"),
        ('knobs.quality = { to = "a", takes = "text" }', "a knob cannot be named quality"),
        ('knobs.a = { to = "a", takes = "flag", default = 1 }', "a: the default 1 is none of its values"),
        ('knobs.a = { to = "a", takes = "flag", always_sent = true }', "a: always sent, and there is no default"),
        ('knobs.a = { to = "a", takes = "flag", required = 1 }', "knobs.a: required: must be true or false, not 1"),
        ('knobs.a = { to = "a", takes = "flag", default = 2026-01-02 }', "default: must be a text, a number, or true"),
        ('knobs.a = { to = "a", takes = "flag", default = [[1]] }', "default: must be a text, a number, or true or"),
        ('knobs.a = { to = "a", takes = "flag", default = { images = [inf] } }', "default.images: must be a text,"),
        ('knobs.a = { to = "a", takes = "flag", bills_as = { x = 1 } }', "bills_as: x: is no value of this field"),
        ('knobs.a = { to = "a", takes = "flag", bills_as = { true = [] } }', "bills_as.true: must be a text, a number"),
        ('knobs.a = { to = "a", takes = "flag", bills_as = { true = { dearest = [] } } }', "true.dearest: must be a"),
        ("rules = [5]", "rules.1: must be a table, not 5"),
        ("rules = [{}]", "rules.1: must say when it holds, and what it needs, excludes or allows"),
        ('rules = [{ when = { prompt = "*" } }]', "rules.1: must say when it holds"),
        ('rules = [{ when = { prompt = [] }, needs = "seed" }]', "rules.1: when.prompt: must be a text, a number, or"),
        ('rules = [{ when = { prompt = "*" }, allows = { seed = 5 } }]', "rules.1: allows.seed: must be a list of the"),
        ('rules = [{ when = { prompt = "*" }, need = "seed" }]', "rules.1: no word of a rule is named 'need'; did"),
        ('rules = [{ when = { tone = 1 }, needs = "seed" }]', "a rule names tone, which is no field of image"),
        ("shape = {}", "shape: step: is needed"),
        ('shape = { rows = {}, resolutions = "1K" }', "shape: rows: must have a row for each ratio"),
        ('shape = { rows = { "1:1" = "1x1" } }', "shape: resolutions: is needed"),
        ('shape = { rows = { "1:1" = "0x1" }, resolutions = "1K" }', 'rows.1:1: must be sizes like "1024x1024'),
        ('shape = { rows = { "1:1" = "1x1 2x2" }, resolutions = "1K" }', "rows.1:1: has more sizes than there are"),
        ('shape = { rows = { auto = "1x1" }, resolutions = "1K" }', 'rows.auto: must be two numbers like "16:9"'),
        ('shape = { rows = { x = "1x1" }, resolutions = "1K" }', 'rows.x: must be two numbers like "16:9", or'),
        ('shape = { rows = { "1:1" = "1x1" }, resolutions = "1K" }', "the shape makes aspect_ratio, resolution, which"),
        ('shape = { step = 0, megapixels = { 1K = 1 }, ratio = "1:1", resolution = "1K" }', "step: must be a whole"),
        ('shape = { step = 1, megapixels = { 1K = 0 }, ratio = "1:1", resolution = "1K" }', "megapixels.1K: must be"),
        ('shape = { step = 1, megapixels = {}, ratio = "1:1", resolution = "1K" }', "resolution: must be one of those"),
        ("prices = [5]", 'prices: must be an amount in USD, like "0.05" or a table, not [5]'),
        ('prices = "5 USD"', "prices: must be an amount in USD, like \"0.05\", not '5 USD'"),
        ('prices = "0.0000000001"', "prices: must be an amount in USD"),
        ("prices = {}", "prices: must have usd, credits or both"),
        ("prices = { credits = -3 }", "prices.credits: must be an amount in USD"),
        ('prices = { usd = "1", cents = 3 }', "prices: no word of a figure is named 'cents'"),
        ('prices = { by = "seed" }', "prices: cells: is needed beside by"),
        ('prices = { by = "", cells = [] }', 'prices: must have fields in by, like "resolution"'),
        ('prices = { by = "seed", cells = [[1]] }', "prices: cells.1: must be a list of seed, a figure, not [1]"),
        (
            'prices = { by = "seed", cells = [[[], "1"]] }',
            "prices: cells.1: must be a text, a number, or true or false",
        ),
        ('prices = { by = "seed", cells = [[1, [5]]] }', "prices: cells.1: must be an amount in USD"),
        ('prices = { by = "seed", cells = [[1, "1"], [1, "2"]] }', "prices: cells.2: 1 has a figure already"),
        ('prices = { by = "seed", cells = [[1, "1"]] }', "the price goes by seed, which is not mapped"),
        (
            'prices = { by = "variant", cells = [["film", "1"]] }',
            "are printed for what no request is billed as: variant",
        ),
        ('prices = { first = "1" }', "prices: further: is needed beside first"),
        ('prices = { first = "1", further = "x", put_in = "0" }', "prices.further: must be an amount in USD"),
    ],
)
def test_each_fault_is_told_with_its_place_and_what_may_stand_there(lines, why):
    with pytest.raises(ConfigError) as caught:
        declared(f"{PLAIN}\n{lines}")
    assert str(caught.value).startswith(WHERE)
    assert why in str(caught.value)


def test_a_path_is_needed_where_the_provider_has_none_for_all():
    with pytest.raises(ConfigError, match=r"offers.m: path: is needed, since RunAPI has no one path for all: text has"):
        declared(PLAIN, provider="runapi")


OWN = f'{PLAIN}\nknobs.fast = {{ to = "fast", takes = "flag" }}\nprices = {{ by = "fast", cells = [[false, "0.02"]] }}'


def test_an_own_offer_is_sold_priced_and_explained_as_the_user_s_own(tmp_path):
    mine = account(f'name = "m"\nmodel = "flux-2-pro"\n{OWN}', f'name = "n"\n{PLAIN}')
    request = ImageRequest(model="flux-2-pro", prompt="a fox")
    *_, candidate = candidates(request, [mine], live=LivePrices(tmp_path / "prices.json"))
    explained = explain(candidate)
    assert (explained.offer, explained.own, explained.json) == ("reapi/m", True, {"model": "m", "prompt": "a fox"})
    money = explained.money
    assert (str(money), money.got, money.date, money.source) == ("$0.02", "override", None, WHERE)
    assert [each.checked.offer.own for each in candidates(request, [mine])] == [False, True]
    fast = attrs.evolve(request, extra={"reapi": {"fast": True}}, images=("https://a.example/1.png",))
    *_, refused = candidates(fast, [mine], limits=False)
    assert [str(problem) for problem in refused.checked.problems] == [f"images: not supported by this offer ({WHERE})"]
    priced = candidates(attrs.evolve(fast, images=()), [mine])[-1].money
    assert (priced.usd, priced.reason) == (None, "your configuration prints no price for fast true")
    unpriced = candidates(ImageRequest(model="n", prompt="a fox"), [mine])[-1].money
    assert (unpriced.usd, unpriced.reason) == (None, "your configuration names no price")
    assert [least(mine.adapter, offer).got for offer in mine.adapter.offers[-2:]] == ["override", None]


def test_an_account_has_its_own_offers_and_the_provider_the_same_as_before():
    mine, other = account(f'name = "m"\n{OWN}'), account('name = "o"\n' + PLAIN)
    with pytest.raises(Unsupported, match="m is not sold by reapi; it is sold as reapi/m"):
        candidates(ImageRequest(model="m", prompt="a fox"), [other], known=[mine.adapter])
    with pytest.raises(Unsupported, match="no model is named 'm2'"):
        candidates(ImageRequest(model="m2", prompt="a fox"), [mine, other])


def test_a_price_of_the_user_s_may_be_one_of_an_own_offer():
    mine = account(f'name = "m"\n{OWN}', prices={"m": {"false": "0.01"}})
    assert candidates(ImageRequest(model="m", prompt="a fox"), [mine])[-1].money.usd is not None


def test_a_found_file_that_declares_offers_has_to_be_trusted(tmp_path):
    data = tomllib.loads(f'[[providers.reapi.offers]]\nname = "m"\n{PLAIN}')
    for origin, trusted in (("http://127.0.0.1:8080", True), ("https://reapi.ai", False), (None, False)):
        data["providers"]["reapi"] |= {} if origin is None else {"base_url": origin}
        places = (tmp_path / "anymedia.toml", data, {}, tmp_path / "trusted.json")
        if trusted:
            check_trust(*places)
        else:
            with pytest.raises(ConfigError, match=r"providers.reapi.offers could lead an API key, a file of yours"):
                check_trust(*places)
        data["providers"]["reapi"].pop("base_url", None)
    check_trust(tmp_path / "anymedia.toml", {"providers": {"reapi": 5}}, {}, tmp_path / "trusted.json")


# Anything else

TEXTS = st.sampled_from(
    ["", "m", "a.b", "?q", "input.", "/v1", "/{wire_id}", "1:1", "auto", "1K", "0.05", "5", "true", "*", "{}s", "ä b"]
)
ATOMS = TEXTS | st.booleans() | st.integers(-2, 9) | st.floats() | st.dates() | st.integers()
NAMES = st.sampled_from(
    [
        *(*OFFER, *FIELD, *RULE, *WORDS, "otherwise", "images", "mask", "prompt", "size", "count", "quality"),
        *("default", "said", "unknown", "dearest", "first", "further", "put_in", "usd", "credits", "by", "cells"),
    ]
)
ANYTHING = st.recursive(ATOMS, lambda held: st.lists(held, max_size=3) | st.dictionaries(NAMES, held, max_size=3))
BOUNDS = st.lists(st.integers(-1, 9), max_size=2).map(sorted)
KINDS = st.one_of(
    st.sampled_from(["text", "whole", "number", "flag", "url", "file", "files", "size"]),
    BOUNDS.flatmap(lambda bounds: st.sampled_from([{name: bounds} for name in ("whole", "number")])),
    st.lists(st.sampled_from(["low", "high", "1:1", "1K"]), min_size=1, max_size=3).map(lambda each: {"choice": each}),
    st.fixed_dictionaries({"images": st.sampled_from(["text", "whole", "files", False]), "otherwise": st.just("text")}),
)
FIELDS = st.fixed_dictionaries(
    {"to": st.sampled_from(["a", "b.c", "b.", "", "?d", "e[].f"]), "takes": KINDS},
    optional={
        "default": st.sampled_from(["low", "1:1", 1, True, [64, 64], {"said": "so"}, {"unknown": True}]),
        "required": st.booleans(),
    },
)
PRICES = st.sampled_from(
    [
        *("0.05", {"credits": 3}, {"first": "1", "further": "1", "put_in": "0"}),
        *({"by": by, "cells": [["low", "0.01"], ["1", "0.02"]]} for by in ("quality", "count", "tone")),
        {"by": "variant", "cells": [["text", "0.01"], ["images", "0.02"]]},
    ]
)
CANONICAL = st.sampled_from(["images", "mask", "aspect_ratio", "size", "resolution", "count", "quality", "seed"])
RULES = st.fixed_dictionaries(
    {"when": st.dictionaries(CANONICAL, st.sampled_from(["*", "low", 1]), min_size=1, max_size=2), "needs": CANONICAL}
)
PROMPT = {"prompt": {"to": "prompt", "takes": {"text": [1, 50]}, "required": True}}
LIKELY = st.fixed_dictionaries(
    {"name": st.just("m"), "params": st.dictionaries(CANONICAL, FIELDS, max_size=2).map(PROMPT.__or__)},
    optional={
        "knobs": st.dictionaries(st.sampled_from(["tone", "steps"]), FIELDS, max_size=1),
        "prices": PRICES,
        "rules": st.lists(RULES, max_size=1),
    },
)
"""Tables of which about every second one is an offer."""


@st.composite
def spoiled(draw):
    """Draw a table of the two in which every word stands, with anything in a place of it or two."""
    table = {"name": "m", **tomllib.loads(draw(st.sampled_from([ALL, CLIP])))}
    for _ in range(draw(st.integers(1, 2))):
        held = table
        while True:
            keys = [*held] if isinstance(held, dict) else range(len(held))
            key = draw(st.sampled_from([*keys, *(["odd"] if isinstance(held, dict) else [])]))
            inner = held[key] if key != "odd" else None
            if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
                break
            held = inner
        if key != "odd" and isinstance(held, dict) and draw(st.booleans()):
            del held[key]
        else:
            held[key] = draw(ANYTHING)
    return table


def worked_with(mine, offer):
    """Ask for an offer in every way, and show what would be sent."""
    for variant in offer.variants:
        try:
            requests = (*one_by_one(mine.adapter, offer, variant), every(mine.adapter, offer, variant))
        except OutOfBounds:  # of a text alone, where the offer takes none
            continue
        for request in requests:
            for candidate in candidates(request, [mine], offer=offer.name):
                dumps(explain(candidate).json)


@settings(max_examples=300, deadline=None)
@given(st.lists(LIKELY | spoiled() | ANYTHING, min_size=1, max_size=2) | LIKELY.map(lambda table: [table]))
def test_any_table_is_an_offer_that_works_or_a_configuration_error(tables):
    try:
        mine = read_config({"providers": {"reapi": {"offers": tables}}}, {}).accounts["reapi"]
    except ConfigError:
        return
    own = [offer for offer in mine.adapter.offers if offer.own]
    assert len(own) == len(tables)
    for offer in own:
        worked_with(mine, offer)


def test_the_table_in_which_every_word_stands_can_be_asked_for():
    mine = account(f'name = "m"\n{ALL}')
    offer = mine.adapter.offers[-1]
    assert not candidates(fewest(mine.adapter, offer, "text"), [mine], offer="m")[0].checked.problems
    worked_with(mine, offer)
