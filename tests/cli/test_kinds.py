"""What is asked for is of the kind that the model is: flags, refusals, and what is shown of clips, songs and speech."""

from collections import Counter
from decimal import Decimal

import attrs
import click
import pytest

from anymedia.cli.app import COMMANDS, app
from anymedia.cli.fields import FIELDS, flag, in_flags, kinds_with
from anymedia.model.kinds import KINDS

OFFERS = """
[[providers.reapi.offers]]
name = "clip-1"
kind = "video"
wire_id = { first_frame = "clip-from", images = "clip-like", otherwise = "clip" }
params.prompt = { to = "prompt", takes = "text" }
params.first_frame = { to = "start", takes = "file" }
params.last_frame = { to = "end", takes = { first_frame = "file", otherwise = false } }
params.images = { to = "likes", takes = { files = ["url"], bounds = [1, 3] } }
params.video = { to = "clip", takes = "file" }
params.videos = { to = "clips", takes = { files = ["url"], bounds = [1, 2] } }
params.audios = { to = "sounds", takes = { files = ["url"], bounds = [1, 2] } }
params.duration = { to = "seconds", takes = { whole = [3, 15] }, default = 5 }
params.audio = { to = "sound", takes = "flag" }
params.resolution = { to = "quality", takes = { choice = ["720p", "1080p"] } }
params.seed = { to = "seed", takes = "whole" }
prices = "0.40"

[[providers.reapi.offers]]
name = "song-1"
kind = "music"
params.prompt = { to = "idea", takes = "text" }
params.lyrics = { to = "words", takes = "text" }
params.style = { to = "style", takes = "text" }
params.title = { to = "title", takes = "text" }
params.instrumental = { to = "mute", takes = "flag" }
params.vocal = { to = "who", takes = { choice = ["male", "female"] } }
params.duration = { to = "seconds", takes = { whole = [10, 240] } }

[[providers.reapi.offers]]
name = "voice-1"
kind = "speech"
params.text = { to = "input", takes = "text" }
params.voice = { to = "voice", takes = "text" }
params.speed = { to = "speed", takes = { number = [0.5, 2] } }
params.language = { to = "lang", takes = "text" }
params.instructions = { to = "how", takes = "text" }
params.output_format = { to = "format", takes = { choice = ["mp3", "wav"] } }

[[providers.reapi.offers]]
name = "still-1"
model = "both-1"
params.prompt = { to = "prompt", takes = "text" }

[[providers.reapi.offers]]
name = "moving-1"
model = "both-1"
kind = "video"
params.prompt = { to = "prompt", takes = "text" }
params.duration = { to = "seconds", takes = { whole = [3, 15] } }
"""

A = "https://a.example/1.png"


@pytest.fixture
def own(terminal, monkeypatch):
    """Offers of each kind, of the user's own, at an account that nothing is sent to."""
    file = terminal.folder / "own.toml"
    file.write_text(OFFERS)
    monkeypatch.setenv("ANYMEDIA_CONFIG", str(file))
    monkeypatch.setenv("REAPI_API_KEY", "planted")
    return terminal


def sent(terminal, *words, stdin=""):
    """Return the body that a request would be sent with."""
    (found,) = terminal.json("explain", *words, stdin=stdin)
    assert found["refusals"] == []
    return {name: value for name, value in found["json"].items() if name != "model"}


def test_every_field_of_every_kind_has_exactly_one_flag():
    fields = [field.name for kind in KINDS.values() for field in attrs.fields(kind)]
    assert {*FIELDS} == {*fields}
    command = app.get_command(None, "generate")
    given = Counter(param.name for param in command.params)
    assert {name: given[name] for name in FIELDS} == dict.fromkeys(FIELDS, 1)
    flags = Counter(each for param in command.params for each in (*param.opts, *param.secondary_opts))
    assert set(flags.values()) == {1}
    for param in command.params:
        if isinstance(param, click.Option) and param.name in FIELDS:
            assert "/".join([*param.opts, *param.secondary_opts]) == flag(param.name)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_is_not_wider_than_a_terminal(terminal, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    shown = terminal(name, "--help").stdout
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    assert ("\nImage and video:\n" in shown) == ("--first-frame" in shown)


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["waves", "--model", "clip-1", "--duration", "5"], {"prompt": "waves", "seconds": 5}),
        (["waves", "--model", "clip-1", "--no-audio"], {"prompt": "waves", "sound": False}),
        (
            ["--model", "clip-1", "--audio", "--first-frame", A, "--last-frame", A, "--resolution", "720p"],
            {"start": A, "end": A, "sound": True, "quality": "720p"},
        ),
        (["waves", "--model", "clip-1", "--image", A, "--image", A], {"prompt": "waves", "likes": [A, A]}),
        (["--model", "clip-1", "--source-video", A], {"clip": A}),
        (
            ["--model", "clip-1", "--reference-video", A, "--reference-audio", A, "--seed", "7"],
            {"clips": [A], "sounds": [A], "seed": 7},
        ),
        (["rain", "--model", "song-1", "--instrumental"], {"idea": "rain", "mute": True}),
        (
            ["--model", "song-1", "--lyrics", "-", "--style", "slow", "--title", "Rain", "--no-instrumental"],
            {"words": "la la", "style": "slow", "title": "Rain", "mute": False},
        ),
        (
            ["r", "--model", "song-1", "--vocal", "male", "--duration", "30"],
            {"idea": "r", "who": "male", "seconds": 30},
        ),
        (["-", "--model", "song-1"], {"idea": "la la"}),
        (["hello", "--model", "voice-1", "--voice", "nova"], {"input": "hello", "voice": "nova"}),
        (["--text", "-", "--model", "voice-1", "--speed", "1"], {"input": "la la", "speed": 1}),
        (
            ["--text", "hi", "--model", "voice-1", "--speed", "1.5", "--language", "en", "--instructions", "slowly"],
            {"input": "hi", "speed": 1.5, "lang": "en", "how": "slowly"},
        ),
        (["hi", "--model", "voice-1", "--output-format", "wav"], {"input": "hi", "format": "wav"}),
    ],
)
def test_the_kind_is_that_of_the_model(own, words, body):
    assert sent(own, *words, stdin="la la\n") == body


@pytest.mark.parametrize("command", ["generate", "explain", "prices", "compare"])
def test_a_flag_of_another_kind_is_refused_by_name_before_anything_is_sent(own, command):
    (own.folder / "words.txt").write_text("la la")
    more = ["reapi", "runapi"] if command == "compare" else []
    words = [command, "waves", *more, "--model", "clip-1", "--lyrics", "words.txt", "--voice", "nova"]
    assert own.json(*words, code=2)["error"]["problems"] == [
        {"field": "lyrics", "message": "is for songs, and clip-1 makes clips", "page": None},
        {"field": "voice", "message": "is for recordings, and clip-1 makes clips", "page": None},
    ]
    shown = own(*words)
    assert (shown.exit_code, "nothing was sent" in shown.stderr) == (2, True)
    assert "--lyrics  is for songs, and clip-1 makes clips\n" in shown.stderr
    one = own(command, "waves", *more, "--model", "flux-2-pro", "--seed", "7", "--duration", "5")
    assert "--duration: is for clips and songs, and flux-2-pro makes pictures\n" in one.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--model", "clip-1"], "PROMPT: give a prompt, or a file to begin with"),
        (["x", "--model", "clip-1", "--duration", "soon"], 'must be whole seconds from 1 to 86400, like 5, or "auto"'),
        (
            ["x", "--model", "clip-1", "--first-frame", A, "--image", A],
            "--image: cannot be given beside --first-frame: give one of them",
        ),
        (["--model", "song-1", "--lyrics", "w.txt", "--instrumental"], "--lyrics: give lyrics or instrumental"),
        (["--model", "song-1", "--duration", "60"], "PROMPT: give a prompt, lyrics or a style"),
        (["x", "--model", "voice-1", "--speed", "fast"], "--speed: must be a number above 0"),
        (["x", "--model", "voice-1", "--speed", "1,25"], "not '1,25'; did you mean 1.25?"),
        (["x", "--model", "voice-1", "--text", "y"], "PROMPT: give the text as prompt or as text, not both"),
        (["x", "--model", "clip-1", "--text", "y"], "--text: is for recordings, and clip-1 makes clips"),
        (["--model", "voice-1"], "Missing argument 'PROMPT'."),
        (["--model", "flux-2-pro"], "Missing argument 'PROMPT'."),
        (["x"], "Missing option '--model'."),
        (["--lyrics", "w.txt"], "Missing option '--model'."),
        (["-", "--model", "song-1", "--lyrics", "-"], "--lyrics and PROMPT cannot both be -"),
        (["--model", "song-1", "--lyrics", "none.txt"], "no such file: none.txt; give a file, or - for what"),
        (["--model", "song-1", "--lyrics", "la " * 200], "no such file: la la"),
        (["--model", "song-1", "--lyrics", "/dev/zero"], "/dev/zero is longer than 10 MB"),
        (["--model", "clip-1", "--last-frame", A], "--last-frame: needs a --first-frame"),
        (["a", "fox", "--model", "clip-1"], "('fox'): a PROMPT of several words stands in quotes"),
        (["--model", "song-1", "--lyrics", "odd.txt"], "odd.txt is not UTF-8, from byte 2 on"),
    ],
)
def test_what_cannot_be_asked_for_is_told(own, words, says):
    (own.folder / "w.txt").write_text("la la")
    (own.folder / "odd.txt").write_bytes(b"a\xe9")
    ended = own("explain", *words, stdin="la la")
    assert (ended.exit_code, says in ended.stderr) == (2, True), ended.stderr


def test_an_unknown_model_is_told_before_its_flags(own):
    ended = own("generate", "x", "--model", "clip-2", "--lyrics", "-")
    assert ended.stderr.endswith("model: no model is named 'clip-2'; did you mean clip-1?\n")
    assert ended.exit_code == 2


def test_of_a_model_of_two_kinds_the_flags_or_the_offer_say_which(own):
    both = ["x", "--model", "both-1"]
    kinds = [each["calls"] != [] for each in own.json("explain", *both)]
    assert kinds == [True, False]
    assert [bool(each["calls"]) for each in own.json("explain", *both, "--duration", "5")] == [False, True]
    assert sent(own, *both, "--offer", "moving-1") == {"prompt": "x"}
    ended = own("explain", *both, "--voice", "nova")
    assert "--voice: is for recordings, and both-1 makes pictures and clips\n" in ended.stderr


def test_fields_are_told_by_the_kinds_that_have_them():
    assert kinds_with("lyrics") == ("music",)
    assert kinds_with("prompt") == ("image", "video", "music")
    assert flag("audio") == "--audio/--no-audio"
    assert flag("path") == "PATH"
    assert flag("aspect_ratio") == "--aspect-ratio"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("first_frame: goes without videos", "--first-frame: goes without --reference-video"),
        ("audio: true needs prompt or images", "--audio/--no-audio: true needs prompt or --image"),
        ("a raw field sets image_urls", "a raw field sets image_urls"),
        ("prompt: must be a text, not 'first_frame'", "PROMPT: must be a text, not 'first_frame'"),
        ("https://a.example/first_frame is no file", "https://a.example/first_frame is no file"),
        ("runapi: input.first_frame is lost", "runapi: input.first_frame is lost"),
        ('x-1 is an offer: ask for x with offer="a/x-1" or offer="b/x-1"', "--offer a/x-1 or --offer b/x-1"),
        ("any_api_key=True takes it up all the same", "--any-api-key takes it up all the same"),
        ('with on_uncertain="continue" and max_price', "with --on-uncertain continue and --max-price"),
        ("name it with config= or FILE", "name it with --config or FILE"),
        ("must be an amount, not 'max_price=5'", "must be an amount, not 'max_price=5'"),
    ],
)
def test_sentences_name_flags_for_what_nobody_would_say(said, shown):
    assert in_flags(said).endswith(shown)


def test_a_clip_of_two_providers_in_one_command(terminal):
    """The same five seconds cost 2.4 times as much at the other."""
    clip = ["waves", "--model", "seedance-2.0", "--duration", "5", "--resolution", "720p"]
    clip += ["--provider", "runapi", "--provider", "reapi"]
    found = {each["provider"]: each for each in terminal.json("prices", *clip)}
    assert list(found) == ["reapi", "runapi"]
    assert [(each["status"], each["money"]["list_usd"]) for each in found.values()] == [
        ("exact", "0.85888"),
        ("estimate", "2.05"),
    ]
    (shown,) = [line for line in terminal("prices", *clip).stdout.splitlines() if "reapi/" in line]
    assert "duration 5" in shown
    assert {each["works"] for each in terminal.json("prices", "rain", "--model", "suno-v5.5")} == {2}


@pytest.mark.parametrize(
    ("offer", "words", "status", "usd"),
    [
        ("reapi/kling-3-0", ["--model", "kling-3.0", "--duration", "15", "--resolution", "4K"], "exact", "5.528"),
        ("runapi/kling-3.0", ["--model", "kling-3.0", "--duration", "5", "--resolution", "720p"], "estimate", "0.7"),
        ("api_in_one/kling-3", ["--model", "kling-3.0", "--no-audio"], "unknown", None),
        ("reapi/wan2.7-video", ["--model", "wan-2.7", "--resolution", "720p"], "unknown", None),
        ("reapi/suno-v6", ["--model", "suno-v6"], "exact", "0.06"),
        ("runapi/suno-v6", ["--model", "suno-v6"], "unknown", None),
        ("runapi/tts-1", ["--model", "tts-1"], "estimate", "0.04"),
        ("revidapi/nano-banana-pro", ["--model", "nano-banana-pro", "--resolution", "4K"], "approximate", "0.12"),
    ],
)
def test_a_figure_comes_out_as_sure_as_it_is(terminal, offer, words, status, usd):
    (found,) = terminal.json("prices", "rain", *words, "--offer", offer)
    billed = found["money"]["usd"]
    assert (found["offer"], found["status"]) == (offer, status)
    assert (None if billed is None else Decimal(billed)) == (None if usd is None else Decimal(usd))


def test_a_clip_is_bought_where_it_is_cheapest_and_within_the_ceiling(terminal, simulators):
    words = ["generate", "waves", "--model", "seedance-2.0", "--resolution", "720p", "--no-audio"]
    words += ["--policy", "cheapest", "--max-price", "1.00", "--duration"]

    def submits():
        return Counter({one.name: one.bills()["submits"] for one in simulators})

    before = submits()
    made = terminal.json(*words, "5")
    assert [task["account"] for task in made["tasks"]] == ["reapi"]
    error = terminal.json(*words, "6", code=7)["error"]
    assert (error["type"], error["billed"]) == ("OverCeiling", "no")
    assert submits() - before == {"reapi": 1}


@pytest.mark.parametrize(
    ("words", "ending", "told"),
    [
        (["--model", "kling-3.0", "--duration", "3", "--provider", "reapi"], ".mp4", "1920x1080, 3 s, video/mp4, "),
        (["--model", "suno-v5.5", "--provider", "runapi"], ".mp3", ", 30 s, audio/mpeg, "),
        (["--model", "edge-tts", "--provider", "revidapi"], ".mp3", " s, audio/mpeg, "),
    ],
)
def test_what_is_made_is_told_by_what_it_is(terminal, simulators, words, ending, told):
    made = terminal("generate", "waves at dusk", *words, "--out", "out")
    assert made.exit_code == 0, made.output
    lines = made.stdout.splitlines()
    assert lines[0].endswith(ending)
    assert told in lines[1]
    assert "size unknown" not in made.stdout
    assert ("  cover, 512x512, image/jpeg, " in made.stdout) == ("runapi" in words)
    assert made.stdout.count(", price ") == 1
    assert made.stdout.count(" for all 4 files\n") == ("runapi" in words)
    (kind,) = {each["order"]["kind"] for each in terminal.json("tasks")}
    assert [each["group"] for each in terminal.json("spend", "--by", "kind")] == [kind]
    assert terminal.json("tasks", "--kind", "image") == []
    (line,) = terminal("tasks", "--kind", kind).stdout.splitlines()[1:]
    assert line.split()[-4:] == ["waves", "at", "dusk", kind]


def test_what_is_missing_is_told_by_what_it_is(terminal, simulators):
    simulators["reapi"].fault("no_credit", times=1)
    words = ["waves", "--model", "kling-3.0", "--duration", "3", "--count", "2", "--provider", "reapi"]
    ended = terminal("generate", *words)
    assert (ended.exit_code, "1 clip missing: " in ended.stderr) == (1, True)
