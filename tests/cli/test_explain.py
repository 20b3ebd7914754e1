"""`anymedia explain`: documented bodies, field for field, and nothing that a dry run does not need."""

import json
import subprocess
import sys

import pytest

from anymedia.registry import offers

KEYS = [
    "offer", "provider", "account", "model", "own", "method", "url", "headers", "json", "calls", "files",
    "defaults", "adjustments", "refusals", "notices", "money",
]  # fmt: skip
FOX = ("explain", "A fox in the snow", "--model", "flux-2-pro", "--aspect-ratio", "16:9", "--resolution", "2K")
CALLS = {
    "reapi": (
        "https://reapi.ai/api/v1/images/generations",
        {"model": "flux-2", "prompt": "A fox in the snow", "aspect_ratio": "16:9", "resolution": "2K"},
        ("Authorization", "Bearer ***"),
        "0.039",
    ),
    "api_in_one": (
        "https://apiin.one/api/v1/images/generations",
        {
            "model": "flux-2",
            "type": "pro",
            "prompt": "A fox in the snow",
            "aspect_ratio": "16:9",
            "resolution": "2K",
        },
        ("Authorization", "Bearer ***"),
        "0.07",
    ),
    "revidapi": (
        "https://api.revidapi.com/paid/flux-2/create",
        {
            "model": "flux-2/pro-text-to-image",
            "input": {"prompt": "A fox in the snow", "aspect_ratio": "16:9", "resolution": "2K"},
        },
        ("x-api-key", "***"),
        "0.035",
    ),
    "runapi": (
        "https://runapi.ai/api/v1/flux_2/text_to_image",
        {
            "model": "flux-2-pro-text-to-image",
            "prompt": "A fox in the snow",
            "aspect_ratio": "16:9",
            "output_resolution": "2k",
        },
        ("Authorization", "Bearer ***"),
        "0.07",
    ),
}


@pytest.mark.parametrize("provider", CALLS)
def test_the_call_is_the_documented_one(terminal, provider):
    (found,) = terminal.json(*FOX, "--provider", provider)
    url, body, (header, value), usd = CALLS[provider]
    assert list(found) == KEYS
    assert (found["method"], found["url"], found["json"]) == ("POST", url, body)
    assert found["headers"][header] == value
    assert found["calls"] == [{"json": body, "times": 1}]
    assert float(found["money"]["usd"]) == float(usd)
    assert found["refusals"] == []


def test_without_a_config_every_known_provider_is_asked(terminal):
    sellers = {seller.name for seller, _ in offers("flux-2-pro")}
    assert {each["account"] for each in terminal.json(*FOX)} == sellers > set(CALLS)


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
