"""Kinds 19 to 26: found by attacking it."""

import asyncio
import copy
import json
import logging
import os
import pickle
import sqlite3
import time
from pathlib import Path

import attrs
import pytest

from anymedia import AnymediaError, Billed, ConfigError, DownloadError, Secret, State, load_config, to_json

from .files import HTML_FTYP, PNG
from .raw_server import Reply, Site, as_bytes, reply
from .shapes import REAPI, Provider
from .table import each, row
from .world import REQUEST, WORDS, ending, failing, paid, told

OTHER = attrs.evolve(REQUEST, prompt="a harbour at noon")
KEY = "planted-key-of-reapi-5f0c1d"


def _kept(world):
    return b"".join(file.read_bytes() for file in world.journal.parent.rglob("*") if file.is_file())


# 19. A stale answer (test_counted.py has the rest)


@each(19, "every submit of {} travels on a connection of its own", "reapi", "api_in_one", "revidapi", "runapi")
async def _own_connection(world, name):
    provider = world.provider(name)
    async with world.client(name) as client:
        for _ in range(3):
            await client.wait(await client.submit(REQUEST))
    assert [asked.turn for asked in provider.buys()] == [1, 1, 1]
    connections = [asked.connection for asked in provider.site.asked]
    assert all(connections.count(asked.connection) == 1 for asked in provider.buys())


@row(19, "a connection that received anything while idle is never used again")
async def _idle(world):
    async with world.client() as client:
        task = await client.submit(REQUEST)
        await client.get(task)
        for number in list(world.reapi.site.connections):
            world.reapi.site.push(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", number)
        await asyncio.sleep(0.003)
        used = {asked.connection for asked in world.reapi.site.asked}
        assert (await client.get(task)).state is State.SUCCEEDED
    assert world.reapi.site.asked[-1].connection not in used


@row(19, "an end that does not name its task is asked for again on a connection of its own")
async def _unnamed(world):
    provider = world.provider("api_in_one")
    provider.looks = [lambda task: reply(provider.shape.state(task, "IN_PROGRESS"))]
    end = {"code": 200, "data": {"status": "COMPLETED", "output": {"image_urls": [provider.url()]}}}
    provider.always_look = lambda _: reply(end)
    async with world.client("api_in_one") as client:
        task = await client.wait(await client.submit(REQUEST))
    assert task.state is State.SUCCEEDED
    assert [asked.turn for asked in provider.site.asked if "/tasks/" in asked.path] == [1, 2, 1]


# 20. The journal (test_counted.py has the rest)


@row(20, "a journal that vanished is told on the command line, and nothing is sent")
def _vanished(world):
    config = world.write()
    assert world.cli(*WORDS, "--out", str(world.out), config=config).exit_code == 0
    world.journal.write_bytes(b"x")
    ended = world.cli(*WORDS, config=config)
    assert ended.exit_code == 6
    assert str(world.journal.name) in ended.stderr
    assert world.bills == 1


@each(
    20,
    "a journal that is {}",
    ("a folder", lambda file: file.mkdir()),
    ("a text", lambda file: file.write_text("notes")),
    ("a fifo", os.mkfifo),
)
def _no_journal(world, make):
    world.journal.parent.mkdir()
    make(world.journal)
    config = world.write()
    ended = world.cli(*WORDS, config=config)
    assert ended.exit_code == 6
    assert world.bills == 0


# 21. Money


@each(
    21,
    "the amount {!r} of a finished task is refused by name",
    999_999_999,
    "1_0",
    "٠",
    "١٢",
    "1e999999",
    "1e3",
    "0x10",
    "1,5",
    "5 credits",
    -5,
)
async def _amount(world, amount):
    links = [world.reapi.url()]
    world.reapi.always_look = lambda task: reply(REAPI.costs(REAPI.done(task, links), amount))
    async with world.client() as client:
        task = await client.wait(await client.submit(REQUEST))
        assert str(task.money.usd) == "0.028"
        assert task.money.got != "settled"


@each(
    21,
    "{} = {!r} in the configuration".replace("{!r}", "a sum beyond reason"),
    *(
        ("daily_limit", "daily_limit", usd)
        for usd in ("999999999", "1_0", "٠.٢", "1e999999", "-1", "nan", " 1 ", "1e1")
    ),
)
def _config_sum(world, name, usd):
    file = world.write(world.data(account={name: usd}))
    with pytest.raises(ConfigError, match=name):
        load_config(file, world.environ)


@each(21, "max_price={!r} is refused by name", "1_0", "٠.٢", "1e999999", "nan", "inf", "-1", "", "0x1", 10**12)
async def _max_price(world, usd):
    async with world.client() as client:
        error = await failing(client.submit(REQUEST, max_price=usd))
        told(error, "max_price")
        assert error.billed is Billed.NO
    assert world.bills == 0


# 22. One poison

POISONS = (
    "http://[::1]@/a.png",
    "http://[",
    "http://[::1",
    "https://a:99999999/x.png",
    "http://\udcff/a.png",
    "//[x]/a.png",
    "http://%00/a.png",
    "http://" + "a" * 70_000,
    "http://a\u2100b/a.png",
)


@each(22, "the link {!a:.40} ends in an error of ours", *POISONS)
async def _poison(world, link):
    world.reapi.always_look = lambda task: world.reapi.done(task, [link])
    async with world.client() as client:
        try:
            result = await client.generate(REQUEST, timeout=60)
            await client.download(result, world.out)
        except AnymediaError as error:
            paid(error)
        else:
            raise AssertionError("nothing was said")


@each(22, "a redirect to {!a:.40} ends in an error of ours", *POISONS[:4], "", "http:///x")
async def _poisoned_redirect(world, link):
    world.reapi.always_file["/f/a.png"] = reply(b"", 302, headers=[("Location", link)])
    async with world.client() as client:
        paid(await failing(client.download(await client.generate(REQUEST), world.out)))


@each(22, "beside the poison {!a:.40} resume fetches the rest", *POISONS[:5])
def _resume_goes_on(world, link):
    config = world.write()
    world.reapi.always_look = lambda task: reply(REAPI.state(task, "processing"))
    for _ in range(3):
        assert world.cli(*WORDS, "--timeout", "12", config=config).exit_code == 5
    bad = world.reapi.bills[1]
    world.reapi.always_look = lambda task: world.reapi.done(task, [link]) if task == bad else world.reapi.done(task)
    ended = world.cli("resume", "--out", str(world.out), "--timeout", "60", config=config)
    assert list(world.files().values()) == [PNG, PNG]
    assert ended.exit_code in (1, 5)
    assert bad in ended.stderr


SPOILS = {
    "a record with a byte that is no utf-8": "UPDATE texts SET record = CAST(x'7b22ff7d' AS TEXT) WHERE number = 2",
    "a task with a byte that is no utf-8": "UPDATE texts SET task = CAST(x'7b22ff7d' AS TEXT) WHERE number = 2",
    "a record that is cut": "UPDATE texts SET record = substr(record, 1, 40) WHERE number = 2",
    "a record that is a list": "UPDATE texts SET record = '[1]' WHERE number = 2",
    "a record that is empty": "UPDATE texts SET record = '{}' WHERE number = 2",
    "a record with another word": "UPDATE texts SET record = replace(record, 'accepted', 'odd') WHERE number = 2",
    "a task that is a text": "UPDATE texts SET task = 'x' WHERE number = 2",
    "a body that is no json": "UPDATE texts SET body = x'ff00' WHERE number = 2",
    "a status nobody knows": "UPDATE attempts SET status = 'odd' WHERE number = 2",
    "a date beyond dates": "UPDATE attempts SET started = 1e300 WHERE number = 2",
    "a blob for a text": "UPDATE attempts SET id = x'00ff' WHERE number = 2",
    "a sum that is a text": "UPDATE attempts SET reserved = 'many' WHERE number = 2",
}


@each(22, "{}: tasks, spend and resume go on", *SPOILS.items())
def _spoiled_row(world, statement):
    config = world.write()
    world.reapi.always_look = lambda task: reply(REAPI.state(task, "processing"))
    for _ in range(3):
        assert world.cli(*WORDS, "--timeout", "12", config=config).exit_code == 5
    with sqlite3.connect(world.journal) as connection:
        connection.execute(statement)
    connection.close()
    world.reapi.always_look = None
    listed = world.cli("tasks", "--json", config=config)
    assert listed.exit_code in (0, 6), listed.output + listed.stderr
    assert {world.reapi.bills[0], world.reapi.bills[2]} <= {
        each_["task"]["id"] for each_ in json.loads(listed.stdout) if each_.get("task")
    }
    assert "0.0" in world.cli("spend", "--json", config=config).stdout
    world.cli("resume", "--out", str(world.out), config=config)
    assert list(world.files().values()).count(PNG) >= 2
    for ended in (listed, world.cli("tasks", config=config)):
        assert "Traceback" not in ended.output + ended.stderr


@row(22, "a damaged row is told, and counts against the daily limit as it was reserved")
async def _damaged_row_counts(world):
    async with world.client(account={"daily_limit": "0.06"}) as client:
        await client.submit(REQUEST)
        await client.submit(OTHER)
    with sqlite3.connect(world.journal) as connection:
        connection.execute(SPOILS["a record that is cut"])
    connection.close()
    async with world.client(account={"daily_limit": "0.06"}) as client:
        await failing(client.submit(attrs.evolve(REQUEST, prompt="a third one")))
    assert world.bills == 2


@each(22, "json nested {} deep in the answer: generate --json prints the result", 100, 400, 3000, 100_000)
def _nested(world, depth):
    links = [world.reapi.url()]

    def look(task):
        body = as_bytes({**REAPI.done(task, links), "echo": "DEEP"})
        return reply(body.replace(b'"DEEP"', b"[" * depth + b"]" * depth))

    world.reapi.always_look = look
    config = world.write()
    ended = world.cli(*WORDS, "--json", "--out", str(world.out), "--timeout", "60", config=config)
    assert "Traceback" not in ended.output
    json.loads(ended.stdout)
    assert world.cli("tasks", config=config).exit_code == 0
    if depth <= 3000:
        assert ended.exit_code == 0
        assert list(world.files().values()) == [PNG]
    assert world.bills == 1


PLUGINS = {
    "an import error": ("odd_plugin:ADAPTER", "import nothing_of_this_name"),
    "a syntax error": ("odd_plugin:ADAPTER", "def ("),
    "another error": ("odd_plugin:ADAPTER", "1 / 0"),
    "SystemExit(0)": ("odd_plugin:ADAPTER", "raise SystemExit(0)"),
    "a recursion": ("odd_plugin:ADAPTER", "def f(): f()\nf()"),
    "the wrong type": ("odd_plugin:ADAPTER", "ADAPTER = 5"),
    "no such name": ("odd_plugin:OTHER", "ADAPTER = 5"),
    "a name that is taken": ("odd_plugin:ADAPTER", "from anymedia.adapters.reapi import ADAPTER"),
    "garbage entry points": ("!! no ::: entry", ""),
    "a type that lies": (
        "odd_plugin:ADAPTER",
        "class A:\n    def __getattr__(self, name): raise ValueError(name)\nADAPTER = A()",
    ),
}


@each(22, "a plugin with {} takes no command down", *PLUGINS.items(), slow=True)
def _plugin(world, plugin):
    points, source = plugin
    site = world.folder / "site"
    info = site / "odd_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "odd_plugin.py").write_text(source)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[anymedia.adapters]\nodd = {points}\n")
    process = world.process("providers", "--json", config=world.write(), environ={"PYTHONPATH": str(site)})
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "reapi" in out
    assert "Traceback" not in err
    assert "odd" in err, "it is told nowhere"
    assert len(err.strip().splitlines()) <= 3


# 23. Keys

ECHOES = (
    ("a slash", 'planted/key"of+reapi', lambda key: key.replace("/", "\\/").replace('"', '\\"')),
    ("an equals sign", "planted=key=of=reapi", lambda key: key.replace("=", "\\u003d")),
    ("every letter escaped", KEY, lambda key: "".join(f"\\u{ord(letter):04x}" for letter in key)),
    ("letters in capitals of hex", KEY, lambda key: "".join(f"\\u{ord(letter):04X}" for letter in key)),
    ("ampersands", "planted&key<of>reapi", lambda key: key.replace("&", "\\u0026").replace("<", "\\u003c")),
)


@each(23, "a key that is echoed with {} stands nowhere in clear", *ECHOES)
async def _echo(world, key, escaped):
    world.keys["reapi"] = key
    text = f'{{"error": {{"code": 20003, "message": "no such key: {escaped(key)}", "request_id": "{escaped(key)}"}}}}'
    world.reapi.refuses(reply(text, 400))
    async with world.client() as client:
        error = await failing(client.submit(REQUEST))
        told(error, "no such key")
        task = await client.submit(OTHER)
        world.reapi.always_look = lambda _: reply(text, 401)
        late = await failing(client.wait(task, timeout=30))
        attempts = await client.attempts()
    shown = [*map(str, (error, late)), *map(repr, (error.body, late.body, error.request_id, attempts))]
    shown += [json.dumps(to_json(each_), ensure_ascii=False) for each_ in [*attempts, late.task]]
    shown += [text.encode().decode("unicode_escape") for text in shown]
    kept = _kept(world)
    for form in (key, escaped(key), json.dumps(key)[1:-1]):
        assert not any(form in each_ for each_ in shown), form
        assert form.encode() not in kept


@row(23, "a key that is echoed as base64 in a link is used and not shown")
async def _key_in_link(world):
    world.reapi.link = f"/f/{KEY}.png"
    async with world.client() as client:
        result = await client.generate(REQUEST)
        await client.download(result, world.out)
    assert list(world.files().values()) == [PNG]


@row(23, "a Secret gives its text to no copy, pickle or state")
def _secret(world):
    secret = Secret(KEY)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    try:
        state = secret.__getstate__()
    except (AttributeError, TypeError):
        state = None
    assert KEY not in repr(state) + repr(secret) + str(secret) + f"{secret}" + repr(copy.deepcopy(secret))


@row(23, "a key is no plain local of a long-lived frame")
async def _frames(world):
    world.reapi.always_submit = lambda task: Reply(data=[0.05, *world.reapi.accepted(task).data])
    found = []

    async with world.client() as client:
        buying = asyncio.create_task(client.submit(REQUEST))
        while not world.bills:
            await asyncio.sleep(0.001)
        for task in asyncio.all_tasks():
            for frame in _frames_of(task.get_coro()):
                if "anymedia" in frame.f_code.co_filename:
                    values = {name: value for name, value in frame.f_locals.items() if value == KEY}
                    found += [f"{frame.f_code.co_qualname}: {name}" for name in values]
        await buying
    assert found == []


def _frames_of(coroutine):
    """Yield the frames of a coroutine, and of what it waits for."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        if frame is not None:
            yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)


@row(23, "the context of an error keeps no key")
async def _context(world):
    async with world.client_of(_far(world)) as client:
        error = await failing(client.submit(REQUEST))
    seen, left = set(), [error]
    while left:
        each_ = left.pop()
        if each_ is None or id(each_) in seen:
            continue
        seen.add(id(each_))
        assert "planted-far-key" not in repr(each_) + str(getattr(each_, "__dict__", ""))
        frames = []
        trace = each_.__traceback__
        while trace is not None:
            frames.append(trace.tb_frame)
            trace = trace.tb_next
        for frame in frames:
            if "anymedia" in frame.f_code.co_filename:
                assert "planted-far-key" not in [value for value in frame.f_locals.values() if isinstance(value, str)]
        left += [each_.__context__, each_.__cause__]


def _far(world):
    world.environ["K"] = "planted-far-key"
    table = {"base_url": "https://reapi.invalid", "api_key_env": "K"}
    return {"providers": {"reapi": table}, "journal": {"path": str(world.journal)}}


# 23. A file that is found only because it lies in the working directory

SENDS_AWAY = {
    "base_url": {"providers": {"reapi": {"base_url": "https://evil.example", "api_key_env": "REAPI_API_KEY"}}},
    "base_url with a variable of its own": {
        "providers": {
            "x": {"adapter": "reapi", "base_url": "https://evil.example", "api_key_env": "AWS_SECRET_ACCESS_KEY"}
        }
    },
    "proxy": {"providers": {"reapi": {"proxy": "http://evil.example:8080"}}},
    "ca_file": {"providers": {"reapi": {"ca_file": "evil.pem"}}},
    "allow_http": {
        "providers": {"reapi": {"base_url": "http://evil.example", "api_key_env": "REAPI_API_KEY", "allow_http": True}}
    },
    "storage": {"storage": {"url": "s3://evil/prefix"}, "providers": {"reapi": {}}},
    "webhooks": {"webhooks": {"url": "https://evil.example/hooks"}, "providers": {"reapi": {}}},
    "a variable that is not the adapter's": {
        "providers": {"reapi": {"base_url": "https://evil.example", "api_key_env": "AWS_SECRET_ACCESS_KEY"}}
    },
}
PLANTED = {"REAPI_API_KEY": "planted-reapi-key", "AWS_SECRET_ACCESS_KEY": "planted-aws-secret"}


@each(
    23,
    "an anymedia.toml that merely lies there with {} is a ConfigError that names the three ways out",
    *SENDS_AWAY.items(),
)
def _cloned(world, data):
    world.write(data, Path("anymedia.toml"))
    world.environ |= PLANTED
    for words in (("doctor",), WORDS):
        ended = world.cli(*words)
        said = " ".join(ended.stderr.split())
        assert ended.exit_code == 3, ended.output + said
        for way in ("--config", "ANYMEDIA_CONFIG", "anymedia trust"):
            assert way in said
        assert "planted" not in said


@each(23, "the same file with {} is read when it is named", "--config", "ANYMEDIA_CONFIG", "anymedia trust")
def _named(world, way):
    world.environ |= PLANTED
    file = world.write(SENDS_AWAY["base_url"], Path("anymedia.toml"))
    words = ("explain", "a fox", "--model", "flux-2-pro", "--json")
    if way == "anymedia trust":
        assert world.cli("trust").exit_code == 0
        ended = world.cli(*words)
    elif way == "--config":
        ended = world.cli(*words, "--config", str(file))
    else:
        ended = world.cli(*words, config=file)
    assert ended.exit_code == 0, ended.output + ended.stderr
    assert "evil.example" in ended.stdout


@row(23, "trust is for one folder, by its path")
def _trusted_folder(world):
    world.environ |= PLANTED
    world.write(SENDS_AWAY["base_url"], Path("anymedia.toml"))
    assert world.cli("trust").exit_code == 0
    assert world.cli("explain", "a fox", "--model", "flux-2-pro").exit_code == 0
    other = world.folder / "other"
    other.mkdir()
    os.chdir(other)
    world.write(SENDS_AWAY["base_url"], Path("anymedia.toml"))
    assert world.cli("explain", "a fox", "--model", "flux-2-pro").exit_code == 3


WORKS = {
    "a route and accounts": {"route": {"accounts": ["reapi", "runapi"], "max_price": "0.10"}},
    "a variable for the adapter's own host": {"providers": {"reapi": {"api_key_env": "REAPI_KEY"}}},
    "limits and prices": {"providers": {"reapi": {"timeout": 30, "daily_limit": "1", "limits": {"active": 2}}}},
    "a journal": {"journal": {"path": "j.db"}, "providers": {"reapi": {}}},
    "the adapter's own base_url": {"providers": {"reapi": {"base_url": "https://reapi.ai"}}},
}


@each(23, "{} in a file that merely lies there works as before", *WORKS.items())
def _works(world, data):
    world.environ |= {**PLANTED, "REAPI_KEY": "planted-key"}
    world.write(data, Path("anymedia.toml"))
    ended = world.cli("explain", "a fox", "--model", "flux-2-pro")
    assert ended.exit_code == 0, ended.output + ended.stderr


@row(23, "a loopback base_url in a file that merely lies there works as before")
def _loopback(world):
    world.write(path=Path("anymedia.toml"))
    assert world.cli(*WORDS, "--out", str(world.out)).exit_code == 0
    assert list(world.files().values()) == [PNG]


@row(23, "a journalled path is checked again before a replay carries a key there")
async def _replayed_path(world):
    provider = world.provider("runapi")
    provider.always_submit = lambda _: Reply(data=[b""], end="reset")
    async with world.client("runapi") as client:
        await failing(client.submit(REQUEST, timeout=5))
    elsewhere = world.site()
    elsewhere.answering = lambda _: reply({"id": "x", "status": "pending"})
    paths = [
        f"@127.0.0.1:{elsewhere.port}/x",
        f"//127.0.0.1:{elsewhere.port}/x",
        f"http://127.0.0.1:{elsewhere.port}/x",
    ]
    for path in paths:
        with sqlite3.connect(world.journal) as connection:
            (record,) = connection.execute("SELECT record FROM texts").fetchone()
            changed = record.replace("/api/v1/flux_2/text_to_image", path)
            assert changed != record
            connection.execute("UPDATE texts SET record = ?", (changed,))
        connection.close()
        async with world.client("runapi") as client:
            await client.recover(world.out, timeout=5, replay=True)
        with sqlite3.connect(world.journal) as connection:
            connection.execute("UPDATE texts SET record = ?", (record,))
        connection.close()
    assert elsewhere.asked == []


@row(23, "a plugin's plain-http base_url gets no key")
async def _plain_plugin(world):
    from anymedia import Client, Config
    from anymedia.config import default_account

    from .rows_adapters import PICTURE, lamp

    adapter = lamp(base_url="http://lamp.example")
    try:
        account = default_account(adapter, {"LAMP_API_KEY": "planted"})
        async with Client(Config(accounts={"lamp": account}, journal=None), clock=world.clock) as client:
            error = await failing(client.submit(PICTURE))
    except ConfigError as refused:
        error = refused
    except ValueError:
        return  # refused where it is made
    assert error.billed is Billed.NO
    assert "http" in str(error)
    assert isinstance(error, ConfigError)


# 24. Clocks (test_counted.py has the rest)


@row(24, "a wall clock that jumps a day ahead during a wait ends no wait")
async def _ahead(world):
    from datetime import timedelta

    class Jumping(type(world.clock)):
        off = 0.0

        def now(self):
            return super().now() + timedelta(seconds=self.off)

    clock = Jumping()
    world.reapi.looks = [lambda task: reply(REAPI.state(task, "processing"))] * 3
    async with world.client_of(world.data(), clock=clock) as client:
        task = await client.submit(REQUEST)
        clock.off = 86_400
        assert (await client.wait(task, timeout=100)).state is State.SUCCEEDED


# 25. Privacy

PROMPT = "planted lighthouse of nobody"


def _where(place):
    def body(provider, task, state):
        answer = REAPI.done(task, [provider.url()]) if state == "done" else REAPI.state(task, "processing")
        if place == "the state's word":
            return {**answer, "status": f"processing {PROMPT}"} if state != "done" else answer
        if place == "the request id":
            return {**answer, "request_id": PROMPT, "error": {"request_id": PROMPT}}
        if place == "a failure":
            return {**answer, "status": "failed", "error": {"code": 80003, "message": f"no: {PROMPT}"}}
        if place == "the link":
            return {**answer, "output": {"image_urls": [provider.url("/f/" + PROMPT.replace(" ", "%20") + ".png")]}}
        return {**answer, "echo": {"prompt": PROMPT}, PROMPT: 1}

    return body


@each(
    25,
    "prompts=false keeps the prompt out of {}",
    "the state's word",
    "the request id",
    "a failure",
    "the link",
    "an echo",
)
async def _private(world, place):
    body = _where(place)
    world.reapi.looks = [lambda task: reply(body(world.reapi, task, "running"))]
    world.reapi.always_look = lambda task: reply(body(world.reapi, task, "done"))
    journal = {"path": str(world.journal), "prompts": False}
    async with world.client("reapi", journal=journal) as client:
        await ending(client.generate(attrs.evolve(REQUEST, prompt=PROMPT), timeout=30))
        attempts = await client.attempts()
    kept = _kept(world)
    for form in (PROMPT, PROMPT.replace(" ", "%20"), PROMPT.replace(" ", "+")):
        assert form.encode() not in kept, f"the journal holds {form!r}"
    assert attempts[0].task.id == world.reapi.bills[0]


@each(
    25,
    "prompts=false keeps the prompt out of the answer of {}",
    ("a refusal", 400),
    ("a doubt", 500),
    ("an unreadable yes", 200),
)
async def _private_answer(world, status):
    world.reapi.always_submit = lambda _: reply({"error": {"message": f"what is {PROMPT}?"}, "echo": PROMPT}, status)
    journal = {"path": str(world.journal), "prompts": False}
    async with world.client("reapi", journal=journal) as client:
        await failing(client.submit(attrs.evolve(REQUEST, prompt=PROMPT)))
    assert PROMPT.encode() not in _kept(world)


# 26. Ends and sizes


@row(26, "a file over the limit is fetched once, not four times")
async def _too_long(world):
    world.reapi.always_file["/f/a.png"] = reply(PNG, length=50 << 30, end="close")
    async with world.client() as client:
        error = await failing(client.download(await client.generate(REQUEST), world.out))
        paid(error)
        told(error, "it has 53.7 GB, and [download] largest is 1.1 GB")
    assert len(world.reapi.asked_for("/f/a.png")) == 1


@row(26, "a download that trickles for ever ends", slow=True)
def _trickle(world):
    from tests.machine.virtual import Loop, LoopClock

    async def main():
        site = await Site().start()
        provider = world.add(Provider(REAPI, site))
        drip = [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + PNG]
        for _ in range(400):
            drip += [50.0, b"\0"]
        provider.always_file["/f/a.png"] = Reply(data=drip, end="close")
        loop = asyncio.get_running_loop()
        try:
            async with world.client_of(world.data(journal={"enabled": False}), clock=LoopClock(loop)) as client:
                result = await client.generate(REQUEST)
                began = loop.time()
                paid(await failing(client.download(result, world.out)))
                assert loop.time() - began < 3 * 3600
        finally:
            await site.stop()

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(main())
    assert world.files() == {}


def _descriptors():
    return len([*Path("/proc/self/fd").iterdir()])


@row(26, "a result of 600 links keeps few files and connections open", slow=True)
async def _many_links(world):
    links = [world.reapi.url(f"/f/{number}.png") for number in range(600)]
    world.reapi.always_look = lambda task: world.reapi.done(task, links)
    opened = []

    def watching(asked, answering=world.reapi.site.answering):
        if asked.bare.startswith("/f/"):
            opened.append(_descriptors())
        return answering(asked)

    before = _descriptors()
    world.reapi.site.answering = watching
    async with world.client() as client:
        assets = await client.download(await client.generate(REQUEST), world.out)
    assert len(assets) == len(world.files()) == 600
    assert world.reapi.site.most_connections <= 64
    assert max(opened) - before <= 200  # of which the server's own half


@row(26, "an answer of 4 MiB with prompts=false does not block the loop for seconds", slow=True)
async def _large_answer(world):
    links = [world.reapi.url()]
    echo = {"lines": [f"a lighthouse at dusk number {number}" for number in range(60_000)], "long": "dusk " * 300_000}
    body = as_bytes({**REAPI.done("task_1", links), "echo": echo})
    world.reapi.ids = ["task_1"]
    world.reapi.always_look = lambda _: reply(body)
    late = []

    async def heart():
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            late.append(time.perf_counter() - began)

    journal = {"path": str(world.journal), "prompts": False}
    async with world.client("reapi", journal=journal) as client:
        task = await client.submit(REQUEST)
        beating = asyncio.create_task(heart())
        began = time.perf_counter()
        assert (await client.wait(task, timeout=60)).state is State.SUCCEEDED
        took = time.perf_counter() - began
        beating.cancel()
    assert max(late) < 1.5
    assert took < 6


ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\r\nfake line"


@row(26, "escapes of provider text reach no terminal, by output or by logging")
async def _escapes(world):
    handler = _Records()
    logging.getLogger().addHandler(handler)
    logging.getLogger("anymedia").setLevel(logging.DEBUG)
    try:
        world.reapi.refuses(world.reapi.refusal(400, ESCAPES))

        def broken(_):
            raise RuntimeError(ESCAPES)

        async with world.client_of(world.data(), on_event=broken) as client:
            await failing(client.submit(REQUEST))
            task = await client.submit(OTHER)
            world.reapi.always_look = lambda _: world.reapi.refusal(500, ESCAPES)
            await failing(client.wait(task, timeout=20))
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger("anymedia").setLevel(logging.NOTSET)
    for line in handler.lines:
        assert not set(line) & set("\x1b\x9b\x07\u202e"), line


class _Records(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        if record.name.startswith("anymedia"):
            self.lines.append(self.format(record).partition("Traceback")[0])


@row(26, "escapes of provider text reach no terminal, on the command line")
def _escapes_shown(world):
    world.reapi.always_submit = lambda _: world.reapi.refusal(500, ESCAPES)
    config = world.write()
    ends = [world.cli(*WORDS, config=config), world.cli("tasks", config=config), world.cli("resume", config=config)]
    listed = json.loads(world.cli("tasks", "--json", config=config).stdout)
    ends.append(world.cli("tasks", "show", listed[0]["id"], config=config))
    for ended in ends:
        assert not set(ended.output + ended.stderr) & set("\x1b\x9b\x07\u202e"), ended.output


@row(26, "two resumes at once fetch each file once")
async def _two_resumes(world):
    names = [f"/f/{number}.png" for number in range(6)]
    made: dict[str, str] = {}
    world.reapi.always_look = lambda task: world.reapi.done(task, [world.reapi.url(made[task])])
    async with world.client() as client:
        for name in names:
            task = await client.submit(attrs.evolve(REQUEST, prompt=f"a fox at {name}"))
            made[task.id] = name
            world.reapi.always_file[name] = reply(b"", 410)
            await failing(client.download(await client.wait(task), world.out), DownloadError)
            world.reapi.always_file[name] = reply(PNG, kind="image/png")
    before = {name: len(world.reapi.asked_for(name)) for name in names}
    async with world.client() as one, world.client() as two:
        await asyncio.gather(one.recover(world.out), two.recover(world.out))
    assert [len(world.reapi.asked_for(name)) - before[name] for name in names] == [1] * 6
    assert len(world.files()) == 6


NOT_PUBLIC = (
    *("[64:ff9b:1::7f00:1]", "[64:ff9b:1::a00:1]", "[::ffff:0:127.0.0.1]", "[::ffff:0:10.0.0.1]", "[::127.0.0.1]"),
    *("[::10.0.0.1]", "[fec0::1]", "[feff::1]", "[64:ff9b::127.0.0.1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]"),
    *("198.18.0.5", "100.64.0.1", "169.254.169.254", "0.0.0.0", "10.0.0.1", "224.0.0.1", "[ff02::1]", "[::]"),
)


@each(26, "{} is not public", *NOT_PUBLIC)
async def _not_public(world, host):
    world.reapi.always_look = lambda task: world.reapi.done(task, [f"http://{host}:9/a.png"])
    async with world.client() as client:
        error = await failing(client.download(await client.generate(REQUEST), world.out))
        paid(error)
        assert "public" in str(error) or "[download]" in str(error)
    assert [seconds for seconds in world.clock.slept if seconds > 100] == []


@row(26, "a page with ftyp in it is no film")
async def _ftyp(world):
    world.reapi.always_file["/f/a.png"] = reply(HTML_FTYP, kind="text/html")
    async with world.client() as client:
        paid(await failing(client.download(await client.generate(REQUEST), world.out)))
    assert [name for name in world.files() if name.endswith(".mp4")] == []


@each(
    26,
    "a journal left with mode {:o} is put right or refused",
    *((mode, mode) for mode in (0o666, 0o622, 0o777, 0o602)),
)
def _writable(world, mode):
    config = world.write()
    assert world.cli(*WORDS, "--out", str(world.out), config=config).exit_code == 0
    world.journal.chmod(mode)
    ended = world.cli(*WORDS, "--out", str(world.out), config=config)
    if ended.exit_code == 6:
        assert world.bills == 1
    else:
        assert world.journal.stat().st_mode & 0o022 == 0
