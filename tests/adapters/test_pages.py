"""Each provider's page beside what is sent: every field, every bound, every rule, read from the page by hand."""

import pytest

from anymedia import Account, ImageRequest, OutOfBounds, Unsupported
from anymedia.declare import Header
from anymedia.model.task import Task
from anymedia.registry import adapters, offers
from anymedia.translate.check import check
from anymedia.translate.encode import follow, parts, submit

from .rows import every_map

ONE, TWO = "https://img.example/1.png", "https://img.example/2.png"
PLAIN = "http://img.example/1.png"
HOOK = "https://app.example/done"
PROMPT = "a lighthouse at dusk"
IMAGES = "/api/v1/images/generations"
FLUX, GPT, Z = "/api/v1/flux_2/", "/api/v1/gpt_image_2/", "/api/v1/z_image/"

SEVEN = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
FIVE = ("1:1", "4:3", "3:4", "16:9", "9:16")
THIRTEEN = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21")
WIDE = ("16:9", "9:16", "2:1", "1:2", "21:9", "9:21")
EVERY = {*THIRTEEN, "3:1", "1:3", "auto"}

MODELS = {
    "reapi/flux-2": "flux-2-pro",
    "reapi/flux-2-flex": "flux-2-flex",
    "reapi/gpt-image-2": "gpt-image-2",
    "reapi/gpt-image-2-official": "gpt-image-2",
    "reapi/z-image": "z-image",
    "api_in_one/flux-2-pro": "flux-2-pro",
    "api_in_one/flux-2-flex": "flux-2-flex",
    "revidapi/flux-2-pro": "flux-2-pro",
    "revidapi/flux-2-flex": "flux-2-flex",
    "runapi/flux-2-pro": "flux-2-pro",
    "runapi/flux-2-flex": "flux-2-flex",
    "runapi/flux-2-max": "flux-2-max",
    "runapi/gpt-image-2": "gpt-image-2",
    "runapi/z-image": "z-image",
}
TIERS = ("pro", "flex")

# What every problem names as its page.
PAGES = {
    "reapi/flux-2": "reAPI documentation, flux-2",
    "reapi/flux-2-flex": "reAPI documentation, flux-2-flex",
    "reapi/gpt-image-2": "reAPI documentation, gpt-image-2",
    "reapi/gpt-image-2-official": "reAPI documentation, gpt-image-2-official",
    "reapi/z-image": "reAPI's own validators, July 2026, z-image",
    **{f"api_in_one/flux-2-{tier}": "API in One documentation, flux-2" for tier in TIERS},
    **{f"revidapi/flux-2-{tier}": "docs.revidapi.com, FLUX.2" for tier in TIERS},
    **{f"runapi/flux-2-{tier}": f"RunAPI client library, flux-2-{tier}" for tier in (*TIERS, "max")},
    "runapi/gpt-image-2": "RunAPI client library, gpt-image-2",
    "runapi/z-image": "RunAPI client library, z-image",
}


def held(name, limits=True, **fields):
    """Hold a request against an offer."""
    provider, _, sold = name.partition("/")
    adapter = adapters()[provider]
    request = ImageRequest(**{"model": MODELS[name], "prompt": PROMPT} | fields)
    return check(request, adapter, adapter.offer(sold), limits=limits)


def sent(name, **fields):
    """Return the path and the body of the only task that a request takes."""
    checked = held(name, **fields)
    assert checked.problems == ()
    (part,) = parts(checked)
    return checked.path, part.body


def refused(name, **fields):
    return [(problem.field, problem.message) for problem in held(name, **fields).problems]


def test_the_tables_below_speak_of_offers_that_there_are():
    assert MODELS.items() <= {f"{adapter.name}/{offer.name}": offer.model for adapter, offer in offers()}.items()


# What is sent: least, and all that an offer takes.

SENT = [
    # reAPI: flux-2 is the pro tier
    *(
        row
        for wire in ("flux-2", "flux-2-flex")
        for row in (
            (f"reapi/{wire}", {}, IMAGES, {"model": wire, "prompt": PROMPT}),
            (
                f"reapi/{wire}",
                {"aspect_ratio": "16:9", "resolution": "2K", "moderation": "standard"},
                IMAGES,
                {"model": wire, "prompt": PROMPT, "aspect_ratio": "16:9", "resolution": "2K", "nsfw_checker": True},
            ),
            (
                f"reapi/{wire}",
                {"images": (ONE, TWO), "aspect_ratio": "auto", "resolution": "1K", "moderation": "off"},
                IMAGES,
                {
                    "model": wire,
                    "prompt": PROMPT,
                    "input_urls": [ONE, TWO],
                    "aspect_ratio": "auto",
                    "resolution": "1K",
                    "nsfw_checker": False,
                },
            ),
        )
    ),
    ("reapi/gpt-image-2", {}, IMAGES, {"model": "gpt-image-2", "prompt": PROMPT}),
    (
        "reapi/gpt-image-2",
        {"images": (ONE,), "aspect_ratio": "21:9", "resolution": "4K"},
        IMAGES,
        {"model": "gpt-image-2", "prompt": PROMPT, "size": "21:9", "resolution": "4k", "image_urls": [ONE]},
    ),
    (
        "reapi/gpt-image-2",
        {"size": (1360, 2048)},
        IMAGES,
        {"model": "gpt-image-2", "prompt": PROMPT, "size": "2:3", "resolution": "2k"},
    ),
    ("reapi/gpt-image-2-official", {}, IMAGES, {"model": "gpt-image-2-official", "prompt": PROMPT}),
    (
        "reapi/gpt-image-2-official",
        {
            "images": (ONE, TWO),
            "mask": TWO,
            "aspect_ratio": "16:9",
            "resolution": "4K",
            "quality": "medium",
            "count": 3,
            "background": "opaque",
            "moderation": "low",
        },
        IMAGES,
        {
            "model": "gpt-image-2-official",
            "prompt": PROMPT,
            "size": "16:9",
            "resolution": "4k",
            "quality": "medium",
            "n": 3,
            "image_urls": [ONE, TWO],
            "mask_url": TWO,
            "background": "opaque",
            "moderation": "low",
        },
    ),
    (
        "reapi/gpt-image-2-official",
        {"size": (1000, 700), "moderation": "standard", "count": 1},
        IMAGES,
        {"model": "gpt-image-2-official", "prompt": PROMPT, "size": "1000x700", "n": 1, "moderation": "auto"},
    ),
    ("reapi/z-image", {}, IMAGES, {"model": "z-image", "prompt": PROMPT}),
    (
        "reapi/z-image",
        {"aspect_ratio": "4:3", "moderation": "standard"},
        IMAGES,
        {"model": "z-image", "prompt": PROMPT, "aspect_ratio": "4:3", "nsfw_checker": True},
    ),
    # API in One: one model, and a type
    *(
        row
        for tier in TIERS
        for row in (
            (f"api_in_one/flux-2-{tier}", {}, IMAGES, {"model": "flux-2", "type": tier, "prompt": PROMPT}),
            (
                f"api_in_one/flux-2-{tier}",
                {"images": (PLAIN,), "aspect_ratio": "3:2", "resolution": "2K", "callback_url": HOOK},
                IMAGES,
                {
                    "model": "flux-2",
                    "type": tier,
                    "prompt": PROMPT,
                    "aspect_ratio": "3:2",
                    "resolution": "2K",
                    "input_urls": [PLAIN],
                    "callback_url": HOOK,
                },
            ),
        )
    ),
    # RevidAPI: ratio and resolution are required on the wire
    *(
        row
        for tier in TIERS
        for row in (
            (
                f"revidapi/flux-2-{tier}",
                {},
                "/paid/flux-2/create",
                {
                    "model": f"flux-2/{tier}-text-to-image",
                    "input": {"prompt": PROMPT, "aspect_ratio": "1:1", "resolution": "1K"},
                },
            ),
            (
                f"revidapi/flux-2-{tier}",
                {"images": (ONE, TWO), "aspect_ratio": "auto", "resolution": "2K", "callback_url": HOOK},
                "/paid/flux-2/create",
                {
                    "model": f"flux-2/{tier}-image-to-image",
                    "input": {
                        "prompt": PROMPT,
                        "input_urls": [ONE, TWO],
                        "aspect_ratio": "auto",
                        "resolution": "2K",
                    },
                    "callBackUrl": HOOK,
                },
            ),
        )
    ),
    # RunAPI: a path and a model by mode, resolutions in lower case
    *(
        row
        for tier in TIERS
        for row in (
            (
                f"runapi/flux-2-{tier}",
                {},
                FLUX + "text_to_image",
                {"model": f"flux-2-{tier}-text-to-image", "prompt": PROMPT},
            ),
            (
                f"runapi/flux-2-{tier}",
                {"aspect_ratio": "9:16", "resolution": "1K", "moderation": "off"},
                FLUX + "text_to_image",
                {
                    "model": f"flux-2-{tier}-text-to-image",
                    "prompt": PROMPT,
                    "aspect_ratio": "9:16",
                    "output_resolution": "1k",
                    "enable_safety_checker": False,
                },
            ),
            (
                f"runapi/flux-2-{tier}",
                {
                    "images": (ONE,),
                    "aspect_ratio": "auto",
                    "resolution": "2K",
                    "moderation": "standard",
                    "callback_url": HOOK,
                },
                FLUX + "remix_image",
                {
                    "model": f"flux-2-{tier}-remix-image",
                    "prompt": PROMPT,
                    "aspect_ratio": "auto",
                    "output_resolution": "2k",
                    "source_image_urls": [ONE],
                    "enable_safety_checker": True,
                    "callback_url": HOOK,
                },
            ),
        )
    ),
    (
        "runapi/flux-2-max",
        {},
        FLUX + "text_to_image",
        {"model": "flux-2-max-text-to-image", "prompt": PROMPT, "aspect_ratio": "1:1"},
    ),
    (
        "runapi/flux-2-max",
        {"images": (ONE,), "aspect_ratio": "2:3", "resolution": "1K", "callback_url": HOOK},
        FLUX + "remix_image",
        {
            "model": "flux-2-max-remix-image",
            "prompt": PROMPT,
            "aspect_ratio": "2:3",
            "output_resolution": "1k",
            "source_image_urls": [ONE],
            "callback_url": HOOK,
        },
    ),
    ("runapi/gpt-image-2", {}, GPT + "text_to_image", {"model": "gpt-image-2", "prompt": PROMPT}),
    (
        "runapi/gpt-image-2",
        {"images": (ONE, TWO), "aspect_ratio": "3:1", "resolution": "4K"},
        GPT + "edit_image",
        {
            "model": "gpt-image-2",
            "prompt": PROMPT,
            "aspect_ratio": "3:1",
            "output_resolution": "4k",
            "source_image_urls": [ONE, TWO],
        },
    ),
    ("runapi/z-image", {}, Z + "text_to_image", {"model": "z-image", "prompt": PROMPT, "aspect_ratio": "1:1"}),
    (
        "runapi/z-image",
        {"aspect_ratio": "3:4", "moderation": "off"},
        Z + "text_to_image",
        {"model": "z-image", "prompt": PROMPT, "aspect_ratio": "3:4", "enable_safety_checker": False},
    ),
]


@pytest.mark.parametrize(("name", "fields", "path", "body"), SENT)
def test_what_is_sent_is_what_the_page_asks_for_and_no_more(name, fields, path, body):
    assert sent(name, **fields) == (path, body)


@pytest.mark.parametrize("name", MODELS)
def test_every_offer_has_its_least_and_its_fullest_body_above(name):
    assert len([row for row in SENT if row[0] == name]) >= 2


# Where the calls go, and how each carries the API key; None: no look goes anywhere but along a link of an answer.
CALLS = {
    "reapi": ("https://reapi.ai", "Authorization", "Bearer ", "GET /api/v1/tasks/a%2Fb"),
    "api_in_one": ("https://apiin.one", "Authorization", "Bearer ", "GET /api/v1/tasks/a%2Fb"),
    "revidapi": ("https://api.revidapi.com", "x-api-key", "", "POST /paid/get/taskid?taskId=a%2Fb"),
    "runapi": ("https://runapi.ai", "Authorization", "Bearer ", "GET /api/v1/flux_2/remix_image/a%2Fb"),
    **{provider: facts["calls"] for provider, facts in every_map("FACTS").items()},
}


def test_the_calls_are_those_of_every_provider():
    assert set(CALLS) == set(adapters())


@pytest.mark.parametrize(("provider", "facts"), CALLS.items())
def test_where_the_calls_go(provider, facts, clock):
    origin, header, prefix, look = facts
    adapter = adapters()[provider]
    account = Account(name=provider, adapter=adapter, origin=origin)
    assert (adapter.base_url, *adapter.auth) == (origin, Header(header, prefix))

    call = submit(account, None, "/where", {"a": "é"}, "k-1")
    assert (call.method, call.url, call.body) == ("POST", f"{origin}/where", '{"a":"é"}'.encode())
    assert call.headers["Content-Type"] == "application/json"
    # One provider honours a key; the others must not be led to think that we count on it.
    assert call.headers.get("Idempotency-Key") == ("k-1" if provider == "runapi" else None)

    task = Task(id="a/b", provider=provider, account=provider, submitted_at=clock.now(), path=FLUX + "remix_image")
    poll = adapter.lifecycle.poll
    if look is None:
        assert poll is None or (poll.path is None and poll.link is not None)
        return
    call = follow(account, poll, task)
    assert (f"{call.method} {call.url.removeprefix(origin)}", call.body) == (look, None)
    assert "Content-Type" not in call.headers


# What is refused: both sides of every bound.

PROMPTS = {
    name: (1, 4000)
    if name.startswith("reapi/gpt")
    else (1, 1000)
    if name.endswith("z-image")
    else (1, None)
    if name == "runapi/gpt-image-2"
    else (3, 5000)
    for name in MODELS
}


@pytest.mark.parametrize(("name", "bounds"), PROMPTS.items())
def test_the_length_of_a_prompt_counts_code_points(name, bounds):
    least, most = bounds
    bound = "takes at least 1 character" if most is None else f"takes {least} to {most} characters"
    assert refused(name, prompt="🦊" * least) == []
    assert refused(name, prompt="🦊" * (least - 1)) == [("prompt", f"{bound}, not {least - 1}")]
    assert refused(name, prompt="🦊" * (most or 100_000)) == []
    if most is not None:
        assert refused(name, prompt="🦊" * (most + 1)) == [("prompt", f"{bound}, not {most + 1}")]


IMAGE_COUNTS = {
    **{name: 8 for name in MODELS if "flux-2" in name},
    "runapi/flux-2-max": 1,
    "reapi/gpt-image-2": 16,
    "reapi/gpt-image-2-official": 16,
}


@pytest.mark.parametrize(("name", "most"), IMAGE_COUNTS.items())
def test_the_number_of_images(name, most):
    bound = "takes 1 file" if most == 1 else f"takes 1 to {most} files"
    assert refused(name, images=(ONE,) * most) == []
    assert refused(name, images=(ONE,) * (most + 1)) == [("images", f"{bound}, not {most + 1}")]


@pytest.mark.parametrize("name", MODELS)
def test_only_flux_at_reapi_insists_on_https(name):
    if name.endswith("z-image"):
        assert [field for field, _ in refused(name, images=(PLAIN,))] == ["images"]
    elif name.startswith("reapi/flux"):
        assert refused(name, images=(ONE, PLAIN)) == [("images", f"takes https URLs only, not {PLAIN}")]
    else:
        assert refused(name, images=(PLAIN,)) == []


RATIOS = {
    **{name: (SEVEN, True) for name in MODELS if "flux-2" in name},
    "api_in_one/flux-2-pro": (SEVEN, False),
    "api_in_one/flux-2-flex": (SEVEN, False),
    "runapi/flux-2-max": (SEVEN, False),
    "reapi/gpt-image-2": ((*THIRTEEN, "auto"), None),
    "reapi/gpt-image-2-official": ((*THIRTEEN, "auto"), None),
    "runapi/gpt-image-2": (tuple(EVERY), None),
    "reapi/z-image": (FIVE, None),
    "runapi/z-image": (FIVE, None),
}


@pytest.mark.parametrize(("name", "taken"), RATIOS.items())
def test_the_ratios(name, taken):
    ratios, auto_on_edits = taken
    assert [ratio for ratio in EVERY if refused(name, aspect_ratio=ratio)] == [
        ratio for ratio in EVERY if ratio not in ratios
    ]
    if auto_on_edits is None:
        return
    assert bool(refused(name, aspect_ratio="auto", images=(ONE,))) is not auto_on_edits
    (problem,) = refused(name, aspect_ratio="auto")
    assert problem[0] == "aspect_ratio"
    assert problem[1] == "auto needs images" if auto_on_edits else "takes 1:1, 4:3" in problem[1]


RESOLUTIONS = {
    **{key: {"1K", "2K"} for key in MODELS},
    "runapi/flux-2-max": {"1K"},
    "reapi/gpt-image-2": {"1K", "2K", "4K"},
    "reapi/gpt-image-2-official": {"1K", "2K", "4K"},
    "runapi/gpt-image-2": {"1K", "2K", "4K"},
    "reapi/z-image": set(),
    "runapi/z-image": set(),
}


@pytest.mark.parametrize(("name", "taken"), RESOLUTIONS.items())
def test_the_resolutions(name, taken):
    # 16:9, since not every ratio goes with 4K.
    found = {each for each in ("1K", "2K", "4K") if not refused(name, aspect_ratio="16:9", resolution=each)}
    assert found == taken


@pytest.mark.parametrize("name", ["reapi/gpt-image-2", "reapi/gpt-image-2-official"])
def test_4k_needs_a_wide_or_tall_ratio_that_is_given(name):
    bound = "4K needs aspect_ratio 16:9 9:16 2:1 1:2 21:9 9:21, not "
    assert {ratio for ratio in EVERY if not refused(name, resolution="4K", aspect_ratio=ratio)} == set(WIDE)
    assert refused(name, resolution="4K", aspect_ratio="auto") == [("resolution", bound + "auto")]
    assert refused(name, resolution="4K") == [("resolution", bound + "1:1")]
    assert [field for field, _ in refused(name, resolution="4K", images=(ONE,))] == ["resolution"]


def test_a_mask_needs_an_image():
    assert refused("reapi/gpt-image-2-official", mask=ONE) == [("mask", "needs images")]


def test_a_transparent_background_is_taken_and_not_honoured():
    checked = held("reapi/gpt-image-2-official", background="transparent")
    assert [(each.field, each.message, each.unsupported) for each in checked.problems] == [
        ("background", "transparent is accepted but not honoured", True)
    ]
    assert refused("reapi/gpt-image-2-official", background="auto") == []


# The moderations that an offer takes, as they are written; the others are refused.
MODERATION = {
    **dict.fromkeys(("reapi/flux-2", "reapi/flux-2-flex", "reapi/z-image"), ("nsfw_checker", (False, None, True))),
    "reapi/gpt-image-2-official": ("moderation", (None, "low", "auto")),
    **{
        f"runapi/{name}": ("enable_safety_checker", (False, None, True))
        for name in ("flux-2-pro", "flux-2-flex", "z-image")
    },
}


@pytest.mark.parametrize(("name", "written"), MODERATION.items())
def test_moderation_in_the_words_of_the_wire(name, written):
    place, values = written
    for word, value in zip(("off", "low", "standard"), values, strict=True):
        if value is None:
            # How else it would be written, nobody knows: this is no limit that could be switched off.
            assert [each.field for each in held(name, limits=False, moderation=word).problems] == ["moderation"]
        else:
            assert sent(name, moderation=word)[1][place] is value


def test_the_printed_pixels_are_the_only_ones_that_a_ratio_can_stand_for():
    printed = {
        "1:1": "1024x1024 2048x2048",
        "3:2": "1536x1024 2048x1360",
        "4:3": "1024x768 2048x1536",
        "5:4": "1280x1024 2560x2048",
        "16:9": "1536x864 2048x1152 3840x2160",
        "2:1": "2048x1024 2688x1344 3840x1920",
        "21:9": "2016x864 2688x1152 3840x1648",
    }
    for ratio, row in printed.items():
        for resolution, pixels in zip(("1k", "2k", "4k"), row.split(), strict=False):
            across, down = map(int, pixels.split("x"))
            turned = ":".join(reversed(ratio.split(":")))
            for size, shape in (((across, down), ratio), ((down, across), turned)):
                body = sent("reapi/gpt-image-2", size=size)[1]
                assert (body["size"], body["resolution"]) == (shape, resolution)
    assert [field for field, _ in refused("reapi/gpt-image-2", size=(1000, 1000))] == ["size"]
    assert refused("reapi/gpt-image-2", size=(1024, 1024), resolution="2K") == [
        ("size", "1024x1024 is a 1K size, and resolution says 2K")
    ]


# What an offer does not have, by name.

FIELDS = {
    "images": (ONE,),
    "mask": TWO,
    "size": (1024, 1024),
    "resolution": "1K",
    "quality": "low",
    "background": "opaque",
    "moderation": "low",
    "seed": 0,
    "negative_prompt": "",
    "output_format": "png",
}
HAS = {
    **{name: {"images", "resolution", "moderation"} for name in MODELS if "flux-2" in name},
    "api_in_one/flux-2-pro": {"images", "resolution"},
    "api_in_one/flux-2-flex": {"images", "resolution"},
    "revidapi/flux-2-pro": {"images", "resolution"},
    "revidapi/flux-2-flex": {"images", "resolution"},
    "runapi/flux-2-max": {"images", "resolution"},
    "reapi/gpt-image-2": {"images", "resolution", "size"},
    "reapi/gpt-image-2-official": {
        *("images", "mask", "size", "resolution", "quality", "background", "moderation"),
    },
    "runapi/gpt-image-2": {"images", "resolution"},
    "reapi/z-image": {"moderation"},
    "runapi/z-image": {"moderation"},
}


@pytest.mark.parametrize(("name", "has"), HAS.items())
def test_silence_means_no(name, has):
    for field, value in FIELDS.items():
        problems = [each for each in held(name, **{field: value}).problems if each.unsupported]
        assert [each.field for each in problems] == ([] if field in has else [field])
    # Where nothing is said of a number of pictures, several tasks make them, and none is told how many.
    if name != "reapi/gpt-image-2-official":
        plain, two = parts(held(name)), parts(held(name, count=2))
        assert [part.body for part in two] == [plain[0].body] * 2


@pytest.mark.parametrize("name", MODELS)
def test_every_problem_at_once_with_its_page(name):
    checked = held(name, prompt="", seed=1, mask="http://img.example/m.png", aspect_ratio="7:1", output_format="webp")
    fields = [problem.field for problem in checked.problems]
    # The one offer with a mask wants an image beside it, which is a problem of the mask too.
    assert sorted(fields) == ["aspect_ratio", "mask", "output_format", "prompt", "seed"]
    assert {problem.page for problem in checked.problems} == {PAGES[name]}
    error = checked.error()
    assert isinstance(error, Unsupported)
    assert error.problems == checked.problems
    assert all(PAGES[name] in str(error) and field in str(error) for field in fields)
    assert type(held(name, prompt="").error()) is OutOfBounds


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [(name, "model", "another") for name in MODELS]
    + [(f"api_in_one/flux-2-{tier}", "type", other) for tier, other in zip(TIERS, reversed(TIERS), strict=True)],
)
def test_a_raw_field_cannot_choose_the_model(name, place, value):
    (problem,) = held(name, limits=False, extra={name.partition("/")[0]: {place: value}}).problems
    assert (problem.field, problem.page) == ("extra", PAGES[name])
    assert problem.message.startswith(f"cannot set {place}:")


@pytest.mark.parametrize("model", sorted(set(MODELS.values())))
def test_a_raw_field_is_sent_as_it_stands_to_its_own_provider_alone(model):
    extra = {"reapi": {"steps": 20, "size": {"a": [1]}}, "runapi": {"steps": 1.5}}
    for name in (name for name, sold in MODELS.items() if sold == model):
        (plain,), (part,) = parts(held(name)), parts(held(name, extra=extra))
        assert part.body == plain.body | extra.get(name.partition("/")[0], {})
