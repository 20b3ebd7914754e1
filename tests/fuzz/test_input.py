"""Whatever a caller hands in, a file, a handle, a request or a command line, ends in a value or in an error of ours."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    Adjustment,
    AnymediaError,
    Asset,
    Cause,
    Client,
    Config,
    ConfigError,
    DownloadError,
    Failure,
    ImageRequest,
    Money,
    PriceStatus,
    RequestError,
    Task,
    explain,
    from_json,
    load_config,
    read_config,
    to_json,
)
from anymedia.cli.app import COMMANDS, app
from anymedia.model.strict_json import dumps
from anymedia.model.urls import is_loopback
from anymedia.translate.messages import Answer
from anymedia.transport.http import Transport
from anymedia.transport.retry import Patience

KEY = "planted-key-5f0c1d"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

# Handles

PATHS = {"reapi": "/api/v1/images/generations", "runapi": "/api/v1/flux_2/text_to_image"}
PATHS |= {"api_in_one": "/api/v1/images/generations", "revidapi": "/paid/flux-2/create"}
TASKS = [
    Task(
        id="task_018f5a3a",
        provider=provider,
        account=provider,
        offer=f"{provider}/flux-2-pro",
        model="flux-2-pro",
        wire_id="flux-2",
        raw_state="processing",
        assets=(Asset(kind="image", url="https://cdn.example/1.png", expires_at=NOW),),
        failure=Failure(cause=Cause.FAILED, code="1"),
        money=Money(usd=Decimal("0.05"), status=PriceStatus.EXACT),
        adjustments=(Adjustment(field="seed", given=1, reason="no"),),
        labels={"a": "b"},
        submitted_at=NOW,
        created_at=NOW,
        completed_at=NOW,
        path=path,
        links={"urls.get": "/x", "status_url": "https://queue.example/x"},
        idempotency_key="k",
        raw={"a": [1]},
    )
    for provider, path in PATHS.items()
]


@pytest.fixture
def sent(monkeypatch):
    """Record every call that would carry the key, and answer it with something."""
    calls = []

    async def send(self, account, call, progress, credentials):
        calls.append((account, call))
        return Answer(200, {}, b'{"id": "task_018f5a3a", "status": "processing"}')

    monkeypatch.setattr(Transport, "send", send)
    return calls


@pytest.fixture
def look(inside, clock, sent):
    """Return what looks at the task of a handle, and holds where the key went."""
    config = read_config({"providers": {name: {"api_key_env": "K"} for name in PATHS}}, {"K": KEY})

    async def looking(task):
        async with Client(config, clock=clock, patience=Patience(tries=1)) as client:
            with suppress(AnymediaError):
                await client.get(task)
            with suppress(AnymediaError):
                await client.wait(task, timeout=20)

    def look(handle):
        try:
            task = from_json(Task, handle)
        except RequestError:
            return
        sent.clear()
        inside.run(looking(task))
        for account, call in sent:
            assert call.url.startswith(account.origin + "/")
            assert call.url.isascii()
            assert call.url.isprintable()
            assert account.adapter.name == task.provider

    return look


def test_no_word_in_a_handle_leads_the_key_elsewhere(look, words):
    for task in TASKS:
        for field in ("id", "provider", "account", "path", "model", "wire_id", "state", "submitted_at", "completed_at"):
            for word in words:
                look(to_json(task) | {field: word})


def test_a_handle_leads_the_key_to_its_own_origin_alone(cases, spoilt, look):
    @cases(400)
    @given(st.sampled_from(TASKS).flatmap(lambda task: spoilt(to_json(task))))
    def hold(handle):
        look(handle)

    hold()


def test_a_hostile_handle_writes_nothing_outside_the_directory(cases, spoilt, inside, clock, tmp_path):
    out = tmp_path / "out"
    picture = b"\xff\xd8\xff" + bytes(20)
    config = read_config({"providers": {name: {"api_key_env": "K"} for name in PATHS}}, {"K": KEY})

    async def save(task):
        async with Client(config, clock=clock) as client:
            return await client.download(task, out)

    @cases(150)
    @given(st.sampled_from(TASKS).flatmap(lambda task: spoilt(to_json(task))))
    def hold(handle):
        try:
            task = from_json(Task, handle)
        except RequestError:
            return
        task = attrs.evolve(task, assets=(Asset(kind="image", data=picture),))
        try:
            (asset,) = inside.run(save(task))
        except AnymediaError:
            return
        assert asset.path.resolve().parent == out.resolve()
        asset.path.unlink()

    hold()
    assert [path for path in tmp_path.rglob("*") if path != out] == []


def test_no_word_for_a_link_brings_anything_but_an_error(inside, clock, words, tmp_path):
    config = read_config({"providers": {name: {"api_key_env": "K"} for name in PATHS}}, {"K": KEY})

    async def save(word):
        async with Client(config, clock=clock, patience=Patience(tries=1)) as client:
            await client.download(attrs.evolve(TASKS[0], assets=(Asset(kind="image", url=word),)), tmp_path)

    for word in words:
        if "runapi.ai" not in word and "evil" not in word:  # names are not looked up here
            with pytest.raises(DownloadError):
                inside.run(save(word))
    assert list(tmp_path.iterdir()) == []


# Requests

REQUESTS = [
    ImageRequest(
        model=model,
        prompt="a lighthouse",
        images=("https://pictures.example/x.png",),
        aspect_ratio="16:9",
        resolution="1K",
        count=2,
        quality="high",
        seed=7,
        extra={"reapi": {"nsfw_checker": True}, "runapi": {"deep": {"er": [1]}}},
        labels={"order": "1"},
    )
    for model in ("flux-2-pro", "flux-2-max", "gpt-image-2", "z-image")
]


def test_a_request_from_outside_is_explained_or_refused(cases, spoilt):
    @cases(500)
    @given(
        st.sampled_from(REQUESTS).flatmap(lambda request: spoilt(to_json(request))), st.sampled_from(["refuse", "drop"])
    )
    def hold(data, on_unsupported):
        try:
            request = from_json(ImageRequest, data)
            shown = explain(request, on_unsupported=on_unsupported)
        except RequestError:
            return
        assert from_json(ImageRequest, to_json(request)) == request
        for each in shown:
            assert each.refusals or json.loads(dumps(each.json)) == each.json
            assert each.money.usd is None or each.money.usd >= 0

    hold()


# Config files

TOML = """
[route]
accounts = ["mine", "runapi"]

[providers.mine]
adapter = "reapi"
base_url = "https://gateway.example:8443"
api_key_env = "MINE"
timeout = 30
connections = 4

[providers.runapi]
"""
PIECES = (
    "=",
    "[",
    "]]",
    '"',
    "'''",
    "\n",
    "\r",
    "\x00",
    "#",
    ".",
    "{",
    "1e999",
    "nan",
    "inf",
    "true",
    "\ufeff",
    "1979-05-27",
)


@st.composite
def files(draw):
    """Return bytes that once were an anymedia.toml, or never."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=60))
    text = TOML
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        text = text[:at] + draw(st.sampled_from(PIECES) | st.text(max_size=6)) + text[at + length :]
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "latin-1"])), "replace")


def test_any_file_is_a_config_or_a_config_error(cases, tmp_path):
    path = tmp_path / "anymedia.toml"

    @cases(500)
    @given(files())
    def hold(data):
        path.write_bytes(data)
        try:
            config = load_config(path, {"MINE": KEY, "RUNAPI_API_KEY": KEY})
        except ConfigError:
            return
        sound(config)

    hold()


def test_any_table_is_a_config_or_a_config_error(cases, spoilt):
    table = {"adapter": "reapi", "base_url": "https://gateway.example", "api_key_env": "MINE", "timeout": 30}
    data = {"route": {"accounts": ["mine"]}, "providers": {"mine": table | {"connections": 4}}}

    @cases(500)
    @given(spoilt(data), st.dictionaries(st.sampled_from(["MINE", "REAPI_API_KEY"]), st.text(max_size=9)))
    def hold(data, environ):
        try:
            config = read_config(data if isinstance(data, dict) else {}, environ)
        except ConfigError:
            return
        sound(config)

    hold()


def sound(config):
    """Hold what is true of every config."""
    assert isinstance(config, Config)
    assert KEY not in repr(config)
    for name, account in config.accounts.items():
        assert account.name == name
        scheme, _, host = account.origin.partition("://")
        assert "/" not in host
        assert "@" not in host
        assert scheme == "https" or is_loopback(host.rpartition(":")[0].strip("[]") or host) or is_loopback(host)
        assert 0 < account.timeout < 1_000_000
        assert 0 < account.connections < 1_000_000


# The command line

FLAGS = (
    *("--model", "--provider", "--offer", "--aspect-ratio", "--size", "--resolution", "--quality", "--image", "--mask"),
    *("--count", "--background", "--moderation", "--seed", "--negative-prompt", "--output-format", "--callback-url"),
    *("--label", "--extra", "--on-unsupported", "--json", "--out", "--timeout", "--config", "--kind", "--help", "-h"),
    *("--key", "--state", "--since", "--by", "--replay", "--all", "--drift", "--limit", "--billed", "--task"),
    "--handle",
    *("--version", "--port", "--", "-", "-x", "--mod", "--model=flux-2-pro", "--count=99999999999999999999"),
)
LIKELY = (
    *("a fox", "flux-2-pro", "gpt-image-2", "reapi", "runapi/flux-2-pro", "16:9", "1024x1024", "4K", "high", "2", "-1"),
    *("show", "settle", "handle", "uncertain", "not-sent", "2h", "2026-11-20", "99999999d", "day", "label"),
    *("https://pictures.example/x.png", "a=b", "reapi.n=2", "reapi.a.b=[1", "x=1", "drop", "missing.toml", ".", "@."),
    *("/api/v1/images/generations", "{}", '{"model": "flux-2"}', "[", "1e400", "nan", "@missing", "\udcff", "🦊"),
)
HARMLESS = [name for name in COMMANDS if name not in ("demo", "simulate")]  # these two serve until they are stopped
ARGUMENT = (
    st.sampled_from(FLAGS) | st.sampled_from(LIKELY) | st.text(st.characters(exclude_characters="\0"), max_size=8)
)
LINE = st.lists(ARGUMENT, max_size=6)


def test_any_command_line_ends_with_a_documented_code(cases, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = st.sampled_from([[name] for name in HARMLESS] + [["explain", "a fox", "--model", "flux-2-pro"], []])

    @cases(200)
    @given(start, LINE, st.binary(max_size=20))
    def hold(start, line, stdin):
        if not start and line[:1] in (["demo"], ["simulate"]):
            return
        result = CliRunner().invoke(app, [*start, *line], input=stdin, prog_name="anymedia")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code in (0, 1, 2, 3), result.output  # without a key nothing is sent, so 4 and 5 cannot be
        assert "Traceback" not in result.output
        if result.exit_code == 0 and "--json" in line and not {"--help", "-h", "--version"} & set(line):
            json.loads(result.stdout)

    hold()
