"""`providers`, `models`, `simulate`, `demo`, `--help`."""

import json
import re
import signal
import socket
import subprocess
import sys
import tomllib

import attrs
import pytest
from PIL import Image

from anymedia import Kind, read_config
from anymedia.cli.app import COMMANDS
from anymedia.registry import adapters, offers
from anymedia.simulators import names
from tests.players import played


def test_the_help_names_every_command_and_exit_code(terminal):
    shown = terminal("--help").stdout
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert all(f"\n    {code} " in shown for code in (0, 1, 2, 3, 4, 5, 6, 130))
    assert terminal("--version").stdout.startswith("anymedia ")


NO_ADAPTER = """
import sys
from click import Context, Group
from anymedia.cli.app import app

def shown(command, above=None):
    with Context(command, info_name=command.name, parent=above) as ctx:
        yield command.get_help(ctx)
        if isinstance(command, Group):
            for name in command.list_commands(ctx):
                yield from shown(command.get_command(ctx, name), ctx)

print(len([*shown(app)]))
heavy = ("anymedia.adapters", "anymedia.simulators", "anymedia.testing", "anymedia.client", "aiohttp", "rich")
print(*(name for name in sys.modules if name.startswith(heavy)))
"""


def test_the_help_of_no_command_loads_an_adapter():
    ended = subprocess.run([sys.executable, "-c", NO_ADAPTER], capture_output=True, text=True, check=True)
    commands, loaded = ended.stdout.splitlines()
    assert int(commands) > len(COMMANDS)
    assert loaded == ""


def test_providers_tell_accounts_and_gaps_in_words(terminal, monkeypatch):
    monkeypatch.setenv("REAPI_KEY", "planted")
    (terminal.folder / "anymedia.toml").write_text('[providers.eu]\nadapter = "reapi"\n')
    found = {each["account"]: each for each in terminal.json("providers")}
    assert list(found) == ["eu", *(name for name in adapters() if name != "reapi")]
    assert found["eu"]["key"] == {"set": True, "variables": ["REAPI_API_KEY", "REAPI_KEY"]}
    assert found["runapi"]["key"]["set"] is False
    assert [gap["what"] for gap in found["eu"]["gaps"]] == [gap.what for gap in adapters()["reapi"].gaps]


def test_an_account_s_own_key_and_address_are_told(terminal, screen, monkeypatch):
    monkeypatch.setenv("MY_KEY", "planted")
    own = '[providers.fal]\nbase_url = "http://127.0.0.1:9"\napi_key_env = "MY_KEY"\n'
    (terminal.folder / "anymedia.toml").write_text(own)
    shown = " ".join(" ".join(screen(80, "providers", "--provider", "fal")).split())
    assert "base URL http://127.0.0.1:9 API key MY_KEY: set " in shown
    assert "FAL_KEY" not in shown


def test_a_provider_is_told_in_full(terminal, screen):
    (fal,) = terminal.json("providers", "--provider", "fal")
    assert (fal["provider"], len(fal["gaps"]) > 3, "upload" in fal["files"]) == ("fal", True, True)
    seller = adapters()["fal"]
    shown = " ".join(" ".join(screen(80, "providers", "--provider", "fal")).split())
    assert "API key FAL_KEY: not set" in shown
    assert "cancel PUT the link at cancel_url of the submit's answer" in shown
    wide = " ".join(" ".join(screen(500, "providers", "--provider", "fal")).split())
    assert [told for gap in seller.gaps for told in (gap.what, gap.choice) if told not in wide] == []
    assert [offer.name for offer in seller.offers if f" {offer.name} " not in wide] == []
    ended = terminal("providers", "--provider", "fall")
    assert (ended.exit_code, "did you mean fal?" in ended.stderr) == (3, True)


def test_providers_of_a_kind_are_told_by_what_they_sell_of_it(terminal):
    found = {each["provider"]: each for each in terminal.json("providers", "--kind", "speech")}
    sold = {name for name, seller in adapters().items() if any(offer.kind == "speech" for offer in seller.offers)}
    assert {*found} == sold
    assert [*found["runapi"]["models"]] == ["speech"]
    assert sum(list(found["runapi"]["prices"].values())[1:]) == len(found["runapi"]["offers"])


@pytest.mark.parametrize("words", [("providers",), ("models",), ("providers", "--kind", "video")])
def test_what_is_listed_fits_a_narrow_terminal(screen, words):
    lines = screen(80, *words)
    assert all(len(line.rstrip()) <= 80 for line in lines)
    rows = [line.split()[0] for line in lines if line.startswith(" ") and line.strip()]
    if "--kind" not in words:
        assert {*(adapters() if words == ("providers",) else _models())} <= {*rows}, "a name is broken, or missing"


def _models() -> set[str]:
    return {offer.model for seller in adapters().values() for offer in seller.offers}


def test_models_tell_what_they_cost_at_the_cheapest_and_who_sells_them(terminal, screen):
    listed = terminal.json("models")
    found = {each["model"]: each for each in listed}
    assert {*found} == _models()
    assert [each["kind"] for each in listed] == sorted((each["kind"] for each in listed), key=[*Kind].index)
    flux = found["flux-2-max"]
    assert {"bfl", "runapi"} <= {*flux["providers"]}
    assert "runapi" in flux["unpriced"]
    assert flux["price"]["usd"] is not None, "what nobody knows is never the cheapest"
    (clip,) = terminal.json("models", "kling-3.0", "--provider", "runapi")
    assert (clip["account"], clip["providers"], clip["price"]["status"]) == ("runapi", ["runapi"], "estimate")
    (line,) = (line for line in screen(80, "models", "--provider", "reapi") if " seedance-2.0 " in line)
    assert line.split() == ["seedance-2.0", "$0.859", "$0.32"]
    (line,) = (line for line in screen(80, "models", "--provider", "reapi") if " veo-3.1-fast " in line)
    assert "8 s; with sound" in line


def test_a_model_that_ends_says_so(terminal, monkeypatch):
    reapi = adapters()["reapi"]
    ends = attrs.evolve(reapi.offers[0], ends="2027-03-01")
    gone = attrs.evolve(reapi.offers[0], name="gone", model="gone", ends="2026-11-01")
    kept = attrs.evolve(reapi.offers[0], name="kept")
    seller = attrs.evolve(reapi, offers=(ends, kept, gone))
    monkeypatch.setattr("anymedia.cli.prices.adapters", lambda: {"reapi": seller})
    monkeypatch.setattr("anymedia.cli.models.adapters", lambda: {"reapi": seller})
    found = {each["model"]: each for each in terminal.json("models")}
    assert found["flux-2-pro"]["note"] == "ends 2027-03-01 at reapi"
    assert found["gone"]["note"] == "ended 2026-11-01"
    assert found["gone"]["price"]["usd"] is None
    assert [each["ends"] for each in found["flux-2-pro"]["offers"]] == ["2027-03-01", None]


def test_one_model_is_told_value_by_value(terminal, screen):
    (model,) = terminal.json("models", "kling-3.0")
    found = {each["offer"]: each for each in model["offers"]}
    assert {"api_in_one/kling-3", "reapi/kling-3-0", "runapi/kling-3.0"} <= {*found}
    assert found["reapi/kling-3-0"]["takes"]["duration"] == "3–15; default 5"
    lines = [" ".join(line.split()) for line in screen(80, "models", "kling-3.0")]
    assert "--resolution 720p 1080p 4K; default 1080p" in lines
    assert "--audio/--no-audio true false; default false" in lines
    (voice,) = terminal.json("models", "tts-1", "--provider", "runapi")
    assert voice["offers"][0]["fields"][0] == "text"
    assert "PROMPT 1–4096 characters; required" in [" ".join(line.split()) for line in screen(80, "models", "tts-1")]
    every = [each for model in terminal.json("models", "--kind", "image") for each in model["offers"]]
    shaped = {each["offer"]: each["takes"] for each in every}
    assert "1K" in {word for takes in shaped.values() for word in takes.get("resolution", "").split()}
    assert any("1024x1024" in takes.get("size", "") for takes in shaped.values())
    official = next(each for each in every if each["offer"] == "reapi/gpt-image-2-official")
    assert float(official["from"]["usd"]) == 0.004  # printed as 0.0036, billed in whole credits
    assert "mask" in official["fields"]
    assert next(each for each in every if each["offer"] == "reapi/z-image")["variants"] == {"text": "z-image"}
    ended = terminal("models", "kling")
    assert (ended.exit_code, "did you mean kling-3.0?" in ended.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("models", "--kind", "video", "--provider", "openai"), "--kind: openai sells no clips; they are sold by api_"),
        (("providers", "--kind", "video", "--provider", "openai"), "--kind: openai sells no clips; they are sold by"),
        (
            ("models", "nano-banana", "--provider", "openai"),
            "--model: nano-banana is not sold by openai; it is sold as",
        ),
        (("models", "kling-3.0", "--kind", "image"), "--kind: kling-3.0 makes clips, not pictures"),
        (("models", "seedance"), "did you mean seedance-2.0, seedance-2.0-fast, seedance-2.0-mini or seedance-2.5?"),
        (("models", "kling", "--kind", "image"), "no model is named 'kling'; there are flux-2-flex, "),
        (("models", "sora"), "no model is named 'sora'; there are 52; `anymedia models` lists them"),
        (("models", "kling-3.0-pro"), "ask for kling-3.0 with "),
        (("prices", "x", "--model", "flux-2-pro", "--provider", "openai"), "flux-2-pro is not sold by openai; it is"),
        (("compare", "x", "--model", "flux-2-pro", "kie"), "Missing argument 'B'."),
        (("compare", "--model", "flux-2-pro", "kie", "reapi"), "Missing argument 'PROMPT'."),
        (
            ("explain", "x", "--model", "tts-1", "--provider", "openai"),
            "required by this offer, which takes alloy, ",
        ),
    ],
)
def test_where_there_is_nothing_to_show_it_is_said_why(terminal, words, says):
    ended = terminal(*words)
    assert (ended.exit_code, says in " ".join(ended.output.split())) == (2, True), ended.output


@pytest.mark.parametrize("command", ["models", "providers", "explain"])
def test_a_provider_s_title_is_said_to_be_its_account(terminal, command):
    words = ("x", "--model", "flux-2-pro") if command == "explain" else ()
    ended = terminal(command, *words, "--provider", "Kie.ai")
    assert (ended.exit_code, "no account is named 'Kie.ai'; did you mean kie?" in ended.stderr) == (3, True)


def test_a_seller_of_nothing_says_so(terminal, monkeypatch):
    bare = attrs.evolve(adapters()["reapi"], offers=())
    for module in ("prices", "models", "nothing"):
        monkeypatch.setattr(f"anymedia.cli.{module}.adapters", lambda: {"reapi": bare})
    assert "reapi sells nothing that is known here" in terminal("models").stderr
    assert "reapi sells no songs; they are sold by nobody" in terminal("models", "--kind", "music").stderr


def test_what_an_offer_costs_by_default_is_said_beside_the_least(screen, terminal):
    def prices(model, columns=200):
        lines = screen(columns, "models", model)
        assert max(map(len, lines)) <= columns
        text = "\n".join(line.rstrip() for line in lines)
        told = re.findall(r"^(\w+/\S+)\n  price +(.*(?:\n {4,}.*)*)", text, re.MULTILINE)
        return {offer: " ".join(price.split()) for offer, price in told}

    said = prices("gpt-image-2")
    assert said["reapi/gpt-image-2-official"] == (
        "default $0.169 for 1:1, 1K, quality high; from $0.004 for 4:3, 1K, quality low; of 2026-07-28"
    )
    assert said["reapi/gpt-image-2"] == "$0.03 for 1K; of 2026-07-28"  # the least is the default
    assert said["revidapi/gpt-image-2"] == "unknown: no page prints a price"
    assert [*said] == [*dict.fromkeys(each["offer"] for each in terminal.json("models", "gpt-image-2")[0]["offers"])]
    assert prices("gpt-image-2", 80) == said
    assert prices("flux-2-pro")["bfl/flux-2-pro"] == (
        "default unknown: give resolution or size: without it the provider chooses the size, and the price with it; "
        "from $0.03 for 1 megapixel; of 2026-11-28"
    )
    assert "from ~$0.000015 for 1 character; " in prices("tts-1")["openai/tts-1"]
    (found,) = terminal.json("models", "gpt-image-2")
    least = min(found["offers"], key=lambda each: each["from"]["usd"] or "9")
    assert (least["default"]["usd"], least["from"]["usd"], found["from"]["usd"]) == ("0.169", "0.004", "0.004")
    ended = [line.split() for line in screen(80, "models", "gpt-image-1.5")]
    assert ["ended", "2026-12-01"] in ended


def test_what_a_price_goes_by_names_its_fields_where_they_are_no_words_of_their_own(screen, terminal):
    clip = ("prices", "waves", "--model", "kling-3.0", "--duration", "5", "--resolution", "720p", "--no-audio")
    text = "\n".join(screen(120, *clip))
    assert re.search(r"kie/kling-3.0 +\$0.35 \(70 credits\) +5 s, 720p, no audio +2026-08-19", text)
    assert not re.search(r" {2}(one|none) ", text)
    reasons = [reason for each in terminal.json(*clip) for reason in each["reasons"]]
    assert "the page prints no price for duration 5, resolution 720p, audio false" in reasons


def test_columns_that_say_nothing_are_left_out(screen):
    assert "cheapest at" not in "\n".join(screen(80, "models", "--provider", "openai"))
    told = screen(80, "providers", "--provider", "openai")
    assert [line for line in told if line.split()[:2] == ["model", "offer"]] == []
    assert any(line.split()[:1] == ["gpt-image-2.5-sunburst"] for line in told), "a name is broken"
    told = "\n".join(screen(80, "providers", "--provider", "fal"))
    assert re.search("model +offer +price", told)
    assert "1 credit" not in told


OWN = """
[[providers.{name}.offers]]
name = "acme-1"
params.prompt = {{ to = "prompt", takes = "text" }}
knobs.fast = {{ to = "fast", takes = "flag" }}
prices = "0.046"
"""


def test_an_offer_of_the_user_s_own_is_shown_as_that(terminal, monkeypatch):
    file = terminal.folder / "anymedia.toml"
    file.write_text('[providers.eu]\nadapter = "reapi"\n' + OWN.format(name="eu") + OWN.format(name="reapi"))
    monkeypatch.setenv("ANYMEDIA_CONFIG", str(file))  # by itself, a file that lies there declares no offers
    found = [each for model in terminal.json("models", "acme-1") for each in model["offers"]]
    assert [(each["offer"], each["fields"]) for each in found] == [("reapi/acme-1", ["prompt", "extra.fast"])] * 2
    assert [each["page"] for each in found] == [f"{file}: providers.{name}: offers.acme-1" for name in ("eu", "reapi")]
    assert "reapi/acme-1 (yours)" in terminal("models", "acme-1").stdout
    providers = {each["account"]: each["own_offers"] for each in terminal.json("providers")}
    assert (providers["eu"], providers["runapi"]) == (["reapi/acme-1"], [])
    assert "acme-1 (yours)" in terminal("providers", "--provider", "eu").stdout
    shown = terminal("explain", "a fox", "--model", "acme-1").stdout
    assert "reapi/acme-1 at eu (yours)" in shown
    assert "extra.fast" not in shown


def test_piped_tables_are_not_cut(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    lines = terminal("models").stdout.splitlines()
    assert len(lines) == 1 + len(terminal.json("models"))
    (line,) = (line for line in lines if line.startswith("flux-2-pro "))
    assert all(name in line for name in ("api_in_one", "bfl", "runapi"))
    lines = terminal("models", "gpt-image-2").stdout.splitlines()
    assert any("reapi/gpt-image-2-official" in line and "--background, --moderation" in line for line in lines)
    assert len(terminal("providers").stdout.splitlines()) == 1 + len(adapters())


def _simulate(*words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "anymedia", "simulate", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_simulators_tell_where_they_listen_and_stop_when_told(terminal):
    process = _simulate("--json", "--speed", "100")
    with process:
        told = [json.loads(process.stdout.readline()) for _ in names()]
        port = int(told[0]["base_url"].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)):  # held open
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
        assert process.stderr.read() == ""
    assert [each["provider"] for each in told] == [*names()]
    assert all({*each} == {"provider", "base_url", "api_key"} for each in told)


def test_people_get_a_config_to_paste(terminal):
    process = _simulate("--provider", "runapi")
    with process:
        lines = []
        while "export" not in (line := process.stdout.readline()):
            assert line
            lines.append(line)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
    text = "".join(lines)
    pasted = tomllib.loads(text[text.index("# anymedia.toml") :])
    assert pasted["providers"]["runapi"]["base_url"].startswith("http://127.0.0.1:")
    beside = read_config(pasted, {}, path=terminal.folder / "anymedia.toml")
    assert beside.journal == terminal.folder / "simulated.db"  # what costs nothing is in no list of what was spent


def test_a_port_that_is_taken(terminal, simulators):
    port = simulators["reapi"].base_url.rpartition(":")[2]
    ended = terminal("simulate", "--port", port)
    assert ended.exit_code == 2
    assert port in ended.stderr
    assert "Errno" not in ended.stderr
    assert terminal("simulate", "--provider", "acme").exit_code == 2
    assert terminal("simulate", "--speed", "0").exit_code == 2


SELLERS = {seller.name for seller, _ in offers("flux-2-pro")}


@pytest.fixture
def _quick(monkeypatch):
    monkeypatch.setattr("anymedia.cli.demo.SPEED", 1000.0)


@pytest.mark.usefixtures("_quick")
def test_the_demo_leaves_a_picture_of_each_seller_and_two_clips_and_shows_what_went_wrong(terminal):
    shown = terminal("demo")
    assert shown.exit_code == 0, shown.output
    files = [*(terminal.folder / "media").iterdir()]
    assert all(file.name in shown.stdout for file in files)
    assert len({file.read_bytes() for file in files}) == len(SELLERS) + 2
    clips = [file for file in files if file.suffix == ".mp4"]
    for file in {*files} - {*clips}:
        with Image.open(file) as picture:
            assert picture.size == (1360, 768)
    for clip in clips:
        told, streams = played(clip)
        assert (float(told["duration"]), streams["video"]["width"], "audio" in streams) == (5, 1280, True)
    assert len(clips) == 2
    before, quoted, after = shown.stdout.partition(
        "The two cheapest: 5 s at 720p, with sound, for $0.50 at kie and $0.55 at reapi."
    )
    assert quoted
    assert [clip.name in after and clip.name not in before for clip in clips] == [True, True]
    assert "NoCredit" in shown.stdout
    assert "2 submits received, 2 tasks charged" in shown.stdout


@pytest.mark.usefixtures("_quick")
def test_the_demo_as_json(terminal):
    found = terminal.json("demo", "--out", "elsewhere")
    assert (
        {task["provider"] for task in found["tasks"]} == {each["provider"] for each in found["explanations"]} == SELLERS
    )
    assert len(found["files"]) == len(SELLERS) + 2
    for made in ("quotes", "clips"):
        assert [(each["provider"], float(each["money"]["usd"])) for each in found[made]] == [
            ("kie", 0.5),
            ("reapi", 0.55),
        ]
    assert {(clip["variant"], clip["money"]["got"]) for clip in found["clips"]} == {("first_frame", "settled")}
    assert [error["type"] for error in found["errors"]] == ["NoCredit", "SubmitUncertain"]


def test_what_a_provider_tells_of_a_task_is_shown(terminal, simulators, monkeypatch):
    """On a line of its own each time while it is waited for, and all of it with the task."""
    reapi = adapters()["reapi"]
    names = ("progress", "position", "log", "seed", "title", "seconds")
    poll = reapi.lifecycle.poll
    poll = attrs.evolve(poll, reply=attrs.evolve(poll.reply, tells={name: f"told.{name}" for name in names}))
    told = attrs.evolve(reapi, lifecycle=attrs.evolve(reapi.lifecycle, poll=poll))
    monkeypatch.setattr("anymedia.config.find_adapter", lambda *_, **__: told)
    for state, words in (
        ("pending", {"position": 3}),
        ("pending", {"position": 3, "log": "waits"}),
        ("processing", {"progress": 0.45, "log": "draws\nfills", "seed": 7, "title": "Fox", "seconds": 2.5}),
    ):
        body = json.dumps({"status": state, "told": words})
        simulators["reapi"].fault("raw", on="poll", status=200, headers={}, body=body)
    ended = terminal("generate", "A fox", "--model", "flux-2-pro", "--provider", "reapi", "--label", "told=yes")
    assert ended.exit_code == 0
    said = [line.partition(" task_")[2].partition(" ")[2] for line in ended.stderr.splitlines()]
    assert [line for line in said if line.startswith(("queued", "running"))] == [
        "running",
        "queued, place 3 in the queue",
        "running, 45%",
    ]
    shown = " ".join(terminal("tasks", "show", terminal.json("tasks")[0]["id"]).stdout.split())
    for words in ("progress 45%", "place in the queue 3", "log draws fills", "seed 7", "title Fox", "seconds 2.5 s"):
        assert words in shown
