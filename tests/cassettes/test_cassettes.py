"""The adapters read what was really said: every episode is played from its cassette, to the end, without a network."""

import json
import re
import socket
from base64 import b64decode
from urllib.parse import quote

import attrs
import pytest
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request

from anymedia import AnymediaError, Client, NoCredit, State, read_config
from anymedia.clock import Clock
from anymedia.registry import adapters
from anymedia.simulators import names

from . import record
from .episodes import EPISODES, SCRIPTS, Played, episodes, play
from .record import CASSETTES, PLANTED, WRONG_KEY, cassette, is_live, main, simulated
from .tape import MASK, Clean, blank, recorded

EVERY = [pytest.param(provider, one, id=f"{provider} {one.name}") for provider in SCRIPTS for one in episodes(provider)]
FILES = sorted(CASSETTES.rglob("*.*"))
NAMED = {episode.name: episode for episode in EPISODES}
SUCCEEDED, REFUSED, THROTTLED = NAMED["succeeded"], NAMED["refused"], NAMED["throttled"]
NOTE = re.compile(
    r"# Recorded (against the simulator of \w+, \d{4}-\d\d-\d\d; no live provider was called|"
    r"live at https://\S+, \d{4}-\d\d-\d\d)\."
)
SECRET = re.compile(
    rf"{PLANTED}|{WRONG_KEY}|rk_live_|\baio_|Bearer (?!\*\*\*)|127\.0\.0\.1|localhost|"
    r"[0-9a-f]{8}-[0-9a-f]{4}-(?!0000)[0-9a-f]{4}-|(?!0{8})[0-9a-f]{16}",  # ids and keys that are not counted
    re.IGNORECASE,
)
"""What must be in no cassette."""


def config(provider):
    """A client that is where the provider is, with the key that is in the cassettes."""
    return read_config({}, dict.fromkeys(adapters()[provider].api_key_env, MASK))


# What was said, read without an adapter


def named(words, *wanted):
    """The first value that goes by one of these names, however deep."""
    if not isinstance(words, dict):
        return None
    here = [value for name, value in words.items() if name in wanted]
    deeper = (named(value, *wanted) for value in words.values())
    return here[0] if here else next((value for value in deeper if value is not None), None)


def header(answer, wanted):
    """The value of a header of an answer."""
    return next((value for name, value in answer["headers"].items() if name.lower() == wanted), None)


KINDS = {"mp4": "video", "mp3": "audio", "wav": "audio"}


def works(answer):
    """Every address of a work in an answer, once, each after what it is."""
    text = answer["body"]["string"].decode()
    found = re.findall(r'(https://[^\s"\\]+\.(jpe?g|png|webp|mp[34]|wav)[^\s"\\]*)', text)
    return sorted({(KINDS.get(suffix, "image"), url) for url, suffix in found})


def held(words):
    """The pictures that an answer holds itself."""
    listed = words.get("data") if isinstance(words.get("data"), list) else []
    return [b64decode(each["b64_json"]) for each in listed if "b64_json" in each]


@pytest.fixture
def no_network(monkeypatch):
    """Refuse any connection, to this machine too."""

    def refused(_, address):
        raise AssertionError(f"a test reached for {address}")

    monkeypatch.setattr(socket.socket, "connect", refused)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(("provider", "episode"), EVERY)
async def test_what_was_said_is_understood(provider, episode, clock):
    with recorded(cassette(provider, episode)) as tape:
        played = await play(episode, provider, config(provider), clock)
    assert tape.all_played
    assert played.end == SCRIPTS[provider].ends[episode.name]

    last = tape.responses[-1]
    words = json.loads(last["body"]["string"])
    names = adapters()[provider].request_id
    request_id = next(filter(None, (header(last, name) for name in names)), None) or named(words, "request_id")
    came = played.came
    assert came.request_id == request_id
    if isinstance(came, AnymediaError):
        assert came.body == words
        assert came.retry_after is None
        assert came.task_id == (None if played.task is None else played.task.id)
    task = played.task
    if task is not None:
        assert task.raw == words
        # Not every look tells the id: the latest answer that does.
        ids = ("id", "task_id", "taskId", "request_id")
        told = (named(json.loads(each["body"]["string"]), *ids) for each in tape.responses[::-1])
        told_id = next(filter(None, told), None) or header(last, "x-runapi-task-id")
        assert task.id == (told_id if SCRIPTS[provider].lasts else played.attempts[-1].id)
        assert sorted((asset.kind, asset.url) for asset in task.assets if asset.url) == works(last)
        assert [asset.path.read_bytes() for asset in task.assets if not asset.url] == held(words)
        assert bool(task.assets) == (task.state is State.SUCCEEDED)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("provider", SCRIPTS)
async def test_a_throttled_submit_waits_as_long_as_it_is_told(provider, clock):
    with recorded(cassette(provider, THROTTLED)) as tape:
        played = await play(THROTTLED, provider, config(provider), clock)
    said, waited = tape.responses[0], clock.slept[0]
    asked = header(said, "retry-after") or named(json.loads(said["body"]["string"]), "retry_after")
    assert (asked is None) == (provider == "kie")
    assert waited > 0 if asked is None else float(asked) <= waited <= float(asked) + 0.5
    no, yes = played.attempts
    assert "429" in no.error
    assert (no.sends, yes.sends) == (1, 1)
    keys = {no.replay_key, yes.replay_key}
    assert len(keys) == 2 or keys == {None}  # another submit is not a replay


@pytest.mark.parametrize("provider", SCRIPTS)
def test_every_call_says_who_it_is_and_carries_the_key(provider):
    (auth,) = adapters()[provider].auth
    hosts = {adapters()[provider].base_url, *(call.origin for _, call in adapters()[provider].calls)}
    for episode in episodes(provider):
        with recorded(cassette(provider, episode)) as tape:
            for call in tape.requests:
                assert call.headers["User-Agent"] == f"anymedia/{MASK}"
                assert call.headers[auth.name] == auth.prefix + MASK
                assert "/".join(call.uri.split("/")[:3]) in hosts


# Nothing else is played, and nothing is left over


@pytest.mark.usefixtures("no_network")
async def test_what_is_not_asked_for_is_noticed(clock):
    with recorded(cassette("reapi", SUCCEEDED)) as tape:
        async with Client(config("reapi"), clock=clock) as client:
            await client.submit(SCRIPTS["reapi"].request, "reapi")
    assert not tape.all_played


@pytest.mark.usefixtures("no_network")
async def test_what_was_not_recorded_is_not_answered(clock):
    with recorded(cassette("reapi", SUCCEEDED)):
        await play(SUCCEEDED, "reapi", config("reapi"), clock)
        with pytest.raises(CannotOverwriteExistingCassetteException):
            await play(SUCCEEDED, "reapi", config("reapi"), clock)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("changes", [{"prompt": "a fox"}, {"aspect_ratio": "1:1"}, {"model": "flux-2-pro"}], ids=str)
async def test_another_body_is_another_call(changes, clock, monkeypatch):
    request = attrs.evolve(SCRIPTS["reapi"].request, **changes)
    monkeypatch.setitem(SCRIPTS, "reapi", attrs.evolve(SCRIPTS["reapi"], request=request))
    with recorded(cassette("reapi", SUCCEEDED)), pytest.raises(CannotOverwriteExistingCassetteException):
        await play(SUCCEEDED, "reapi", config("reapi"), clock)


@pytest.mark.usefixtures("no_network")
async def test_other_headers_are_another_call(clock):
    stranger = read_config({}, {"REAPI_API_KEY": "not-the-mask"})
    with recorded(cassette("reapi", SUCCEEDED)), pytest.raises(CannotOverwriteExistingCassetteException):
        await play(SUCCEEDED, "reapi", stranger, clock)


# What lies in the folder


def test_there_is_a_cassette_of_every_episode_and_no_other():
    assert set(SCRIPTS) == set(names())
    assert {cassette(provider, episode) for provider in SCRIPTS for episode in episodes(provider)} == set(FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_a_cassette_says_what_it_is_and_holds_no_key(path):
    text = path.read_text("utf-8")
    note, *lines = text.splitlines()
    assert NOTE.fullmatch(note)
    assert [line for line in lines if SECRET.search(line)] == []
    assert "!!binary" not in text


@pytest.mark.parametrize(
    "line",
    [
        f"X-Api-Key: {PLANTED}",
        f"sent with {WRONG_KEY}",
        "the key rk_live_0a1b is revoked",
        '"key": "aio_0a1b"',
        "Authorization: Bearer abc",
        "url: https://reapi.ai/task_5d41402abc4b2a76b9719d911017c592",
        "X-Request-ID: 7d444840-9dc0-11d1-b245-5ffdce74fad2",
        "uri: http://127.0.0.1:40123/api/v1",
    ],
)
def test_what_is_searched_for_would_be_found(line):
    assert SECRET.search(line)
    assert not SECRET.search("Authorization: Bearer ***, task_00000000000000000000000000000001 of https://reapi.ai")


# Recording


@pytest.mark.parametrize("provider", SCRIPTS)
async def test_recording_anew_changes_nothing(provider, tmp_path):
    for episode in episodes(provider):
        kept, new = cassette(provider, episode), tmp_path / f"{episode.name}.yaml"
        played = await simulated(provider, episode, new)
        assert played.end == SCRIPTS[provider].ends[episode.name]
        if not is_live(kept):
            assert new.read_text("utf-8").splitlines()[1:] == kept.read_text("utf-8").splitlines()[1:]


async def test_another_day_alone_is_no_diff(tmp_path):
    path = tmp_path / "refused.yaml"
    await simulated("reapi", REFUSED, path)
    yesterday = re.sub(r"\d{4}-\d\d-\d\d", "2001-01-01", path.read_text("utf-8"), count=1)
    path.write_text(yesterday, "utf-8")
    await simulated("reapi", REFUSED, path)
    assert path.read_text("utf-8") == yesterday
    path.write_text(yesterday.replace("not supported", "unknown"), "utf-8")
    await simulated("reapi", REFUSED, path)
    assert "2001" not in path.read_text("utf-8")


KEY = "k/5+ec ret".replace(" ", "=")
ANSWER = {
    "message": f"{KEY} is not a key, nor is rk_live_1234, nor aio_1234",
    "api_key": "abcd",
    "user": {"email": "somebody@example.com", "access_token": ["Bearer abcd"], "tokens": 7},
    "url": "https://files.example/5d41402abc4b2a76b9719d911017c592.png?X-Amz-Signature=abcd&sig=abcd&width=7#top",
    "nested": json.dumps({"url": "http://127.0.0.1:9/0.png?token=abcd", "id": "5d41402abc4b2a76b9719d911017c592"}),
    "price": 0.0044,
    "prompt": "a fox \U0001f98a",
}


def test_nothing_secret_stays_in_a_conversation(tmp_path):
    call = Request("GET", f"http://127.0.0.1:9/a?api_key={quote(KEY, safe='')}&id=7", None, {"X-Key": f"key {KEY}"})
    answer = {
        "status": {"code": 302, "message": "Found"},
        "headers": {
            "Content-Type": ["application/json"],
            "Location": [f"http://127.0.0.1:9/b?next={KEY}"],
            "Set-Cookie": ["session=abcd"],
            "Date": ["Fri, 20 Nov 2026 18:00:00 GMT"],
            "X-RateLimit-Remaining": ["7"],
        },
        "body": {"string": json.dumps(ANSWER).encode()},
    }
    path = tmp_path / "clean.yaml"
    with blank(path, "A note.", KEY, {"http://127.0.0.1:9": "https://own.example"}) as tape:
        tape.append(call, answer)
        tape.append(Request("POST", "http://127.0.0.1:9/c", b"%s" % KEY.encode(), {}), {**answer, "body": {}})
    text = path.read_text("utf-8")
    assert not SECRET.search(text)
    for secret in (KEY, quote(KEY, safe=""), "abcd", "1234", "example.com", "session", "2026", "5d41402"):
        assert secret not in text
    with recorded(path) as tape:
        (call, posted), (answer, _) = tape.requests, tape.responses
    assert call.uri == "https://own.example/a?api_key=***&id=7"
    assert call.headers == {"X-Key": "key ***"}
    assert posted.body == b"***"
    assert answer["headers"] == {
        "Content-Type": "application/json",
        "Location": "https://own.example/b?next=***",
        "X-RateLimit-Remaining": "7",
    }
    assert json.loads(answer["body"]["string"]) == {
        "message": "*** is not a key, nor is ***, nor ***",
        "api_key": "***",
        "user": {"email": "***", "access_token": ["Bearer ***"], "tokens": 7},
        "url": f"https://files.example/{1:032}.png?X-Amz-Signature=***&sig=***&width=7#top",
        "nested": json.dumps({"url": "https://own.example/0.png?token=***", "id": f"{1:032}"}),
        "price": 0.0044,
        "prompt": "a fox \U0001f98a",
    }


async def test_what_holds_the_key_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(Clean, "text", lambda _, text: text)
    with pytest.raises(RuntimeError, match="would hold the key"):
        await simulated("reapi", REFUSED, tmp_path / "refused.yaml")
    assert list(tmp_path.iterdir()) == []


def test_live_only_what_can_be_had_at_will_is_asked_for(monkeypatch, capsys):
    asked = []

    async def record_(provider, episode, path, config, clock, note):
        account = config.account(provider)
        asked.append((episode.name, account.origin, account.secret().reveal()))
        assert type(clock) is Clock
        assert path == cassette(provider, episode)
        assert NOTE.fullmatch(f"# {note}")
        return Played(came=NoCredit("no money"), attempts=[])

    monkeypatch.setattr(record, "record", record_)
    main(["--live"], {"REAPI_API_KEY": "real"})
    assert asked == [
        ("succeeded", "https://reapi.ai", "real"),
        ("refused", "https://reapi.ai", "real"),
        ("unauthorised", "https://reapi.ai", WRONG_KEY),
    ]
    assert capsys.readouterr().out.count("its end is not that of episodes.py") == 3
    with pytest.raises(SystemExit):
        main(["--live"], {})


def test_what_was_recorded_live_is_kept_from_simulators(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(record, "CASSETTES", tmp_path)
    live = cassette("reapi", SUCCEEDED)
    live.parent.mkdir()
    live.write_text("# Recorded live at https://reapi.ai, 2026-11-20.\n")
    main([], {})
    assert live.read_text().count("\n") == 1
    said = capsys.readouterr().out.splitlines()
    assert len(said) == sum(len(episodes(provider)) for provider in SCRIPTS) - 1
    assert all(": recorded" in line and "not that of" not in line for line in said)
    assert "runapi succeeded: recorded for $0.01 settled" in said
