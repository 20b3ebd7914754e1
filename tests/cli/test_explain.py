"""`anymedia explain`: documented bodies, field for field, and nothing that a dry run does not need."""

import json
import subprocess
import sys

import pytest

from anymedia.registry import adapters, offers

KEYS = [
    "offer", "provider", "account", "model", "own", "method", "url", "headers", "json", "calls", "files",
    "defaults", "adjustments", "refusals", "notices", "money",
]  # fmt: skip
PROMPT, FIRST, LAST = "A fox in the snow", "https://a.test/first.png", "https://a.test/last.png"
FOX = ("explain", PROMPT, "--model", "flux-2-pro", "--aspect-ratio", "16:9", "--resolution", "2K")
CLIP = ("--first-frame", FIRST, "--last-frame", LAST, "--duration", "5", "--resolution", "720p", "--no-audio")
KLING = ("explain", PROMPT, "--model", "kling-3.0", *CLIP)
BEARER = ("Authorization", "Bearer ***")
AS_GIVEN = {"prompt": PROMPT, "aspect_ratio": "16:9", "resolution": "2K"}
CALLS = [
    ("reapi", FOX, "https://reapi.ai/api/v1/images/generations", BEARER, {"model": "flux-2", **AS_GIVEN}, "0.039"),
    (
        "api_in_one",
        FOX,
        "https://apiin.one/api/v1/images/generations",
        BEARER,
        {"model": "flux-2", "type": "pro", **AS_GIVEN},
        "0.07",
    ),
    (
        "revidapi",
        FOX,
        "https://api.revidapi.com/paid/flux-2/create",
        ("x-api-key", "***"),
        {"model": "flux-2/pro-text-to-image", "input": AS_GIVEN},
        "0.035",
    ),
    (
        "runapi",
        FOX,
        "https://runapi.ai/api/v1/flux_2/text_to_image",
        BEARER,
        {
            "model": "flux-2-pro-text-to-image",
            "prompt": PROMPT,
            "aspect_ratio": "16:9",
            "output_resolution": "2k",
        },
        "0.07",
    ),
    (
        "kie",
        FOX,
        "https://api.kie.ai/api/v1/jobs/createTask",
        BEARER,
        {"model": "flux-2/pro-text-to-image", "input": AS_GIVEN},
        "0.035",
    ),
    (
        "kie",
        (*KLING, "--callback-url", "https://a.test/hook"),
        "https://api.kie.ai/api/v1/jobs/createTask",
        BEARER,
        {
            "model": "kling-3.0/video",
            "input": {
                "prompt": PROMPT,
                "mode": "std",
                "duration": "5",
                "sound": False,
                "image_urls": [FIRST, LAST],
                "multi_shots": False,
                "multi_prompt": [],
            },
            "callBackUrl": "https://a.test/hook",
        },
        "0.35",
    ),
    (
        "kie",
        ("explain", PROMPT, "--model", "veo-3.1-fast", "--first-frame", FIRST, "--duration", "8"),
        "https://api.kie.ai/api/v1/veo/generate",
        BEARER,
        {
            "model": "veo3_fast",
            "prompt": PROMPT,
            "imageUrls": [FIRST],
            "generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO",
            "duration": 8,
            "resolution": "720p",
        },
        "0.3",
    ),
    (
        "kie",
        ("explain", PROMPT, "--model", "suno-v6"),
        "https://api.kie.ai/api/v1/jobs/createTask",
        BEARER,
        {
            "model": "ai-music-api/generate",
            "input": {"model": "V6", "custom_mode": False, "instrumental": False, "prompt": PROMPT},
        },
        "0.06",
    ),
    (
        "bfl",
        FOX,
        "https://api.bfl.ai/v1/flux-2-pro",
        ("x-key", "***"),
        {"prompt": PROMPT, "width": 2720, "height": 1536},
        "0.075",
    ),
    (
        "bfl",
        ("explain", PROMPT, "--model", "flux-3-video", *CLIP),
        "https://api.bfl.ai/v1/flux-3-video",
        ("x-key", "***"),
        {
            "mode": "i2v",
            "prompt": PROMPT,
            "keyframes": [FIRST, LAST],
            "duration": 5,
            "resolution": "hd",
            "generate_audio": False,
        },
        "0.85",
    ),
    (
        "fal",
        FOX,
        "https://queue.fal.run/fal-ai/flux-2-pro",
        ("Authorization", "Key ***"),
        {"prompt": PROMPT, "image_size": {"width": 2720, "height": 1536}},
        "0.075",
    ),
    (
        "fal",
        (*KLING, "--offer", "fal/kling-3.0", "--callback-url", "https://a.test/hook"),
        "https://queue.fal.run/fal-ai/kling-video/v3/standard/image-to-video?fal_webhook=https%3A%2F%2Fa.test%2Fhook",
        ("Authorization", "Key ***"),
        {
            "prompt": PROMPT,
            "start_image_url": FIRST,
            "end_image_url": LAST,
            "duration": "5",
            "generate_audio": False,
        },
        "0.42",
    ),
    # The one film whose length is a number.
    (
        "fal",
        ("explain", PROMPT, "--model", "wan-2.7", "--duration", "5", "--resolution", "720p", "--aspect-ratio", "4:3"),
        "https://queue.fal.run/fal-ai/wan/v2.7/text-to-video",
        ("Authorization", "Key ***"),
        {"prompt": PROMPT, "duration": 5, "resolution": "720p", "aspect_ratio": "4:3"},
        "0.5",
    ),
    (
        "replicate",
        FOX,
        "https://api.replicate.com/v1/models/black-forest-labs/flux-2-pro/predictions",
        BEARER,
        {"input": {"prompt": PROMPT, "aspect_ratio": "16:9", "resolution": "4 MP"}},
        None,
    ),
    (
        "replicate",
        (*KLING, "--callback-url", "https://a.test/hook"),
        "https://api.replicate.com/v1/models/kwaivgi/kling-v3-video/predictions",
        BEARER,
        {
            "input": {
                "prompt": PROMPT,
                "start_image": FIRST,
                "end_image": LAST,
                "duration": 5,
                "mode": "standard",
                "generate_audio": False,
            },
            "webhook": "https://a.test/hook",
            "webhook_events_filter": ["completed"],
        },
        "0.42",
    ),
    (
        "openai",
        ("explain", PROMPT, "--model", "gpt-image-2", "--size", "1536x864", "--count", "2", "--output-format", "webp"),
        "https://api.openai.com/v1/images/generations",
        BEARER,
        {"model": "gpt-image-2", "prompt": PROMPT, "size": "1536x864", "n": 2, "output_format": "webp"},
        None,
    ),
    (
        "openai",
        ("explain", "--text", "hello", "--model", "tts-1", "--voice", "alloy", "--output-format", "opus"),
        "https://api.openai.com/v1/audio/speech",
        BEARER,
        {"model": "tts-1", "input": "hello", "voice": "alloy", "response_format": "opus"},
        "0.000075",
    ),
]


@pytest.mark.parametrize(
    ("provider", "words", "url", "header", "body", "usd"), CALLS, ids=[f"{each[0]} {each[2]}" for each in CALLS]
)
def test_the_call_is_the_documented_one(terminal, monkeypatch, provider, words, url, header, body, usd):
    monkeypatch.setenv(adapters()[provider].api_key_env[0], "k-0123456789")
    (found,) = terminal.json(*words, "--provider", provider)
    assert list(found) == KEYS
    assert (found["method"], found["url"], found["json"]) == ("POST", url, body)
    name, value = header
    assert (found["headers"][name], found["headers"]["Content-Type"]) == (value, "application/json")
    assert "k-0123456789" not in str(found)
    assert found["calls"] == [{"json": body, "times": 1}]
    assert (found["money"]["usd"] and float(found["money"]["usd"])) == (usd and float(usd))
    assert found["refusals"] == []


def test_without_a_config_every_known_provider_is_asked(terminal):
    sellers = {seller.name for seller, _ in offers("flux-2-pro")}
    assert {each["account"] for each in terminal.json(*FOX)} == sellers
    assert sellers == {provider for provider, words, *_ in CALLS if words == FOX}
    assert {provider for provider, *_ in CALLS} == set(adapters())


def test_with_a_config_its_accounts_are_asked(terminal):
    (terminal.folder / "mine.toml").write_text('[providers.eu]\nadapter = "reapi"\n[providers.runapi]\n')
    accounts = [each["account"] for each in terminal.json(*FOX, "--config", "mine.toml")]
    assert accounts == ["eu", "runapi"]
    assert [each["account"] for each in terminal.json(*FOX, "--config", "mine.toml", "--provider", "eu")] == ["eu"]


def test_a_refusal_has_its_field_and_page(terminal):
    (found,) = terminal.json(*FOX, "--provider", "reapi", "--seed", "7", code=2)
    assert found["json"] is None
    assert found["refusals"] == [
        {"field": "seed", "message": "not supported by this offer", "page": "reAPI documentation, flux-2"}
    ]
    shown = terminal(*FOX, "--provider", "reapi", "--seed", "7")
    assert (shown.exit_code, "--seed" in shown.stdout) == (2, True)
    assert terminal(*FOX, "--seed", "7").exit_code == 0  # another takes it


def test_dropped_fields_are_named(terminal):
    (found,) = terminal.json(*FOX, "--provider", "reapi", "--seed", "7", "--on-unsupported", "drop")
    assert [(each["field"], each["given"], each["sent"]) for each in found["adjustments"]] == [("seed", 7, None)]


def test_extra_nests_and_is_json_where_it_parses(terminal):
    extra = (
        "--extra",
        "revidapi.input.steps=20",
        "--extra",
        "revidapi.input.style=soft focus",
        "--extra",
        "revidapi.a=[1]",
    )
    (found,) = terminal.json(*FOX, "--provider", "revidapi", *extra)
    assert found["json"]["input"] | {"steps": 20, "style": "soft focus"} == found["json"]["input"]
    assert found["json"]["a"] == [1]


def test_every_request_field_has_a_flag(terminal):
    found = terminal.json(
        *("explain", "-", "--model", "gpt-image-2", "--offer", "reapi/gpt-image-2-official"),
        *("--image", "https://a.test/1.png", "--image", "https://a.test/2.png", "--mask", "https://a.test/m.png"),
        *("--size", "1536x864", "--quality", "low", "--count", "6", "--background", "opaque", "--moderation", "low"),
        *("--callback-url", "https://a.test/hook", "--label", "order=12=b"),
        stdin="A fox\n",
    )
    body = {
        "model": "gpt-image-2-official",
        "prompt": "A fox",
        "size": "1536x864",
        "quality": "low",
        "n": 4,
        "image_urls": ["https://a.test/1.png", "https://a.test/2.png"],
        "mask_url": "https://a.test/m.png",
        "background": "opaque",
        "moderation": "low",
    }
    assert found[0]["calls"] == [{"json": body, "times": 1}, {"json": {**body, "n": 2}, "times": 1}]
    assert [(each["field"], each["given"]) for each in found[0]["adjustments"]] == [
        ("callback_url", "https://a.test/hook")
    ]


@pytest.mark.parametrize("words", [["--help"], list(FOX), ["models"], ["providers"], ["providers", "--health"]])
def test_what_sends_nothing_does_not_import_the_network(terminal, words):
    code = "import sys; from anymedia.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    loaded = set(ran.stderr.split())
    assert not loaded & {"aiohttp", "PIL"}
    if words == ["--help"]:
        assert "rich.console" not in loaded


def test_people_see_the_body_and_the_price(terminal):
    shown = terminal(*FOX, "--provider", "reapi").stdout
    assert '"aspect_ratio": "16:9"' in shown
    assert "$0.039" in shown
    assert "\x1b" not in shown
    assert json.dumps("A fox in the snow") in shown


def test_why_a_price_is_unknown_is_not_cut(screen):
    lines = screen(80, "explain", "waves", "--model", "kling-3.0", "--no-audio", "--provider", "api_in_one")
    assert lines[0].startswith("api_in_one/kling-3  price unknown ─")
    assert "the page prints no price for" in lines[1]


def test_an_offer_that_has_ended_is_refused_by_the_day_of_the_command(terminal):
    """gpt-image-1.5 ends on the day that it is for the command line's clock."""
    for command in ("explain", "prices"):
        (told,) = terminal.json(command, "a fox", "--model", "gpt-image-1.5", code=2)
        assert "not sold since 2026-12-01; openai sells gpt-image-2, " in str(told)
    (told,) = terminal.json("explain", "--model", "tts-1-hd", "--text", "hello", "--voice", "alloy")
    assert told["notices"] == ["openai/tts-1-hd is no longer sold from 2027-01-06 on"]
